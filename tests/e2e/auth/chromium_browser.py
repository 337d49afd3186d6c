#!/usr/bin/env python3
"""A user with headless Chromium, for BROWSER: opens the URL, presses the button as often as it is
there, lands on the callback.

Driven by the WebDriver protocol (https://www.w3.org/TR/webdriver2/) over chromedriver. Goes on in the
background like browser.py, since the browser is started before the client listens. With BROWSER_LOG
the URLs are noted there, without their queries.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE = 60
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what WebDriver calls a reference to one


def note(text):
    if path := os.environ.get("BROWSER_LOG"):
        with open(path, "a", encoding="utf-8") as log:
            log.write(text + "\n")


class Driver:
    """chromedriver on a port of its own choice, with one session."""

    def __init__(self, profile):
        self.process = subprocess.Popen(["chromedriver", "--port=0", "--allowed-ips=127.0.0.1"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in self.process.stdout:
            if "started successfully on port" in line:
                self.base = "http://127.0.0.1:" + line.split("port")[1].strip(" .\n")
                break
        else:
            raise RuntimeError("chromedriver did not start")
        arguments = ["--headless=new", f"--user-data-dir={profile}", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--disable-background-networking", "--disable-component-update", "--no-proxy-server"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium has no sandbox for root
        session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments}}}})
        self.session = f"/session/{session['sessionId']}"

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"content-type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.ask("POST", f"{self.session}/url", {"url": url})

    def here(self):
        return self.ask("GET", f"{self.session}/url").split("?")[0]

    def find(self, css):
        found = self.ask("POST", f"{self.session}/elements", {"using": "css selector", "value": css})
        return found[0][ELEMENT] if found else None

    def click(self, element):
        self.ask("POST", f"{self.session}/element/{element}/click", {})

    def quit(self):
        try:
            if hasattr(self, "session"):
                self.ask("DELETE", self.session)
        finally:
            self.process.terminate()
            self.process.wait()


def log_in(driver, url):
    driver.open(url)
    until = time.monotonic() + PATIENCE
    pressed = None
    while time.monotonic() < until:
        here = driver.here()
        if here.endswith("/callback"):
            good = driver.find("#logged-in")
            note(f"{200 if good else 400} {here}")
            return
        button = driver.find("#sign-in")
        if button and button != pressed:
            note(f"pressed at {here}")
            try:
                driver.click(button)
            except urllib.error.HTTPError as error:  # the page went away meanwhile
                note(f"click: {error.code}")
            pressed = button
        time.sleep(0.05)
    note(f"failed: no callback, but {driver.here()}")


def main():
    if os.fork():
        return
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    driver = None
    try:
        with tempfile.TemporaryDirectory(prefix="fmcp_chromium_", ignore_cleanup_errors=True) as profile:
            driver = Driver(profile)
            try:
                log_in(driver, sys.argv[1])
            finally:
                driver.quit()
    except Exception as error:  # nobody is there to see it but the log
        note(f"failed: {type(error).__name__}: {error}")


main()
