"""Public keys: which algorithms each is for, and how an issuer's keys are loaded and kept."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from issuers import served

from hawkapi import HTTPException
from hawkapi.security.jwks import JWKSet, read_keys
from hawkapi.security.jwt import JWTVerifier

jwt = pytest.importorskip("jwt", reason="needs PyJWT")
REASON = "needs cryptography, which has no wheel for 3.13t"
serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization", reason=REASON)
ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec", reason=REASON)
ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519", reason=REASON)
rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa", reason=REASON)
x25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.x25519", reason=REASON)

URL = "https://issuer.example/jwks"
EXP = 1 << 40


@functools.cache
def private(kind: str) -> Any:
    """Return a private key; each kind is made once."""
    makers: dict[str, Callable[[], Any]] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "other": lambda: rsa.generate_private_key(65537, 2048),
        "short": lambda: rsa.generate_private_key(65537, 1024),
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "k1": lambda: ec.generate_private_key(ec.SECP256K1()),
        "ed": ed25519.Ed25519PrivateKey.generate,
        "x": x25519.X25519PrivateKey.generate,
    }
    return makers[kind]()


def pem(kind: str) -> bytes:
    """Return the public half of a key as PEM."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    content: bytes = private(kind).public_key().public_bytes(encoding, form)
    return content


def jwk(kind: str, **members: Any) -> dict[str, Any]:
    """Return the public half of a key as a JWK."""
    cls = {"r": "RSAAlgorithm", "o": "RSAAlgorithm", "s": "RSAAlgorithm", "p": "ECAlgorithm", "e": "OKPAlgorithm"}
    algorithms: Any = pytest.importorskip("jwt.algorithms")
    algorithm = getattr(algorithms, cls[kind[0]])
    return {**json.loads(algorithm.to_jwk(private(kind).public_key())), **members}


def signed(kind: str, algorithm: str, **headers: Any) -> str:
    """Return a token with one claim."""
    token: str = jwt.encode({"exp": EXP, "n": 1}, private(kind), algorithm=algorithm, headers=headers)
    return token


def verify(verifier: JWTVerifier, token: str) -> Any:
    """Return the claim of a token, or the status it is refused with."""
    try:
        return asyncio.run(verifier.verify(token))["n"]
    except HTTPException as exc:
        return exc.status_code


class Issuer:
    """What a `JWKSet` loads from, and its clock."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.loads = 0
        self.now = 1000.0
        self.fails = False

    async def load(self, url: str) -> bytes:
        """Return the document."""
        assert url == URL
        self.loads += 1
        if self.fails:
            raise OSError("no route to host")
        return json.dumps({"keys": self.keys}).encode()

    def keyset(self, **options: Any) -> JWKSet:
        """Return the keys of this issuer."""
        return JWKSet(URL, load=self.load, clock=lambda: self.now, **options)

    def verifier(self, *algorithms: str, **options: Any) -> JWTVerifier:
        """Return who takes its tokens."""
        return JWTVerifier(algorithms=algorithms or ["RS256"], jwks=self.keyset(**options))


SIGNATURES = [
    *(("rsa", algorithm) for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    ("p256", "ES256"),
    ("p384", "ES384"),
    ("p521", "ES512"),
    ("ed", "EdDSA"),
]


@pytest.mark.parametrize(("kind", "algorithm"), SIGNATURES)
def test_algorithms(kind: str, algorithm: str) -> None:
    """Tokens are verified by a key in PEM, and by one that the issuer publishes."""
    token = signed(kind, algorithm, kid="a")
    assert verify(JWTVerifier(algorithms=[algorithm], public_key=pem(kind)), token) == 1
    assert verify(Issuer(jwk(kind, kid="a")).verifier(algorithm), token) == 1


def test_other_algorithm_of_the_key() -> None:
    """An algorithm that is not configured is refused, although the key could verify it."""
    verifier = JWTVerifier(algorithms=["RS256"], public_key=pem("rsa"))
    assert [verify(verifier, signed("rsa", algorithm)) for algorithm in ("RS256", "RS512", "PS256")] == [1, 401, 401]


def test_public_key_as_secret() -> None:
    """A token signed with the text of the public key as a secret is refused: everybody knows that text."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"exp": EXP, "n": 1}]
    content = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(pem("rsa"), content, hashlib.sha256)).rstrip(b"=")
    token = (content + b"." + signature).decode()
    assert verify(JWTVerifier(algorithms=["RS256"], public_key=pem("rsa")), token) == 401
    assert verify(Issuer(jwk("rsa")).verifier("RS256"), token) == 401
    with pytest.raises(ValueError, match="give its public half as public_key="):
        JWTVerifier(algorithms=["HS256"], secret=pem("rsa"))


