"""What is said between a client and the host, one JSON object a line.

Each line: `exchange` (which request and answer belong together; one for all of stdio), `from`
(`client` or `server`), `text` (the message as it came) and for HTTP `head` (status or method,
and the header fields in lower case).
"""

import itertools
import json
import os
import threading


class Recording:
    """Appends to a file; any thread."""

    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8")
        self._guard = threading.Lock()
        self._numbers = itertools.count(1)

    def new_exchange(self):
        return f"{os.getpid()}-{next(self._numbers)}"  # a client may start a stdio server twice

    def add(self, exchange, sender, text, head=None):
        line = json.dumps({"exchange": exchange, "from": sender, "text": text, "head": head})
        with self._guard:
            self._file.write(line + "\n")
            self._file.flush()


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
