"""Those who issue tokens, made for tests: their keys, what they publish, and a server that publishes it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER, EHR, US = "https://login.example.org/", "https://ehr.example.org", "https://cds.example.org"
AUDIENCE = "painresponse"
HOOK = "/cds-services/pain"

_MADE = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "RS384": lambda: rsa.generate_private_key(65537, 2048),
    "RS1024": lambda: rsa.generate_private_key(65537, 1024),
}


@cache
def private(name: str, kind: str) -> Any:
    """The private key of this name."""
    return _MADE[kind]()


def public(name: str, kind: str | None = None, /, **more: Any) -> dict[str, Any]:
    """As its issuer publishes it: its id is its name, which is also its kind unless that is said."""
    kind = kind or name
    algorithm = jwt.get_algorithm_by_name(kind.replace("RS1024", "RS256"))
    plain = algorithm.to_jwk(private(name, kind).public_key(), as_dict=True)
    return {**plain, "kid": name, **more}


def key_set(*keys: dict[str, Any]) -> bytes:
    """Public keys as they are published."""
    return json.dumps({"keys": keys}).encode()


def claims(**other: Any) -> dict[str, Any]:
    """What a good token of the OAuth2 server says, unless something else; None leaves a claim out."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "clinic-7", "iat": now, "exp": now + 300, "scope": "score"}
    return {name: value for name, value in {**good, **other}.items() if value is not None}


def token(alg: str = "ES256", *, head: dict[str, Any] | None = None, **other: Any) -> str:
    """A token signed with the key that is named like its algorithm."""
    said = json.dumps(claims(**other)).encode()
    return jwt.PyJWS().encode(said, private(alg, alg), alg, headers={"kid": alg, **(head or {})})


def hook_token(alg: str = "ES384", **other: Any) -> str:
    """A token of the CDS Hooks client, for the one hook."""
    good = {"iss": EHR, "aud": US + HOOK, "jti": str(time.time_ns()), "sub": None, "scope": None}
    return token(alg, **{**good, **other})


@dataclass
class Publisher:
    """What a small HTTP server answers with, and what it was asked for."""

    url: str
    body: bytes
    status: int = 200
    seconds: float = 0
    location: str = ""
    asked: list[str] | None = None


@contextmanager
def publishing(body: bytes) -> Iterator[Publisher]:
    """A server on this machine that answers every GET as it is told."""
    said = Publisher("", body, asked=[])

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.asked.append(self.path)  # type: ignore[union-attr]
            time.sleep(said.seconds)
            moved = said.location and self.path != said.location
            self.send_response(302 if moved else said.status)
            if moved:
                self.send_header("location", said.location)
            self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *args: object) -> None:
            """The test keeps what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client may leave early
    said.url = f"http://127.0.0.1:{server.server_port}/keys"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
