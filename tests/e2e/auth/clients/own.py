"""The client commands of fastmcp-host at a server that wants a login: each a process of its own.

    python own.py FASTMCP_HOST URL

Reports as ts_common.mjs does: pass|fail<TAB>name[<TAB>why].
"""

import json
import os
import pathlib
import stat
import subprocess
import sys
import time

PROGRAM, URL = sys.argv[1:]
LIFETIME = int(os.environ.get("E2E_TOKEN_LIFETIME", "0s").rstrip("s"))
TOKENS = pathlib.Path(os.environ["XDG_STATE_HOME"], "fastmcp-host/client/tokens.json")
PATIENCE = 60
secrets, printed = set(), []


def logins():
    return sum("open this page" in text for text in printed)


def arrivals():
    """How often the browser has seen the last page of a login."""
    log = pathlib.Path(os.environ["BROWSER_LOG"])
    lines = log.read_text().splitlines() if log.exists() else []
    return sum(line.startswith("200 ") and line.endswith("/callback") for line in lines)


def kept():
    found = json.loads(TOKENS.read_text())["logins"]
    for login in found:
        secrets.update(login[name] for name in ("access_token", "refresh_token", "client_secret") if name in login)
    return found


def start(command, *words):
    return subprocess.Popen([PROGRAM, command, URL, *words, "--auth", "oauth"], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end(process, code=0):
    out, err = process.communicate(timeout=PATIENCE)
    printed.append(out + err)
    assert process.returncode == code, f"exit code {process.returncode}: {err[-300:]}"
    if TOKENS.exists():
        kept()
    return out


def run(command, *words, code=0):
    return end(start(command, *words), code)


def check(name, work):
    try:
        work()
        print(f"pass\t{name}", flush=True)
    except Exception as error:  # whatever went wrong is the finding
        why = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"fail\t{name}\t{why[:500]}", flush=True)


def expect(condition, why=""):
    if not condition:
        raise AssertionError(why)


def without_login(work, more=0):
    before = logins()
    work()
    expect(logins() == before + more, f"{logins()} logins instead of {before + more}")


def logs_in():
    out = run("ping")
    expect("new era" in out, out)
    expect(logins() == 1, f"{logins()} logins")


def speaks_the_old_era():
    out = run("ping", "--era", "old")
    expect("ping in" in out and "old era" in out, out)
    expect("ada" in run("call", "whoami", "--era", "old"))


def lists():
    names = [tool["name"] for tool in json.loads(run("list", "--json"))]
    expect("whoami" in names, names)
    expect("whoami" in run("list"))


def is_ada():
    who = json.loads(run("call", "whoami"))
    expect(who["subject"] == "ada", who)


def outlives_the_token(work):
    time.sleep(LIFETIME + 1)
    work()


def refreshes_twice_at_once():
    both = [start("call", "whoami") for _ in range(2)]
    for process in both:
        expect("ada" in end(process))
    is_ada()


def renews_a_token_that_is_refused():
    logins_kept = json.loads(TOKENS.read_text())
    login = logins_kept["logins"][0]
    login["access_token"] = login["access_token"][:-8] + "AAAAAAAA"
    TOKENS.write_text(json.dumps(logins_kept))
    is_ada()


def steps_up():
    out = run("call", "admin_echo", "text=more")
    expect(out == "more\n", out)
    expect("tools:admin" in kept()[0]["scope"], kept()[0]["scope"])


def keeps_tokens_to_itself():
    mode = stat.S_IMODE(TOKENS.stat().st_mode)
    expect(mode == 0o600, oct(mode))
    expect(len(kept()) == 1 and kept()[0]["server"] == URL, kept()[0]["server"])


def prints_no_token():
    expect(secrets, "no secret was seen")
    for text in printed:
        found = [secret[:6] for secret in secrets if secret in text]
        expect(not found, f"{len(found)} printed, such as {found[:1]}…")


def shows_the_last_page():
    until = time.monotonic() + PATIENCE  # the browser notes it when the command may have ended already
    while arrivals() < logins() and time.monotonic() < until:
        time.sleep(0.05)
    expect(arrivals() == logins() == 2, f"{arrivals()} of {logins()}")


def forgets():
    run("ping", "--logout")
    expect(json.loads(TOKENS.read_text())["logins"] == [])
    plain = subprocess.run([PROGRAM, "ping", URL], capture_output=True, text=True, timeout=PATIENCE)
    expect(plain.returncode == 1 and "--auth oauth" in plain.stderr, plain.stderr)


def main():
    check("logs in and pings", logs_in)
    check("speaks the old era without another login", lambda: without_login(speaks_the_old_era))
    check("lists", lambda: without_login(lists))
    check("is known to the tool", lambda: without_login(is_ada))
    check("refreshes its token without a login", lambda: without_login(lambda: outlives_the_token(is_ada)))
    check("refreshes when two commands want to", lambda: without_login(
        lambda: outlives_the_token(refreshes_twice_at_once)))
    check("renews a token that is refused", lambda: without_login(renews_a_token_that_is_refused))
    check("steps up when a tool needs more scope", lambda: without_login(steps_up, more=1))
    check("keeps its tokens in a file of its own", keeps_tokens_to_itself)
    check("prints no token", prints_no_token)
    check("shows the last page of each login in the browser", shows_the_last_page)
    check("forgets a login", lambda: without_login(forgets))


main()
