"""The Python fastmcp client, in both eras. Reports as ts_common.mjs does."""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError

TEXT = 'grüße "quoted" \\ 🌍\n2nd line'


async def check(name, work):
    try:
        result = work()
        if asyncio.iscoroutine(result):
            await result
        print(f"pass\t{name}", flush=True)
    except Exception as error:  # whatever the client raises is the finding
        why = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"fail\t{name}\t{why[:500]}", flush=True)


def expect(condition, why=""):
    if not condition:
        raise AssertionError(why)


async def lists(client):
    tools = {tool.name: tool for tool in await client.list_tools()}
    expect("echo" in tools, f"no echo among {list(tools)}")
    expect(tools["echo"].input_schema["required"] == ["text"], tools["echo"].input_schema)
    expect("json_schema_2020_12_tool" in tools)


async def calls(client):
    result = await client.call_tool("echo", {"text": TEXT})
    expect([block.text for block in result.content] == [TEXT], result.content)


async def every_kind(client):
    for tool, types in (
        ("test_simple_text", ["text"]),
        ("test_image_content", ["image"]),
        ("test_audio_content", ["audio"]),
        ("test_embedded_resource", ["resource"]),
        ("test_multiple_content_types", ["text", "image", "resource"]),
    ):
        result = await client.call_tool(tool)
        expect([block.type for block in result.content] == types, f"{tool}: {result.content}")


async def fails(client, tool, arguments, word):
    result = await client.call_tool(tool, arguments, raise_on_error=False)
    expect(result.is_error, "it did not fail")
    expect(word in result.content[0].text, result.content)


async def raises_tool_error(client):
    try:
        await client.call_tool("test_error_handling")
    except ToolError:
        return
    raise AssertionError("no ToolError")


async def unknown(client):
    try:
        await client.call_tool("no_such_tool")
    except Exception as error:
        expect("no_such_tool" in str(error), str(error))
        return
    raise AssertionError("no error")


async def progress(client):
    seen = []

    async def note(done, total, message):
        seen.append(done)

    await client.call_tool("test_tool_with_progress", progress_handler=note)
    expect(len(seen) >= 3 and seen == sorted(seen), seen)


async def many(client):
    results = await asyncio.gather(*(client.call_tool("echo", {"text": str(i)}) for i in range(20)))
    expect([r.content[0].text for r in results] == [str(i) for i in range(20)])


async def main():
    how = json.loads(sys.argv[1])
    if how["transport"] == "http":
        transport = StreamableHttpTransport(how["url"])
    else:
        transport = StdioTransport(how["command"], how["arguments"], env=how["environment"], keep_alive=False)
    client = Client(transport, mode={"old": "legacy", "new": "auto", "pinned": "2026-07-28"}[how["era"]])
    wanted = "2025-11-25" if how["era"] == "old" else "2026-07-28"

    await check("connects", client.__aenter__)
    await check("speaks the revision that it was told to",
                lambda: expect(client.protocol_version == wanted, client.protocol_version))
    if how["era"] != "pinned":  # a pinned client asks nobody who serves
        await check("learns who serves", lambda: expect(client.server_info.name == "fastmcp-host", client.server_info))
    if how["era"] == "old":
        await check("pings", client.ping)
    await check("lists the tools with their schemas", lambda: lists(client))
    await check("calls a tool and gets its text back", lambda: calls(client))
    await check("gets every kind of content", lambda: every_kind(client))
    await check("gets a tool's failure as its error", lambda: raises_tool_error(client))
    await check("gets bad arguments as a result that a model can act on", lambda: fails(client, "echo", {"text": 7}, "text"))
    await check("gets an error for a tool that does not exist", lambda: unknown(client))
    await check("hears of progress", lambda: progress(client))
    await check("calls many tools at the same time", lambda: many(client))
    await check("closes", lambda: client.__aexit__(None, None, None))


if __name__ == "__main__":
    asyncio.run(main())
