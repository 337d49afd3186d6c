"""The message check itself: it must find what it is there to find."""

import json
import sys
import unittest

import schema_check

CHECKER = schema_check.Checker(sys.argv.pop(1))
CLAIM = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
         "io.modelcontextprotocol/clientCapabilities": {}}


def conversation(*messages):
    """stdio: sender and message in turn."""
    return [{"exchange": "1", "from": sender, "text": json.dumps(message), "head": None}
            for sender, message in messages]


def legacy(result, version="2025-11-25", method="tools/list"):
    """A session that was opened, and then one request with its result."""
    opening = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    opened = {"protocolVersion": version, "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
    return conversation(
        ("client", {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": opening}),
        ("server", {"jsonrpc": "2.0", "id": 0, "result": opened}),
        ("client", {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": "x"} if "call" in method else {}}),
        ("server", {"jsonrpc": "2.0", "id": 1, "result": result}))


def modern(answer, method="tools/list"):
    return conversation(
        ("client", {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": CLAIM}}),
        ("server", {"jsonrpc": "2.0", "id": 1} | answer))


class SchemaCheck(unittest.TestCase):
    def problems(self, lines):
        return CHECKER.check(lines)[1]

    def test_good_conversations_pass(self):
        for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
            self.assertEqual(self.problems(legacy({"tools": []}, version)), [])
        listed = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": []}
        self.assertEqual(self.problems(modern({"result": listed})), [])

    def test_every_message_is_counted(self):
        counts, _ = CHECKER.check(legacy({"tools": []}))
        self.assertEqual(sum(counts.values()), 4)

    def test_a_missing_member_is_found(self):
        self.assertTrue(self.problems(legacy({})))
        self.assertTrue(self.problems(modern({"result": {"resultType": "complete", "tools": []}})))

    def test_what_belongs_to_the_new_era_is_found_in_the_old(self):
        self.assertTrue(self.problems(legacy({"tools": [], "ttlMs": 0})))

    def test_content_that_a_revision_does_not_know_is_found(self):
        audio = {"content": [{"type": "audio", "data": "aGk=", "mimeType": "audio/wav"}]}
        self.assertEqual(self.problems(legacy(audio, "2025-03-26", "tools/call")), [])
        self.assertTrue(self.problems(legacy(audio, "2024-11-05", "tools/call")))

    def test_an_error_without_its_data_is_found(self):
        error = {"code": -32022, "message": "no"}
        self.assertTrue(self.problems(modern({"error": error})))
        error["data"] = {"supported": ["2026-07-28"], "requested": "x"}
        self.assertEqual(self.problems(modern({"error": error})), [])

    def test_an_answer_that_nobody_asked_for_is_found(self):
        self.assertTrue(self.problems(conversation(("server", {"jsonrpc": "2.0", "id": 5, "result": {}}))))

    def test_a_notification_of_another_revision_is_found(self):
        lines = legacy({"tools": []}) + conversation(
            ("server", {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {}}))
        self.assertTrue(self.problems(lines))

    def test_no_json_is_found(self):
        self.assertTrue(self.problems([{"exchange": "1", "from": "server", "text": "printf", "head": None}]))


if __name__ == "__main__":
    unittest.main()