@pytest.mark.parametrize(
    ("algorithms", "key", "message"),
    [
        (["RS256"], "no key", "is no public key in PEM"),
        (["RS256"], pem("short"), "of a kind that no algorithm takes, or an RSA key below 2048 bits"),
        (["EdDSA"], pem("x"), "of a kind that no algorithm takes"),
        (["ES256"], pem("p384"), "no key is for ES256"),
        (["ES256"], pem("k1"), "no key is for ES256"),
        (["RS256", "ES256"], pem("rsa"), "no key is for ES256; leave out algorithms that are not used"),
    ],
    ids=["no-pem", "short", "exchange", "curve", "bitcoin", "unused"],
)
def test_key_of_no_use(algorithms: list[str], key: str | bytes, message: str) -> None:
    """A key that is not for the algorithms, or too weak, is refused when the verifier is made."""
    with pytest.raises(ValueError, match=message):
        JWTVerifier(algorithms=algorithms, public_key=key)


def test_several_public_keys() -> None:
    """Tokens of any of the keys are good."""
    verifier = JWTVerifier(algorithms=["RS256", "ES256"], public_key=[pem("other"), pem("p256"), pem("rsa")])
    tokens = [signed("rsa", "RS256"), signed("p256", "ES256"), signed("other", "RS256"), signed("ed", "EdDSA")]
    assert [verify(verifier, token) for token in tokens] == [1, 1, 1, 401]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("text", id="text"),
        pytest.param({}, id="empty"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}, id="secret"),
        pytest.param(jwk("rsa", use="enc"), id="encryption"),
        pytest.param(jwk("rsa", key_ops=["encrypt"]), id="operations"),
        pytest.param(jwk("rsa", key_ops=5), id="operations-are-a-number"),
        pytest.param(jwk("rsa", key_ops="verify"), id="operations-are-a-text"),
        pytest.param(jwk("rsa", use=["sig"]), id="use-is-a-list"),
        pytest.param(jwk("rsa", kty=["RSA"]), id="type-is-a-list"),
        pytest.param(jwk("rsa", alg=["RS256"]), id="algorithm-is-a-list"),
        pytest.param(jwk("rsa", alg="RSA-OAEP"), id="algorithm"),
        pytest.param(jwk("rsa", d="AQAB"), id="private"),
        pytest.param({"kty": "RSA", "n": "!", "e": "AQAB"}, id="broken"),
        pytest.param(jwk("short"), id="short"),
    ],
)
def test_published_key_of_no_use(entry: Any) -> None:
    """What signatures cannot be verified with is passed over; if nothing is left, that is an error."""
    assert [key.kid for key in read_keys(json.dumps({"keys": [entry, jwk("rsa", kid="good")]}).encode())] == ["good"]
    with pytest.raises(ValueError, match="no public key"):
        read_keys(json.dumps({"keys": [entry]}).encode())


def test_published_key_of_one_algorithm() -> None:
    """A key that says which algorithm it is for is for no other."""
    verifier = Issuer(jwk("rsa", alg="RS512")).verifier("RS256", "RS512")
    assert [verify(verifier, signed("rsa", algorithm)) for algorithm in ("RS256", "RS512")] == [401, 1]


def test_kid() -> None:
    """A token that names a key is verified with that one; without a name any may be it."""
    verifier = Issuer(jwk("other", kid="b"), jwk("rsa", kid="a")).verifier()
    tokens = [signed("rsa", "RS256", kid="a"), signed("rsa", "RS256"), signed("rsa", "RS256", kid="b")]
    assert [verify(verifier, token) for token in tokens] == [1, 1, 401]


def test_keys_are_kept() -> None:
    """They are loaded when a token first comes, and again when they are old."""
    issuer = Issuer(jwk("rsa"))
    verifier = issuer.verifier(max_age_s=100)
    assert issuer.loads == 0
    loads = []
    for now in (0, 99, 100, 150, 200):
        issuer.now = float(now)
        assert verify(verifier, signed("rsa", "RS256")) == 1
        loads.append(issuer.loads)
    assert loads == [1, 1, 2, 2, 3]


