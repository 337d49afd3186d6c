"""The official clients against the real host: old and new era, HTTP and stdio.

Writes e2e.tsv; keeps recordings and output in e2e/. See README.md.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

import recording
import schema_check

HERE = pathlib.Path(__file__).resolve().parent
PLUGINS = ("echo", "conformance")
PATIENCE = 120  # seconds for one client; it has some thirty messages to send

# name, what runs it, its eras
CLIENTS = (
    ("ts-v1", "node", "clients/ts_v1.mjs", ("old",)),
    ("ts-v2", "node", "clients/ts_v2.mjs", ("old", "new", "pinned")),
    ("python", "python", "clients/python_client.py", ("old", "new", "pinned")),
)


class Host:
    """The host on a free port, with its log kept."""

    def __init__(self, command, log, cwd):
        self.lines, self.url = [], None
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace", cwd=cwd)
        ready = threading.Event()

        def read():
            with open(log, "a", encoding="utf-8") as out:
                for line in self.process.stderr:
                    out.write(line)
                    out.flush()
                    self.lines.append(line)
                    if found := re.search(r'listening url="([^"]+)"', line):
                        self.url = found[1]
                        ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        ready.wait(30)
        if self.url is None:
            self.process.kill()
            raise RuntimeError("the host names no URL: " + "".join(self.lines)[-500:])

    def stop(self):
        """Ends it in order; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "none: it had to be killed"


class Run:
    """One client in one era over one transport."""

    def __init__(self, options, client, transport, era):
        self.options, self.transport, self.era = options, transport, era
        self.name = f"{client[0]}.{era}.{transport}"
        self.kind, self.program = client[1], HERE / client[2]
        self.files = options.results / "e2e" / self.name
        self.record = self.files.with_suffix(".messages.jsonl")
        self.rows = []

    def host_command(self, *arguments):
        plugins = [str(self.options.build / f"tests/plugins/{name}.so") for name in PLUGINS]
        return [str(self.options.build / "bin/fastmcp-host"), "run", *plugins, "--plugin-dir", self.cwd, *arguments]

    def run(self):
        with tempfile.TemporaryDirectory(prefix="fmcp_e2e_") as self.cwd:
            try:
                self.over_http() if self.transport == "http" else self.over_stdio()
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                self.row("fail", "runs", str(error))
        self.check_messages()
        return self.rows

    def over_http(self):
        host = Host(self.host_command("--transport", "http", "--port", "0"),
                    self.files.with_suffix(".host.log"), self.cwd)
        port = re.search(r":(\d+)/", host.url)[1]
        proxy = subprocess.Popen([sys.executable, HERE / "proxy.py", port, self.record],
                                 stdout=subprocess.PIPE, text=True)
        try:
            url = host.url.replace(f":{port}/", f":{proxy.stdout.readline().strip()}/")
            self.client({"transport": "http", "url": url})
        finally:
            code = host.stop()
            proxy.terminate()
            proxy.wait()
        self.row("pass" if code == 0 else "fail", "the host ends in order", f"exit code {code}")

    def over_stdio(self):
        tee = [str(HERE / "tee.py"), str(self.record), *self.host_command("--transport", "stdio")]
        self.client({"transport": "stdio", "command": sys.executable, "arguments": tee,
                     "environment": dict(os.environ)})

    def client(self, how):
        runner = self.options.node if self.kind == "node" else sys.executable
        done = subprocess.run([runner, str(self.program), json.dumps(how | {"era": self.era})], timeout=PATIENCE,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        self.files.with_suffix(".client.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        verdicts = [line.split("\t") for line in done.stdout.splitlines()]
        for verdict in verdicts:
            if verdict[0] in ("pass", "fail") and len(verdict) > 1:
                self.row(*verdict[:3])
        # Its last check is that it closes; without that it has died on the way.
        finished = any(v[1:2] == ["closes"] for v in verdicts)
        if done.returncode != 0 or not finished:
            self.row("fail", "the client ends in order", f"exit code {done.returncode}: {done.stderr[-300:]}")

    def check_messages(self):
        if self.options.checker is None:
            self.row("skip", "every message fits the schema of its revision", "no test data")
            return
        lines = recording.read(self.record) if self.record.exists() else []
        counts, problems = self.options.checker.check(lines)
        server = sum(n for (_, sender, _), n in counts.items() if sender == "server")
        for (revision, sender, kind), n in sorted(counts.items()):
            print(f"  {self.name}: {revision} {sender} {kind}: {n}")
        progress = sum(n for (_, sender, kind), n in counts.items()
                       if sender == "server" and kind == "notifications/progress")
        self.row("pass" if progress >= 3 else "fail", "the host reports progress three times", f"{progress} times")
        for problem in problems:
            self.row("fail", "a message does not fit its schema", problem)
        if not problems:
            self.row("pass" if server else "fail", "every message fits the schema of its revision",
                     f"{sum(counts.values())} messages, {server} of the server")

    def row(self, verdict, name, why=""):
        why = " ".join(str(why).split()) if verdict != "pass" else ""
        self.rows.append(f"{verdict}\t{self.name}: {name}\t{why}")
        print(f"{verdict}: {self.name}: {name} {why}", flush=True)


def check_the_checker(data):
    """A check that finds nothing proves nothing."""
    done = subprocess.run([sys.executable, HERE / "schema_check_test.py", data], capture_output=True, text=True)
    print(done.stderr, flush=True)
    verdict = "pass" if done.returncode == 0 else "fail"
    return f"{verdict}\tthe message check finds what it must\t"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--only", default="", help="a part of the names of the runs to make")
    options = parser.parse_args()
    options.build, options.results = options.build.resolve(), options.results.resolve()
    (options.results / "e2e").mkdir(parents=True, exist_ok=True)
    for old in (options.results / "e2e").iterdir():
        old.unlink()
    data = pathlib.Path(os.environ.get("FASTMCP_TEST_DATA") or HERE.parent.parent.parent / "shared/data")
    options.checker = schema_check.Checker(data) if (data / "mcp-schema").is_dir() else None

    runs = [Run(options, client, transport, era)
            for client in CLIENTS for era in client[3] for transport in ("http", "stdio")]
    rows = [check_the_checker(data)] if options.checker else []
    rows += [row for run in runs if options.only in run.name for row in run.run()]
    (options.results / "e2e.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return any(row.startswith("fail") for row in rows) or not rows


if __name__ == "__main__":
    sys.exit(main())
