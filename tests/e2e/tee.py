"""tee.py RECORDING PROGRAM ARGUMENT...: runs a stdio server and records every line of both sides.

Ends when the server ends, with its status; hands the end of its own input on to it.
"""

import signal
import subprocess
import sys
import threading

import recording


def main():
    log = recording.Recording(sys.argv[1])
    exchange = log.new_exchange()
    server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())

    def forward_input():
        for line in sys.stdin.buffer:
            log.add(exchange, "client", line.decode("utf-8", errors="surrogateescape").rstrip("\r\n"))
            try:
                server.stdin.write(line)
                server.stdin.flush()
            except BrokenPipeError:
                return
        server.stdin.close()

    threading.Thread(target=forward_input, daemon=True).start()
    for line in server.stdout:
        log.add(exchange, "server", line.decode("utf-8", errors="surrogateescape").rstrip("\n"))
        try:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            break
    sys.exit(server.wait())


if __name__ == "__main__":
    main()