def test_unknown_kid() -> None:
    """A key that is not known yet is looked for, but not more often than the interval allows."""
    issuer = Issuer(jwk("other", kid="old"))
    verifier = issuer.verifier(min_interval_s=30)
    token = signed("rsa", "RS256", kid="new")
    assert (verify(verifier, token), issuer.loads) == (401, 1)
    issuer.keys.append(jwk("rsa", kid="new"))
    issuer.now += 29
    assert (verify(verifier, token), issuer.loads) == (401, 1)
    issuer.now += 1
    assert (verify(verifier, token), issuer.loads) == (1, 2)


def test_issuer_that_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Old keys are good for a while; then, or if there are none, the client sees 503. The log says why."""
    issuer = Issuer(jwk("rsa"))
    verifier = issuer.verifier(max_age_s=100, max_stale_s=1000, min_interval_s=30)
    token = signed("rsa", "RS256")
    issuer.fails = True
    seen = []
    for now, fails in ((0, True), (29, False), (30, False), (130, True), (159, True), (1129, True), (1130, True)):
        issuer.now, issuer.fails = float(now), fails
        seen.append((verify(verifier, token), issuer.loads))
    assert seen == [(503, 1), (503, 1), (1, 2), (1, 3), (1, 3), (1, 4), (503, 4)]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3


def test_issuer_that_never_answers(caplog: pytest.LogCaptureFixture) -> None:
    """A load ends after `timeout_s`, whoever does it, and the next one may work."""

    async def load(url: str) -> bytes:
        loads.append(url)
        if len(loads) == 1:
            await asyncio.Event().wait()
        return json.dumps({"keys": [jwk("rsa")]}).encode()

    loads: list[str] = []
    keys = JWKSet(URL, load=load, min_interval_s=0, timeout_s=0.01)
    verifier = JWTVerifier(algorithms=["RS256"], jwks=keys)
    assert [verify(verifier, signed("rsa", "RS256")) for _ in range(2)] == [503, 1]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [TimeoutError]


def test_load_goes_on_without_who_began_it() -> None:
    """Requests that are cancelled while they wait do not start loads of their own, nor end the one there is."""

    async def scenario() -> tuple[int, int]:
        begun, answered = asyncio.Event(), asyncio.Event()

        async def load(url: str) -> bytes:
            loads.append(url)
            begun.set()
            await answered.wait()
            return json.dumps({"keys": [jwk("rsa")]}).encode()

        verifier = JWTVerifier(algorithms=["RS256"], jwks=JWKSet(URL, load=load))
        token = signed("rsa", "RS256")
        for _ in range(5):
            waiting = asyncio.ensure_future(verifier.verify(token))
            await begun.wait()
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        answered.set()
        return (await verifier.verify(token))["n"], len(loads)

    loads: list[str] = []
    assert asyncio.run(scenario()) == (1, 1)


@pytest.mark.parametrize(
    ("path", "found"),
    [("/jwks", 1), ("/moved", 503), ("/missing", 503), ("/endless", 503)],
    ids=str,
)
def test_download(path: str, found: int) -> None:
    """Keys are read from the issuer's server; redirects are not followed, and nothing endless is read."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = {"/jwks": 200, "/endless": 200, "/moved": 302}.get(self.path, 404)
            self.send_response(status)
            self.send_header("location", "/jwks")
            self.end_headers()
            body = json.dumps({"keys": [jwk("rsa")]}).encode()
            self.wfile.write(body + b" " * (2 << 20 if self.path == "/endless" else 0))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with served(Handler) as url:
        keys = JWKSet(f"{url}{path}")
        assert verify(JWTVerifier(algorithms=["RS256"], jwks=keys), signed("rsa", "RS256")) == found


@pytest.mark.race
def test_keys_are_loaded_once_by_many_loops() -> None:
    """Whatever number of threads and loops comes first, there is one load, and all of them have its keys."""
    issuer, start, found = Issuer(jwk("rsa")), threading.Barrier(8), [0] * 8
    verifier, token = issuer.verifier(), signed("rsa", "RS256")

    async def several() -> int:
        results = await asyncio.gather(*(verifier.verify(token) for _ in range(20)))
        return sum(claims["n"] for claims in results)

    def work(number: int) -> None:
        start.wait()
        found[number] = asyncio.run(several())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, issuer.loads) == ([20] * 8, 1)
