"""Official clients that log in at a real OAuth server, for a host that Descope's variables secure.

Writes e2e-auth.tsv; keeps logs in e2e-auth/. See README.md.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
from e2e import Host  # noqa: E402

LIFETIME = 8  # seconds of an access token, so that refreshing can be seen
PATIENCE = 150


class AuthorizationServer:
    def __init__(self, node, log):
        self.process = subprocess.Popen([node, HERE / "idp.mjs", "--ttl", str(LIFETIME)], stdout=subprocess.PIPE,
                                        stderr=open(log, "w", encoding="utf-8"), text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the authorization server did not start; see {log}")
        for name, value in json.loads(line).items():
            setattr(self, name, value)

    def admin(self, path="", **asked):
        request = urllib.request.Request(f"{self.base}/admin{path}", data=json.dumps(asked).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait()


PREFIX = "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_"


def old_style(server, port):
    return {PREFIX + "PROJECT_ID": server.project, PREFIX + "DESCOPE_BASE_URL": server.base,
            PREFIX + "BASE_URL": f"http://127.0.0.1:{port}"}


def new_style(server, port):
    return {PREFIX + "CONFIG_URL": server.agentic + "/.well-known/openid-configuration",
            PREFIX + "BASE_URL": f"http://127.0.0.1:{port}"}


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Rows:
    def __init__(self):
        self.lines, self.lock = [], threading.Lock()

    def add(self, verdict, name, why=""):
        why = " ".join(str(why).split()) if verdict != "pass" else ""
        with self.lock:
            self.lines.append(f"{verdict}\t{name}\t{why}")
            print(f"{verdict}: {name} {why}", flush=True)


def clients(options):
    """Name, command and further arguments of each, and its browser if that is another; None in place of a command:
    it cannot be had here."""
    node = options.node
    yield "ts-v1", [node, HERE / "clients/ts.mjs", "v1"], ()
    yield "ts-v2.old", [node, HERE / "clients/ts.mjs", "v2"], ("old",)
    yield "ts-v2.new", [node, HERE / "clients/ts.mjs", "v2"], ("new",)
    for version in ("2.12.4", "2.14.7"):
        yield f"python-{version}", [options.tools / f"python-{version}/bin/python", "-W", "ignore", HERE / "clients/py.py"], ()
    yield "python-4.1.2", [options.tools / "python/bin/python", "-W", "ignore", HERE / "clients/py.py"], ()
    for name in ("go", "rust"):
        program = options.tools / f"e2e-auth-{name}"
        yield name, [program] if program.exists() else None, ()
    own = [sys.executable, HERE / "clients/own.py", options.build / "bin/fastmcp-host"]
    yield "fastmcp-host", own, ()
    yield "fastmcp-host.chromium", own, (), "chromium_browser.py"


def run_client(options, rows, style, url, name, command, extra, browser="browser.py"):
    full = f"{style}.{name}"
    if command is None:
        return rows.add("skip", f"{full}: logs in", f"no {name} here that is new enough")
    log = options.files / f"{full}.log"
    with tempfile.TemporaryDirectory(prefix="fmcp_e2e_auth_") as home:
        environment = os.environ | {
            "HOME": home, "BROWSER": str(HERE / browser), "BROWSER_LOG": str(log.with_suffix(".browser.log")),
            "E2E_TOKEN_LIFETIME": f"{LIFETIME}s", "XDG_STATE_HOME": home, "NO_COLOR": "1"}
        try:
            done = subprocess.run([*map(str, command), url, *extra], env=environment, timeout=PATIENCE, cwd=home,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        except subprocess.TimeoutExpired as late:
            log.write_text(str(late.stdout) + str(late.stderr), encoding="utf-8")
            return rows.add("fail", f"{full}: ends", f"not within {PATIENCE} s")
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    verdicts = [line.split("\t") for line in done.stdout.splitlines() if line.startswith(("pass\t", "fail\t"))]
    for verdict in verdicts:
        rows.add(verdict[0], f"{full}: {verdict[1]}", verdict[2] if len(verdict) > 2 else "")
    if done.returncode != 0 or not verdicts:
        rows.add("fail", f"{full}: ends in order", f"exit code {done.returncode}: {done.stderr[-300:]}")
    return None


def run_style(options, rows, style, variables):
    server = AuthorizationServer(options.node, options.files / f"{style}.idp.log")
    port = free_port()
    try:
        with tempfile.TemporaryDirectory(prefix="fmcp_e2e_auth_") as cwd:
            # The documented way: one .env file in the working directory, and nothing else.
            lines = {"FASTMCP_SERVER_AUTH": "fastmcp.server.auth.providers.descope.DescopeProvider",
                     **variables(server, port)}
            env_file = pathlib.Path(cwd, ".env")
            env_file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
            env_file.chmod(0o600)
            shutil.copy(options.build / "tests/plugins/guarded.so", cwd)
            host = Host([str(options.build / "bin/fastmcp-host"), "run", "--transport", "http", "--port", str(port),
                         "--plugin-dir", cwd, "--log-level", "debug"], options.files / f"{style}.host.log", cwd)
            try:
                with concurrent.futures.ThreadPoolExecutor(max_workers=5) as pool:
                    running = [pool.submit(run_client, options, rows, style, host.url, *client)
                               for client in clients(options) if options.only in f"{style}.{client[0]}"]
                    for future in running:
                        future.result()
            finally:
                code = host.stop()
            rows.add("pass" if code == 0 else "fail", f"{style}: the host ends in order", f"exit code {code}")
            check_log(rows, style, options.files / f"{style}.host.log")
    finally:
        server.stop()


def check_log(rows, style, log):
    """Whatever looks like a token, a code or a secret has no place in a log."""
    text = log.read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"eyJ[\w-]{10,}|[?&](?:code|access_token|state)=", text)
    rows.add("fail" if found else "pass", f"{style}: no token or code in the host's log at debug level",
             f"{len(found)} found, such as {found[0][:12]}…" if found else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--only", default="", help="a part of the names of the runs to make")
    options = parser.parse_args()
    options.build, options.results = options.build.resolve(), options.results.resolve()
    options.files = options.results / "e2e-auth"
    options.files.mkdir(parents=True, exist_ok=True)
    for old in options.files.iterdir():
        old.unlink()
    rows = Rows()
    for style, variables in (("project", old_style), ("config-url", new_style)):
        try:
            run_style(options, rows, style, variables)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            rows.add("fail", f"{style}: runs", error)
    (options.results / "e2e-auth.tsv").write_text("\n".join(rows.lines) + "\n", encoding="utf-8")
    return any(line.startswith("fail") for line in rows.lines) or not rows.lines


if __name__ == "__main__":
    sys.exit(main())
