"""The host against nginx, and with a token against itself without one; see scripts/bench."""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from issuer import Issuer

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 32
ERAS = ("old", "new")
HELLO = {"text": "hello"}
TICKS = os.sysconf("SC_CLK_TCK")
# Well-behaved plugins, to weigh the host with ten of them.
TEN = ("conformance", "double_complete", "dup_a", "echo", "foreign_complete", "late_complete", "pause",
       "printer", "routed")

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location = /mcp {{
      default_type application/json;
      return 200 '{body}';
    }}
  }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    """utime + stime of a process, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def post(port, fields, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/mcp", body, fields)
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


class Server:
    """A pinned process. None outlives the bench."""

    running = []

    def __init__(self, core, command, port, log, settings=None):
        self.port, self.log = port, open(log, "ab")
        self.began = time.perf_counter()
        self.process = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env=os.environ | (settings or {}))
        self.pid = self.process.pid  # taskset becomes the command
        Server.running.append(self)

    def wait_for(self, fields, body, status=200):
        """Seconds from its start until it answers so, as precisely as a busy loop can."""
        while time.perf_counter() - self.began < 20:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if post(self.port, fields, body)[0] == status:
                    return time.perf_counter() - self.began
            if self.process.poll() is not None:
                break
        sys.exit(f"bench: the server did not answer; see {self.log.name}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()
        Server.running.remove(self)


class Subject:
    """What is driven: a server, the request, the answer that must come."""

    def __init__(self, name, server, pid, fields, body, expected):
        self.name, self.server, self.pid = name, server, pid
        self.fields, self.body, self.expected = fields, body, expected
        self.rounds = []

    def request_file(self, folder, mode):
        path = pathlib.Path(folder, "request")
        lines = [mode, *(f"{k}: {v}" for k, v in self.fields.items()), "", self.body]
        path.write_text("\n".join(lines))
        return path

    def drive(self, folder, core, seconds, mode=""):
        environment = os.environ | {"FMCP_BENCH_REQUEST": str(self.request_file(folder, mode)),
                                    "FMCP_BENCH_EXPECT": self.expected}
        before, wrk_before = cpu_seconds(self.pid), os.times()
        done = subprocess.run(["taskset", "-c", str(core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
                               "-s", HERE / "post.lua", f"http://127.0.0.1:{self.server.port}/mcp"],
                              env=environment, capture_output=True, text=True)
        used, wrk_after = cpu_seconds(self.pid) - before, os.times()
        found = re.search(r"RESULT (\{.*\})", done.stdout)
        if not found:
            sys.exit(f"bench: wrk failed: {done.stdout}{done.stderr}")
        result = json.loads(found[1])
        wrk = (wrk_after.children_user + wrk_after.children_system
               - wrk_before.children_user - wrk_before.children_system)
        result |= {"rate": result["requests"] / result["seconds"], "per_cpu": result["requests"] / max(used, 1 / TICKS),
                   "busy": used / result["seconds"], "wrk_busy": wrk / result["seconds"]}
        if result["errors"] or result["wrong"]:
            sys.exit(f"bench: {self.name}: {result['errors']} errors, {result['wrong']} wrong answers")
        return result

    def warm_up(self, folder, core):
        for _ in range(50):
            status, _, body = post(self.server.port, self.fields, self.body)
            if (status, body) != (200, self.expected):
                sys.exit(f"bench: {self.name} answers {status}: {body[:300]}")
        self.drive(folder, core, 2, "check")

    def median(self, key):
        return statistics.median(r[key] for r in self.rounds)


def call(era, tool="echo", arguments=HELLO):
    """Header fields, without session and token, and body of one tools/call."""
    fields = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    params = {"name": tool, "arguments": arguments}
    if era == "old":
        fields |= {"MCP-Protocol-Version": "2025-11-25"}
    else:
        fields |= {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool}
        params["_meta"] = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                           "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
                           "io.modelcontextprotocol/clientCapabilities": {}}
    return fields, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
                              separators=(",", ":"))


def open_session(port, identity):
    fields = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"} | identity
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    status, answered, body = post(port, fields, json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize",
                                                            "params": params}))
    if status != 200 or "mcp-session-id" not in answered:
        sys.exit(f"bench: initialize was answered {status}: {body[:300]}")
    return answered["mcp-session-id"]


def host_command(build, plugins, port):
    files = [build / f"tests/plugins/{name}.so" for name in plugins]
    empty = build / "tests/no_plugins"
    empty.mkdir(exist_ok=True)
    return [build / "bin/fastmcp-host", "run", *files, "--plugin-dir", empty, "--transport", "http",
            "--port", port]


def measure_start(options, folder, core, plugins, more=(), issuer=None, identity=None, status=200):
    """Milliseconds from exec to the first answer of that status (median, worst), and MiB at rest."""
    fields, body = call("new")
    times, resident = [], []
    for _ in range(7):
        port = free_port()
        server = Server(core, [*host_command(options.build, plugins, port), *more], port, folder / "host.log",
                        issuer.settings(port) if issuer else {})
        times.append(server.wait_for(fields | (identity or {}), body, status) * 1000)
        time.sleep(0.3)
        resident.append(resident_mib(server.pid))
        server.stop()
    return statistics.median(times), max(times), statistics.median(resident)


def measure_starts(options, folder, core, issuer):
    """For the first call with a token the keys must have been fetched; a refusal needs none."""
    shipped = sorted((options.build / "lib/fastmcp-host/plugins").glob("*.so"))[:1]
    return {
        "one plugin": measure_start(options, folder, core, ("echo",)),
        "ten plugins": measure_start(options, folder, core, TEN, shipped),
        "Descope, first 401": measure_start(options, folder, core, ("echo",), (), issuer, {}, 401),
        "Descope, first 200": measure_start(options, folder, core, ("echo",), (), issuer, issuer.fields()),
    }


def check_principal(options, folder, core, issuer):
    """What is measured below is worth something only if the tool is told who calls."""
    port = free_port()
    server = Server(core, host_command(options.build, ("guarded",), port), port, folder / "host.log",
                    issuer.settings(port))
    fields, body = call("new", "whoami", {})
    server.wait_for(fields | issuer.fields(), body)
    answer = post(port, fields | issuer.fields(), body)[2]
    refused = post(port, fields, body)[0]
    server.stop()
    if issuer.subject not in answer or refused != 401:
        sys.exit(f"bench: the tool was not told who calls, or anybody may call it ({refused}): {answer[:300]}")


def start_host(options, folder, core, issuer=None):
    """A host and what is asked of it in both eras; protected when there is an issuer."""
    port = free_port()
    identity = issuer.fields() if issuer else {}
    host = Server(core, host_command(options.build, ("echo",), port), port, folder / "host.log",
                  issuer.settings(port) if issuer else {})
    fields, body = call("new")
    host.wait_for(fields | identity, body)
    subjects = []
    for era in ERAS:
        fields, body = call(era)
        fields |= identity
        if era == "old":
            fields["Mcp-Session-Id"] = open_session(port, identity)
        status, _, answer = post(port, fields, body)
        if status != 200 or '"hello"' not in answer or '"error"' in answer:
            sys.exit(f"bench: the host answers {status}: {answer[:300]}")
        subjects.append(Subject(f"host{', token' if issuer else ''}, {era} era", host, host.pid, fields, body, answer))
    return host, subjects


def start_nginx(folder, core, era, like, with_token):
    """nginx with a constant answer of the same length to the same requests, whose fields it reads at least."""
    port, own = free_port(), folder / f"nginx_{era}"
    own.mkdir()
    escaped = like.expected.replace("\\", "\\\\").replace("'", "\\'").replace("$", "_")
    (own / "nginx.conf").write_text(NGINX.format(folder=own, port=port, body=escaped))
    nginx = Server(core, ["/usr/sbin/nginx", "-p", own, "-c", own / "nginx.conf"], port, folder / "nginx.log")
    nginx.wait_for(like.fields, like.body)
    worker = int(pathlib.Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children").read_text().split()[0])
    answer = like.expected.replace("$", "_")
    return [Subject(f"nginx{kind}, {era} era", nginx, worker, to.fields, to.body, answer)
            for kind, to in (("", like), (", token", with_token))]


def print_ratio(title, above, below):
    for key, name in (("per_cpu", "requests per second of server CPU"), ("rate", "requests per second")):
        ratios = [a[key] / b[key] for a, b in zip(above.rounds, below.rounds)]
        print(f"{title}, {name}: median {statistics.median(ratios):.3f} "
              f"(least {min(ratios):.3f}, most {max(ratios):.3f})")


def print_table(subjects):
    print(f"\n{'':<24}{'requests/s':>12}{'per CPU s':>12}{'p50 us':>9}{'p99 us':>9}{'server busy':>13}{'wrk busy':>10}")
    for s in subjects:
        print(f"{s.name:<24}{s.median('rate'):>12,.0f}{s.median('per_cpu'):>12,.0f}{s.median('p50_us'):>9.0f}"
              f"{s.median('p99_us'):>9.0f}{s.median('busy'):>12.0%} {s.median('wrk_busy'):>9.0%}")
    named = {s.name: s for s in subjects}
    for era in ERAS:
        print_ratio(f"{era} era to nginx", named[f"host, {era} era"], named[f"nginx, {era} era"])
    for era in ERAS:
        print_ratio(f"{era} era, token to none", named[f"host, token, {era} era"], named[f"host, {era} era"])
    for era in ERAS:
        print_ratio(f"nginx on {era} era, token to none", named[f"nginx, token, {era} era"], named[f"nginx, {era} era"])


def print_verification(build):
    """Google Benchmark's own table: what one token costs that is not known yet, by algorithm."""
    print("\nA token that is not known yet, per algorithm; refusals; the import of a policy:", flush=True)
    subprocess.run([build / "tests/bench/auth_bench", "--benchmark_min_time=0.2", "--benchmark_color=false"],
                   check=True, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("bench: two cores are needed, one for the server and one for wrk")
    server_core, wrk_core = cores[0], cores[1]
    os.sched_setaffinity(0, {wrk_core})  # our own work must not disturb the server's core
    with tempfile.TemporaryDirectory(prefix="fmcp_bench_") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        issuer = Issuer(folder)
        check_principal(options, folder, server_core, issuer)
        starts = measure_starts(options, folder, server_core, issuer)
        open_host, without = start_host(options, folder, server_core)
        protected_host, with_token = start_host(options, folder, server_core, issuer)
        pairs = list(zip(without, with_token))
        pairs += [start_nginx(folder, server_core, era, *pair) for era, pair in zip(ERAS, pairs)]
        subjects = [s for pair in pairs for s in pair]  # what is compared most runs side by side
        for s in subjects:
            s.warm_up(folder, wrk_core)
        for i in range(options.rounds):
            for s in subjects if i % 2 == 0 else reversed(subjects):
                s.rounds.append(s.drive(folder, wrk_core, options.seconds))
                print(f"round {i + 1} {s.name:<24} {s.rounds[-1]['rate']:>10,.0f}/s "
                      f"{s.rounds[-1]['per_cpu']:>10,.0f}/CPU s  p99 {s.rounds[-1]['p99_us']} us", flush=True)
        loaded = {"open": resident_mib(open_host.pid), "with Descope": resident_mib(protected_host.pid)}
        for server in {s.server for s in subjects}:
            server.stop()
        issuer.stop()
        print_table(subjects)
        for label, mib in loaded.items():
            print(f"resident under load, {label}: {mib:.1f} MiB")
        for label, (typical, worst, resident) in starts.items():
            print(f"{label}: start to first answer {typical:.1f} ms (worst {worst:.1f}), resident at rest {resident:.1f} MiB")
        print(f"{CONNECTIONS} connections, {options.rounds} rounds of {options.seconds} s each, a token of "
              f"{len(issuer.token)} bytes, server on core {server_core}, wrk on core {wrk_core}; "
              f"load average now {os.getloadavg()[0]:.2f}")
        print_verification(options.build)
        if options.json:
            options.json.write_text(json.dumps({
                "subjects": {s.name: s.rounds for s in subjects}, "under_load_mib": loaded,
                "start_ms_and_rest_mib": starts}, indent=1))


if __name__ == "__main__":
    try:
        main()
    finally:
        for left in list(Server.running):
            left.stop()
