"""Every recorded message against the official schema of the revision that it belongs to.

The revision of a message: the claim in the request's `_meta` (new era), else the one that the
conversation's `initialize` settled on. A result is judged by the method that it answers, a
notification or request by its own method, an error by its code where the revision has a schema for it.
"""

import collections
import json
import pathlib

import jsonschema

CLAIM = "io.modelcontextprotocol/protocolVersion"
MODERN = "2026-07-28"

RESULTS = {
    "initialize": "InitializeResult", "ping": "EmptyResult", "server/discover": "DiscoverResult",
    "tools/list": "ListToolsResult", "tools/call": "CallToolResult",
    "prompts/list": "ListPromptsResult", "prompts/get": "GetPromptResult",
    "resources/list": "ListResourcesResult", "resources/read": "ReadResourceResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/subscribe": "EmptyResult", "resources/unsubscribe": "EmptyResult",
    "completion/complete": "CompleteResult", "logging/setLevel": "EmptyResult",
    "subscriptions/listen": "SubscriptionsListenResult",
    "sampling/createMessage": "CreateMessageResult", "elicitation/create": "ElicitResult",
    "roots/list": "ListRootsResult",
}
MODERN_ERRORS = {
    -32700: "ParseError", -32600: "InvalidRequestError", -32601: "MethodNotFoundError",
    -32602: "InvalidParamsError", -32603: "InternalError", -32020: "HeaderMismatchError",
    -32021: "MissingRequiredClientCapabilityError", -32022: "UnsupportedProtocolVersionError",
}
# What belongs to the new era alone; open result objects would let it pass.
MODERN_MEMBERS = ("resultType", "ttlMs", "cacheScope")


class Revision:
    """The schema of one revision."""

    def __init__(self, path):
        document = json.loads(path.read_text(encoding="utf-8"))
        self.dialect = document["$schema"]
        self.key = "definitions" if "definitions" in document else "$defs"
        self.definitions = document[self.key]
        self._validators = {}
        self.by_method = {}
        for name, definition in self.definitions.items():
            method = definition.get("properties", {}).get("method", {}).get("const")
            if method:
                self.by_method[method] = name

    def problems(self, name, value):
        """What is wrong with `value` as a `name`; nothing when it is valid."""
        if name not in self._validators:
            schema = {"$schema": self.dialect, self.key: self.definitions,
                      "allOf": [{"$ref": f"#/{self.key}/{name}"}]}
            self._validators[name] = jsonschema.validators.validator_for(schema)(schema)
        return [f"{name} at /{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
                for e in self._validators[name].iter_errors(value)]


class Checker:
    def __init__(self, folder):
        self.revisions = {p.parent.name: Revision(p)
                          for p in pathlib.Path(folder, "mcp-schema").glob("*/schema.json")}

    def check(self, lines):
        """Counts by (revision, sender, kind), and the problems as sentences."""
        return Conversation(self.revisions).read(lines)


class Conversation:
    def __init__(self, revisions):
        self.revisions = revisions
        self.negotiated = {}  # session id, or exchange on stdio -> revision
        self.asked = {}       # (sender, exchange or session, id) -> (method, revision)
        self.counts = collections.Counter()
        self.found = []

    def read(self, lines):
        heads = {line["exchange"]: line["head"] for line in lines if line["from"] == "client"}
        for line in lines:
            if line["text"] == "":
                continue  # an answer without a body
            try:
                value = json.loads(line["text"])
            except ValueError:
                self.found.append(f"{line['from']} sent no JSON: {line['text'][:100]!r}")
                continue
            for message in value if isinstance(value, list) else [value]:
                self.message(line, heads[line["exchange"]] if line["exchange"] in heads else None, message)
        return self.counts, self.found

    def session(self, line, request_head):
        """What groups the messages of one negotiation."""
        if request_head is None:
            return line["exchange"]
        fields = request_head["fields"]
        answered = (line["head"] or {}).get("fields", {})
        return fields.get("mcp-session-id") or answered.get("mcp-session-id") or line["exchange"]

    def message(self, line, request_head, message):
        sender, session = line["from"], self.session(line, request_head)
        if not isinstance(message, dict):
            self.found.append(f"{sender} sent {line['text'][:100]}")
        elif "method" in message:
            self.call(sender, session, line, message)
        else:
            self.answer(sender, session, line, message)

    def call(self, sender, session, line, message):
        method, params = message["method"], message.get("params") or {}
        revision = params.get("_meta", {}).get(CLAIM)
        if revision is None:
            revision = self.negotiated.get(session)
        if revision is None and sender == "server":
            # On HTTP the stream belongs to the request that opened it.
            revision = next((r for (_, e, _), (_, r) in self.asked.items() if e == line["exchange"]), None)
        if method == "initialize":
            revision = params.get("protocolVersion")
        if "id" in message:
            for group in (session, line["exchange"]):
                self.asked[sender, group, repr(message["id"])] = (method, revision)
        name = self.schema(revision).by_method.get(method) if self.schema(revision) else None
        self.judge(revision, sender, method, name, message)

    def answer(self, sender, session, line, message):
        asker = "client" if sender == "server" else "server"
        key = repr(message.get("id"))
        method, revision = (self.asked.get((asker, line["exchange"], key))
                            or self.asked.get((asker, session, key)) or (None, None))
        if method == "initialize" and "result" in message:
            revision = message["result"].get("protocolVersion", revision)
            self.negotiated[session] = revision
        revision = revision or self.negotiated.get(session)
        if method is None and "error" not in message:
            self.found.append(f"{sender} answered what nobody asked: {line['text'][:200]}")
        elif "error" in message:
            self.judge(revision, sender, f"error {message['error'].get('code')}", self.error_name(revision), message)
            self.judge_modern_error(revision, message)
        else:
            envelope = "JSONRPCResultResponse" if revision in ("2025-11-25", MODERN) else "JSONRPCResponse"
            self.judge(revision, sender, f"{method} result", RESULTS.get(method), message["result"])
            self.note(revision, envelope, message)
            if revision != MODERN and sender == "server":
                leaked = [m for m in MODERN_MEMBERS if m in message["result"]]
                if leaked:
                    self.found.append(f"{method} result of {revision} carries {leaked}")

    def schema(self, revision):
        return self.revisions.get(revision)

    def error_name(self, revision):
        return "JSONRPCErrorResponse" if revision in ("2025-11-25", MODERN) else "JSONRPCError"

    def judge_modern_error(self, revision, message):
        name = MODERN_ERRORS.get(message["error"].get("code"))
        if revision == MODERN and name:
            whole = "error" in self.revisions[MODERN].definitions[name].get("properties", {})
            self.note(revision, name, message if whole else message["error"])

    def judge(self, revision, sender, kind, name, value):
        if self.schema(revision) is None:
            self.found.append(f"{sender}: {kind} of an unknown revision {revision}")
        elif name is None:
            self.found.append(f"{sender}: {kind} is not part of {revision}")
        else:
            self.counts[revision, sender, kind] += 1
            self.note(revision, name, value)

    def note(self, revision, name, value):
        self.found += [f"{revision} {problem}" for problem in self.revisions[revision].problems(name, value)]
