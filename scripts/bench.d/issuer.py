"""What Descope is to a server that it protects: a key set, and one token signed with its key."""

import base64
import functools
import http.server
import json
import pathlib
import subprocess
import threading
import time

PROJECT = "P2abcdefghijklmnopqrstuvwxyz12"
SCOPE = "tools:read"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, given=b""):
    return subprocess.run(["openssl", *map(str, arguments)], input=given, check=True, capture_output=True).stdout


class Documents(http.server.BaseHTTPRequestHandler):
    """The key set where Descope has it, an empty object where it has discovery documents."""

    def __init__(self, keys, *arguments):
        self.keys = keys
        super().__init__(*arguments)

    def do_GET(self):  # noqa: N802 (the name is the library's)
        body = self.keys if self.path == f"/{PROJECT}/.well-known/jwks.json" else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Issuer:
    """Listens on a free port of the loopback interface; its key lives in `folder`."""

    def __init__(self, folder):
        self.key = pathlib.Path(folder, "issuer.pem")
        openssl("genrsa", "-out", self.key, 2048)
        modulus = openssl("rsa", "-in", self.key, "-modulus", "-noout").decode().strip().split("=")[1]
        keys = {"keys": [{"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig", "e": "AQAB",
                          "n": encoded(bytes.fromhex(modulus))}]}
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Documents, json.dumps(keys).encode()))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.subject = "U2abcdefghijklmnopqrstuvwxyz34"
        self.token = self.make_token()

    def make_token(self):
        """As long as what Descope issues to an MCP client, about 900 bytes."""
        now = int(time.time())
        claims = {"iss": f"{self.base}/v1/apps/agentic/{PROJECT}/M2zyxwvutsrqponmlkjihgfedcba98", "aud": [PROJECT],
                  "sub": self.subject, "iat": now, "exp": now + 3600,
                  "scope": f"openid {SCOPE} tools:write", "email": "somebody@example.com",
                  "azp": "UDJhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejEyOlRQQTJhYmNkZWZnaGlqa2xtbm9wcXJzdA"}
        head = {"alg": "RS256", "kid": "k1", "typ": "JWT"}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
        return signed + "." + encoded(openssl("dgst", "-sha256", "-sign", self.key, given=signed.encode()))

    def settings(self, port):
        """What a host at `port` needs in its environment to be protected by this issuer."""
        prefix = "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_"
        return {"FASTMCP_SERVER_AUTH": "descope", f"{prefix}PROJECT_ID": PROJECT,
                f"{prefix}DESCOPE_BASE_URL": self.base, f"{prefix}BASE_URL": f"http://127.0.0.1:{port}",
                f"{prefix}REQUIRED_SCOPES": SCOPE}

    def fields(self):
        return {"Authorization": f"Bearer {self.token}"}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
