"""Runs what the README tells people to type, in its order.

Every fenced block must say what it is. `sh` blocks are run from the project's root with `bash -e`, and
may be preceded by a comment: `<!-- test: see TEXT -->` (the output must hold it) or
`<!-- test: serve URL -->` (it answers, and stays up).
`json` blocks must be JSON; servers that they start are started, URLs that they name must be served.
The ports 8000 to 8002 are replaced by free ones, `/opt/fastmcp-host` by the release build, npx by
the pinned Inspector, and the home directory by an empty one. `scripts/test` is what runs this.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 600  # a block may configure and build


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def blocks(text):
    """(line number, language, wishes, content) of each fenced block."""
    lines, out, wishes = text.splitlines(), [], []
    i = 0
    while i < len(lines):
        if found := re.fullmatch(r"<!-- test: (see|serve) (.+) -->", lines[i]):
            wishes.append((found[1], found[2]))
        elif lines[i].startswith("```"):
            end = lines.index("```", i + 1)
            out.append((i + 1, lines[i][3:].strip(), wishes, "\n".join(lines[i + 1:end])))
            wishes, i = [], end
        elif lines[i].strip():
            if wishes:
                raise SystemExit(f"README.md:{i + 1}: a test comment without a block")
        i += 1
    return out


class Readme:
    def __init__(self, options, home):
        self.options, self.home = options, home
        self.ports = {port: str(free_port()) for port in ("8000", "8001", "8002")}
        self.servers, self.rows = [], []
        node_bin = pathlib.Path(options.node).parent
        self.environment = {"PATH": f"{node_bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": home,
                            "LC_ALL": "C.UTF-8", "FASTMCP_PORT": self.ports["8000"]}
        for name in ("CCACHE_DIR", "JOBS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def adapted(self, text):
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        text = text.replace("/opt/fastmcp-host", str(ROOT / "build/release"))
        text = re.sub(r"npx @modelcontextprotocol/inspector@\S+",
                      str(ROOT / "tests/e2e/inspector/node_modules/.bin/mcp-inspector"), text)
        text = re.sub(r"^scripts/bench\b", "scripts/bench --rounds 1 --seconds 1", text, flags=re.M)
        return text

    def block(self, number, language, wishes, content):
        name = f"README.md:{number}"
        if language == "sh":
            self.shell(name, wishes, content)
        elif language == "json":
            self.json(name, json.loads(content))
        elif language not in ("cpp", "c", "cmake", "text"):
            self.row("fail", name, f"a block of the kind {language!r}")

    def shell(self, name, wishes, content):
        name += " " + content.splitlines()[0][:60]
        serves = next((value for kind, value in wishes if kind == "serve"), None)
        if content.strip() == "scripts/test":
            self.row("pass" if os.access(ROOT / "scripts/test", os.X_OK) else "fail", name, "it runs this")
        elif serves:
            self.serve(name, self.adapted(serves), self.adapted(content))
        else:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.adapted(content)], cwd=ROOT,
                                  env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  errors="replace", timeout=PATIENCE)
            print(f"--- {name}\n{done.stdout}{done.stderr}", flush=True)
            missing = [v for _, v in wishes if v not in done.stdout]
            why = f"exit code {done.returncode}: {done.stderr[-300:]}" if done.returncode else f"does not print {missing}"
            self.row("fail" if done.returncode or missing else "pass", name, why)

    def serve(self, name, url, content):
        log = open(self.options.results / "readme_servers.log", "ab")
        self.servers.append(subprocess.Popen(["bash", "-euo", "pipefail", "-c", content], cwd=ROOT,
                                             env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             start_new_session=True))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.servers[-1].poll() is None:
            try:
                with urllib.request.urlopen(url.replace("/mcp", "/healthz"), timeout=5):
                    return self.row("pass", name)
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        self.row("fail", name, f"{url} is not served")

    def json(self, name, value):
        for server in (value.get("mcpServers") or value.get("servers")).values():
            if "command" in server:
                self.start_by_command(name + " stdio client", server)
            else:
                health = self.adapted(server["url"]).replace("/mcp", "/healthz")
                with urllib.request.urlopen(health, timeout=5) as answer:
                    self.row("pass" if answer.status == 200 else "fail", f"{name} {server['url']}")

    def start_by_command(self, name, server):
        opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "readme", "version": "1"}}}
        environment = {k: v for k, v in self.environment.items() if not k.startswith("FASTMCP_")}
        done = subprocess.run([self.adapted(server["command"]), *server["args"]], env=environment, text=True,
                              input=json.dumps(opening) + "\n", capture_output=True, timeout=60)
        answer = done.stdout.splitlines()[0] if done.stdout else "nothing"
        self.row("pass" if '"protocolVersion":"2025-11-25"' in answer else "fail", name, f"it answered {answer[:200]}")

    def demo_on_a_taken_port(self):
        """It must say so, and not show whoever answers there as if it were protected."""
        done = subprocess.run([ROOT / "scripts/demo-auth", "--port", self.ports["8000"]], cwd=ROOT,
                              env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=PATIENCE)
        print(f"--- scripts/demo-auth on a taken port\n{done.stdout}{done.stderr}", flush=True)
        says = "the host did not start" in done.stderr and self.ports["8000"] in done.stderr
        shows = "answers:" in done.stdout
        self.row("pass" if done.returncode and says and not shows else "fail",
                 "scripts/demo-auth: refuses a port that is taken", f"exit code {done.returncode}: {done.stderr[-300:]}")

    def settings(self, text):
        made = subprocess.run([ROOT / "build/release/bin/fastmcp-host", "config", "show", "--markdown"],
                              capture_output=True, text=True, check=True).stdout
        shown = re.search(r"<!-- settings: .*? -->\n(.*?)<!-- end of settings -->", text, re.S)
        same = shown is not None and shown[1].strip() == made.strip()
        self.row("pass" if same else "fail", "README.md: the table of settings is the program's",
                 "paste the output of `fastmcp-host config show --markdown`")

    def row(self, verdict, name, why=""):
        why = " ".join(why.split()) if verdict != "pass" else ""
        self.rows.append(f"{verdict}\t{name}\t{why}")
        print(f"{verdict}: {name} {why}", flush=True)

    def stop(self):
        for server in self.servers:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)
        for server in self.servers:
            code = server.wait(20)
            self.row("pass" if code == 0 else "fail", "a server of the README ends in order", f"exit code {code}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--node", required=True)
    options = parser.parse_args()
    options.results = options.results.resolve()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="fmcp_readme_") as home:
        readme = Readme(options, home)
        try:
            readme.settings(text)
            for block in blocks(text):
                readme.block(*block)
            readme.demo_on_a_taken_port()
        finally:
            readme.stop()
    (options.results / "readme.tsv").write_text("\n".join(readme.rows) + "\n", encoding="utf-8")
    return any(row.startswith("fail") for row in readme.rows)


if __name__ == "__main__":
    sys.exit(main())
