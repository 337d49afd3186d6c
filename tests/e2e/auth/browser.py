#!/usr/bin/env python3
"""A user with a browser, for BROWSER: opens the URL, presses the only button, lands on the callback.

Goes on in the background, since some clients wait for the browser command to end before they listen.
With BROWSER_LOG the URLs are noted there, without their queries.
"""

import html
import http.cookiejar
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 20  # seconds until the client listens


def note(text):
    if path := os.environ.get("BROWSER_LOG"):
        with open(path, "a", encoding="utf-8") as log:
            log.write(text + "\n")


class Redirects(urllib.request.HTTPRedirectHandler):
    """None are followed: each hop is noted, and a refused one is tried again."""

    def redirect_request(self, *_):
        return None


def visit(url):
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(
            http.cookiejar.DefaultCookiePolicy(rfc2965=False, strict_ns_domain=0))), Redirects())
    request = urllib.request.Request(url)
    for _ in range(20):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                answer = opener.open(request, timeout=PATIENCE)
                break
            except urllib.error.HTTPError as error:
                answer = error
                break
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > until:
                    raise
                time.sleep(0.05)
        here = answer.geturl()
        body = answer.read().decode("utf-8", "replace")
        note(f"{answer.status} {here.split('?')[0]}")
        if answer.status in (301, 302, 303, 307, 308):
            request = urllib.request.Request(urllib.parse.urljoin(here, answer.headers["location"]))
            continue
        form = re.search(r'<form method="post" action="([^"]+)">.*?name="([^"]*)" value="([^"]*)"', body, re.S)
        if answer.status != 200 or form is None:
            return
        action, name, value = (html.unescape(part) for part in form.groups())
        request = urllib.request.Request(urllib.parse.urljoin(here, action),
                                         data=urllib.parse.urlencode({name: value}).encode(), method="POST")


def main():
    if os.fork():
        return
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    try:
        visit(sys.argv[1])
    except Exception as error:  # nobody is there to see it but the log
        note(f"failed: {type(error).__name__}: {error}")


main()
