"""proxy.py UPSTREAM_PORT RECORDING: an HTTP proxy that records every message.

Prints its port and serves until it is killed. Bytes are passed on as they come, in both directions,
so that streams stay streams; each exchange has a connection of its own to the host. Only `Host` and
`Connection` are rewritten.
"""

import asyncio
import sys

import recording


async def read_head(reader):
    """Start line and fields; None when the peer is done."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    lines = raw.decode("latin-1").split("\r\n")[:-2]
    return lines[0], [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]


async def read_body(reader, fields):
    lower = {name.lower(): value for name, value in fields}
    if lower.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
        return body
    return await reader.readexactly(int(lower.get("content-length", 0)))


def split_answer(raw):
    """Head and decoded body of an answer that may be cut off."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    if fields.get("transfer-encoding", "").lower() != "chunked":
        return lines[0], fields, rest
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        body, rest = body + rest[:length], rest[length + 2:]
    return lines[0], fields, body


def messages(fields, body):
    """The messages of an answer's body."""
    text = body.decode("utf-8", errors="surrogateescape")
    if not fields.get("content-type", "").startswith("text/event-stream"):
        return [text] if text else []
    out = []
    for block in text.replace("\r\n", "\n").split("\n\n")[:-1]:
        data = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if data and any(data):
            out.append("\n".join(data))
    return out


class Proxy:
    def __init__(self, upstream, log):
        self.upstream, self.log = upstream, log

    async def serve(self, reader, writer):
        try:
            while head := await read_head(reader):
                if not await self.exchange(head, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, which is its right
        finally:
            writer.close()

    async def exchange(self, head, reader, writer):
        start, fields = head
        body = await read_body(reader, fields)
        number = self.log.new_exchange()
        lower = {name.lower(): value for name, value in fields}
        self.log.add(number, "client", body.decode("utf-8", errors="surrogateescape"),
                     {"start": start, "fields": lower})
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        kept = [(n, v) for n, v in fields
                if n.lower() not in ("host", "connection", "transfer-encoding", "content-length")]
        kept += [("Host", f"127.0.0.1:{self.upstream}"), ("Connection", "close")]
        if body or start.startswith("POST"):
            kept.append(("Content-Length", str(len(body))))
        text = start + "\r\n" + "".join(f"{n}: {v}\r\n" for n, v in kept) + "\r\n"
        up_writer.write(text.encode("latin-1") + body)
        raw = bytearray()
        # The client says nothing while it waits, so what can be read from it is its end.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            while True:
                piece = asyncio.ensure_future(up_reader.read(65536))
                await asyncio.wait({piece, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not piece.done():
                    piece.cancel()
                    break
                if not piece.result():
                    break
                raw += piece.result()
                writer.write(piece.result())
                await writer.drain()
        finally:
            gone.cancel()
            up_writer.close()
            if raw:
                status, answer_fields, answer = split_answer(bytes(raw))
                shown = {"start": status, "fields": answer_fields}
                for message in messages(answer_fields, answer) or [""]:
                    self.log.add(number, "server", message, shown)
        return False  # the answer said `Connection: close`


async def main():
    proxy = Proxy(int(sys.argv[1]), recording.Recording(sys.argv[2]))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
