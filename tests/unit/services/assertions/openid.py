"""An OpenID provider of the tests' own: it listens, signs real tokens, rotates keys."""

import base64
import datetime as dt
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT = "sts.amazonaws.com"
RSA = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
"""Made once: they are slow to make, and say nothing."""
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def jwk(key: PrivateKey, key_id: str, **more: Any) -> dict[str, Any]:
    """The public half of a key, as a provider publishes it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        told = RSAAlgorithm.to_jwk(public, as_dict=True)
    else:
        told = ECAlgorithm.to_jwk(public, as_dict=True)
    return {**told, "kid": key_id, "use": "sig", **more}


def pem(key: PrivateKey) -> bytes:
    """The private key as text."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def segment(data: bytes) -> str:
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: bytes) -> str:
    """A token put together without any library's consent."""
    parts = [segment(json.dumps(one).encode()) for one in (header, claims)]
    return ".".join([*parts, segment(signature)])


@dataclass
class Provider:
    """An identity provider that listens on loopback."""

    origin: str
    is_tls: bool = False
    path: str = ""
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False
    documents: dict[str, bytes] = field(default_factory=dict)
    """What is answered in place of the true documents."""
    delay: threading.Event | None = None

    @property
    def issuer(self) -> str:
        """What tokens say of where they come from."""
        return f"{'https' if self.is_tls else 'http'}://{self.origin}{self.path}"

    @property
    def url(self) -> str:
        """What is registered: always HTTPS."""
        return f"https://{self.origin}{self.path}"

    @property
    def name(self) -> str:
        """The URL without its scheme, the prefix of condition keys."""
        return f"{self.origin}{self.path}"

    def rotate(self, key_id: str, key: PrivateKey | None = None) -> None:
        """From now on there is one key, and it is this."""
        self.keys = {key_id: key or RSA[len(key_id) % 2]}

    def answer(self, path: str) -> bytes | None:
        """The document at a path."""
        place = path.removeprefix(self.path)
        if place in self.documents:
            return self.documents[place]
        if place == "/.well-known/openid-configuration":
            told: dict[str, Any] = {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
            }
        elif place == "/keys":
            told = {"keys": [jwk(key, name) for name, key in self.keys.items()]}
        else:
            return None
        return json.dumps(told).encode()

    def token(
        self, now: float, *, algorithm: str = "RS256", kid: str = "", **more: Any
    ) -> str:
        """A signed token of an hour; claims that are None are left out."""
        claims = {
            "iss": self.issuer,
            "sub": "repo:acme/app:ref:refs/heads/main",
            "aud": CLIENT,
            "iat": int(now),
            "exp": int(now) + 3600,
            **more,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        name = kid or next(iter(self.keys))
        key = self.keys.get(name, RSA[0])
        return jwt.encode(claims, pem(key), algorithm=algorithm, headers={"kid": name})


@contextmanager
def listening(
    folder: Path | None = None, *, path: str = "", host: str = "127.0.0.1"
) -> Iterator[Provider]:
    """A provider that listens; with a folder over TLS, with its `ca.pem` there."""
    provider = Provider(origin="", path=path, is_tls=folder is not None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: provider))
    if folder is not None:
        server.socket = _tls(folder).wrap_socket(server.socket, server_side=True)
    provider.origin = f"{host}:{server.server_address[1]}"
    provider.rotate("first")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(provider: Callable[[], Provider]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = provider()
            told.asked.append(self.path)
            if told.delay is not None:
                told.delay.wait(10)
            body = None if told.is_down else told.answer(self.path)
            self.send_response(503 if told.is_down else 200 if body else 404)
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's own name
            """Nobody reads it."""

    return Handler


def _tls(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    ca = folder / "ca.pem"
    ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, private)
    return context
