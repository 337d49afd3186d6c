"""The Python fastmcp client, any generation, at a server that wants a login.

    python py.py URL

Reports as ts_common.mjs does: pass|fail<TAB>name[<TAB>why].
"""

import asyncio
import os
import pathlib
import sys

import fastmcp
from fastmcp import Client

GENERATION = tuple(int(part) for part in fastmcp.__version__.split(".")[:2])
LIFETIME = int(os.environ.get("E2E_TOKEN_LIFETIME", "0s").rstrip("s"))


def logins():
    log = pathlib.Path(os.environ["BROWSER_LOG"])
    return sum("/callback" in line for line in log.read_text().splitlines()) if log.exists() else 0


async def check(name, work):
    try:
        await work
        print(f"pass\t{name}", flush=True)
        return True
    except Exception as error:  # whatever the client raises is the finding
        why = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"fail\t{name}\t{why[:500]}", flush=True)
        return False


def expect(condition, why=""):
    if not condition:
        raise AssertionError(why)


async def is_ada(client):
    result = await client.call_tool("whoami", {})
    expect('"subject":"ada"' in result.content[0].text, result.content)


async def lists(client):
    names = [tool.name for tool in await client.list_tools()]
    expect("whoami" in names, names)


async def pings(client):
    assert await client.ping()


async def refreshes(client):
    before = logins()
    await asyncio.sleep(LIFETIME + 1)
    await is_ada(client)
    expect(logins() == before, f"{logins()} logins instead of {before}")


async def steps_up(client):
    before = logins()
    result = await client.call_tool("admin_echo", {"text": "more"})
    expect(result.content[0].text == "more", result.content)
    expect(logins() == before + 1, f"{logins()} logins instead of {before + 1}")


async def use(url):
    # Generation 4 picks the stateless era where it is offered, and there is no ping in it.
    mode = {"mode": "legacy"} if GENERATION >= (4, 0) else {}
    async with Client(url, auth="oauth", **mode) as client:
        await check("pings after a login", pings(client))
        await check("lists", lists(client))
        await check("is known to the tool", is_ada(client))
        await check("refreshes its token without a login", refreshes(client))
        if GENERATION >= (2, 14):
            await check("steps up when a tool needs more scope", steps_up(client))
    if GENERATION >= (4, 0):
        async with Client(url, auth="oauth") as client:
            await check("lists in the new era", lists(client))
            await check("calls in the new era", is_ada(client))


async def main():
    if await check("connects and ends", use(sys.argv[1])):
        await check("closes", asyncio.sleep(0))


asyncio.run(main())
