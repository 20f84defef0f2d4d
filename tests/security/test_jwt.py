"""JSON Web Tokens: which are taken, and which of the ways around are closed."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apps import app_with
from asgi import Reply, http_scope, request
from hypothesis import given
from hypothesis import strategies as st

from hawkapi import Depends, HawkAPI, HTTPException, Security
from hawkapi.requests.connection import HTTPConnection
from hawkapi.security.jwks import JWKSet
from hawkapi.security.jwt import JWTBearer, JWTVerifier

jwt = pytest.importorskip("jwt", reason="needs PyJWT")

SECRET = "a secret of thirty-two bytes, yes"  # noqa: S105 - of these tests
OTHER = "another one of thirty-two bytes, too"


def token(key: Any = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a token that is good for an hour; times are given in seconds from now."""
    now = datetime.now(UTC)
    payload = {
        name: now + timedelta(seconds=value) if name in {"exp", "nbf"} and isinstance(value, int) else value
        for name, value in {"exp": 3600, **claims}.items()
    }
    signed: str = jwt.encode(payload, key, algorithm=algorithm, headers=headers)
    return signed


def part(value: Any) -> str:
    """Return a part of a token made by hand."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


HEADER = b'{"alg":"HS256"}'


def by_hand(header: bytes, claims: bytes) -> str:
    """Return a token with the right signature whose parts no library would write."""
    content = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, claims))
    signature = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), content, "sha256")).rstrip(b"=")
    return (content + b"." + signature).decode()


def verify(verifier: JWTVerifier, text: str) -> dict[str, Any] | str:
    """Return the claims of a token without its times, or what it is refused with."""
    try:
        claims = asyncio.run(verifier.verify(text))
    except HTTPException as exc:
        return f"{exc.status_code} {exc.detail}"
    return {name: value for name, value in claims.items() if name not in {"exp", "nbf"}}


def of_secret(**options: Any) -> JWTVerifier:
    """Return a verifier with a secret."""
    return JWTVerifier(**{"algorithms": ["HS256"], "secret": SECRET, **options})


INVALID = "401 Invalid token"


@pytest.mark.parametrize(
    ("options", "claims", "found"),
    [
        pytest.param({}, {"sub": "ada"}, {"sub": "ada"}, id="plain"),
        pytest.param({"leeway_s": 500}, {"exp": -100}, {}, id="expired-within-leeway"),
        pytest.param({}, {"exp": -40}, "401 The token has expired", id="expired"),
        pytest.param({"leeway_s": 0}, {"exp": -5}, "401 The token has expired", id="no-leeway"),
        pytest.param({}, {"exp": None}, INVALID, id="no-end"),
        pytest.param({"required": []}, {"sub": "a"}, {"sub": "a"}, id="nothing-required"),
        pytest.param({"required": ["exp", "sub"]}, {}, INVALID, id="required"),
        pytest.param({"required": "sub"}, {"sub": "a"}, {"sub": "a"}, id="required-is-one-text"),
        pytest.param({}, {"exp": "soon"}, INVALID, id="end-is-text"),
        pytest.param({}, {"exp": "9999999999"}, INVALID, id="end-is-digits"),
        pytest.param({}, {"nbf": "1"}, INVALID, id="begin-is-digits"),
        pytest.param({}, {"iat": True}, INVALID, id="issued-is-true"),
        pytest.param({}, {"iat": "1"}, INVALID, id="issued-is-digits"),
        pytest.param({}, {"iat": 9999999999}, INVALID, id="issued-in-future"),
        pytest.param({}, {"iat": 1.5}, {"iat": 1.5}, id="issued-at-fraction"),
        pytest.param({"leeway_s": 500}, {"nbf": 100}, {}, id="not-yet-within-leeway"),
        pytest.param({}, {"nbf": 500}, INVALID, id="not-yet"),
        pytest.param({"issuer": "me"}, {"iss": "me"}, {"iss": "me"}, id="issuer"),
        pytest.param({"issuer": ["you", "me"]}, {"iss": "me"}, {"iss": "me"}, id="issuers"),
        pytest.param({"issuer": "me"}, {"iss": "you"}, INVALID, id="other-issuer"),
        pytest.param({"issuer": "me"}, {}, INVALID, id="no-issuer"),
        pytest.param({"issuer": "me"}, {"iss": "m"}, INVALID, id="issuer-in-part"),
        pytest.param({"issuer": []}, {"iss": "me"}, INVALID, id="no-issuer-is-good"),
        pytest.param({"audience": "ab"}, {"aud": "a"}, INVALID, id="audience-in-part"),
        pytest.param({"audience": []}, {"aud": "a"}, INVALID, id="no-audience-is-good"),
        pytest.param({"audience": "a"}, {"aud": ["b", "a"]}, {"aud": ["b", "a"]}, id="audience"),
        pytest.param({"audience": ["a", "b"]}, {"aud": "b"}, {"aud": "b"}, id="audiences"),
        pytest.param({"audience": "a"}, {"aud": "b"}, INVALID, id="other-audience"),
        pytest.param({"audience": "a"}, {}, INVALID, id="no-audience"),
        pytest.param({}, {"aud": "a"}, INVALID, id="unexpected-audience"),
    ],
)
def test_claims(options: dict[str, Any], claims: dict[str, Any], found: Any) -> None:
    """A token is for us, from whom it should be, and in its time, clocks allowed for."""
    assert verify(of_secret(**options), token(**claims)) == found


FORGED = [
    pytest.param(lambda: token(OTHER), id="other-secret"),
    pytest.param(lambda: token(algorithm="HS512", key=SECRET * 2), id="other-algorithm"),
    pytest.param(lambda: token(None, "none"), id="none"),
    pytest.param(lambda: f"{part({'alg': 'None'})}.{part({'exp': 9999999999})}.", id="none-in-other-case"),
    pytest.param(lambda: f"{part({})}.{part({})}.", id="no-algorithm"),
    pytest.param(lambda: f"{part({'alg': ['HS256']})}.{part({})}.x", id="algorithm-is-a-list"),
    pytest.param(lambda: token(headers={"crit": ["x"], "x": 1}), id="critical-extension"),
    pytest.param(lambda: token()[:-2], id="cut"),
    pytest.param(lambda: token() + ".x", id="four-parts"),
    pytest.param(lambda: "", id="empty"),
    pytest.param(lambda: "a.b.c", id="no-json"),
    pytest.param(lambda: f"{part([])}.{part({})}.x", id="header-is-a-list"),
    pytest.param(lambda: base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".e30.x", id="deep-header"),
    pytest.param(lambda: "é.é.é", id="no-ascii"),
    pytest.param(lambda: token() + "=", id="padding"),
    pytest.param(lambda: token() + "\n", id="line-break"),
    pytest.param(lambda: " " + token(), id="space"),
    pytest.param(lambda: token(n="x" * 64 * 1024), id="long"),
    pytest.param(lambda: token(OTHER, headers={"jwk": {"kty": "oct", "k": OTHER}}), id="key-of-its-own"),
    pytest.param(lambda: by_hand(b'{"alg":"HS256","kid":["a"]}', b'{"exp":9999999999}'), id="name-of-key-is-a-list"),
    pytest.param(lambda: by_hand(b'{"alg":"HS256","b64":false}', b'{"exp":9999999999}'), id="not-base64"),
    pytest.param(lambda: by_hand(b'{"alg":"HS256","crit":[]}', b'{"exp":9999999999}'), id="nothing-critical"),
    pytest.param(lambda: by_hand(HEADER, b"[1]"), id="claims-are-a-list"),
    pytest.param(lambda: by_hand(HEADER, b'{"exp":Infinity}'), id="no-end-ever"),
    pytest.param(lambda: by_hand(HEADER, b'{"exp":NaN}'), id="end-is-no-number"),
    pytest.param(lambda: by_hand(HEADER, b'{"exp":' + b"9" * 5000 + b"}"), id="end-is-far"),
    pytest.param(lambda: by_hand(HEADER, b'{"exp":9,"n":' + b"[" * 40_000 + b"]" * 4_000 + b"}"), id="deep-claims"),
]


@pytest.mark.parametrize("make", FORGED)
def test_forged(make: Callable[[], str]) -> None:
    """What nobody with the secret has signed is refused, and the client is not told what was wrong."""
    assert verify(of_secret(), make()) == INVALID


@given(st.text() | st.lists(st.text(), min_size=3, max_size=3).map(".".join))
def test_any_text_is_refused(text: str) -> None:
    """Nothing that is no token raises anything but that it is none."""
    assert verify(of_secret(), text) == INVALID


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("me"),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["exp", "nbf", "iat", "iss", "aud", "sub", "jti", "scope"])


@given(st.dictionaries(NAMES, JSON_VALUES), st.booleans())
def test_any_signed_claims(claims: dict[str, Any], good: bool) -> None:
    """Claims of whatever types are taken or refused, never a fault; those that are taken have the right types."""
    claims = {**claims, "exp": 9999999999, "iss": "me"} if good else claims
    verifier = of_secret(issuer=["me", "you"], audience="me", required=())
    found = verify(verifier, by_hand(HEADER, json.dumps(claims).encode()))
    if isinstance(found, str):
        assert found in {INVALID, "401 The token has expired"}
    else:
        times = [claims[name] for name in ("exp", "nbf", "iat") if name in claims]
        assert {type(time) for time in times} <= {int, float}
        assert (claims["iss"], "me" in claims["aud"]) == ("me", True)


def test_several_secrets() -> None:
    """While one secret replaces another, tokens of both are good."""
    verifier = of_secret(secret=[OTHER, SECRET])
    assert [verify(verifier, token(key, n=1)) for key in (SECRET, OTHER)] == [{"n": 1}, {"n": 1}]


@pytest.mark.parametrize(
    ("given_type", "found"),
    [("at+jwt", {}), ("AT+JWT", {}), ("application/at+jwt", {}), ("JWT", INVALID), (None, INVALID)],
)
def test_token_type(given_type: str | None, found: Any) -> None:
    """An identity token is no access token."""
    options = {"token_type": "at+jwt"}
    assert verify(of_secret(**options), token(headers={"typ": given_type})) == found


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"algorithms": ["none"]}, ValueError, r"algorithms= has \['none'\]"),
        ({"algorithms": ["RS256"]}, ValueError, "with this kind of key it takes HS256, HS384, HS512"),
        ({"algorithms": []}, ValueError, "algorithms= has nothing"),
        ({"algorithms": "HS256"}, TypeError, "algorithms is the text 'HS256'; write a list"),
        ({"secret": None}, TypeError, "takes one of secret=, public_key= and jwks="),
        ({"public_key": "x"}, TypeError, "takes one of secret=, public_key= and jwks="),
        ({"secret": "x" * 31}, ValueError, "at least 32 bytes"),
        ({"algorithms": ["HS256", "HS512"]}, ValueError, "a secret for HS512 has at least 64 bytes"),
        ({"secret": []}, ValueError, "no key is for HS256"),
        ({"secret": "-----BEGIN PUBLIC KEY-----" + "x" * 32}, ValueError, "give its public half as public_key="),
        ({"leeway_s": -1}, ValueError, "leeway_s is -1"),
        ({"leeway_s": float("nan")}, ValueError, "leeway_s is nan"),
        ({"leeway_s": float("inf")}, ValueError, "leeway_s is inf"),
    ],
)
def test_verifier_of_no_use(options: dict[str, Any], error: type[Exception], message: str) -> None:
    """A verifier that would let in whom it should not cannot be made."""
    with pytest.raises(error, match=message):
        of_secret(**options)


def test_secret_with_public_key_algorithm_and_back() -> None:
    """Neither kind of key takes the algorithms of the other."""
    with pytest.raises(ValueError, match=r"algorithms= has \['HS256'\]; with this kind of key it takes RS256"):
        JWTVerifier(algorithms=["HS256"], public_key="x")


def test_without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """Public keys say what is missing, and what works without it."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(ImportError, match=r"^RS256 needs the package cryptography: .* only HS256, HS384 and HS512"):
        JWTVerifier(algorithms=["RS256"], jwks=JWKSet("https://a.example/jwks"))


def test_without_pyjwt(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ImportError, match=r"JWTVerifier needs PyJWT: pip install 'hawkapi\[jwt\]'"):
        of_secret()


def ask(app: HawkAPI, authorization: str | None) -> Reply:
    """Send a request with these credentials."""
    return request(app, "GET", "/", headers={} if authorization is None else {"authorization": authorization})


def app_of(scheme: JWTBearer) -> HawkAPI:
    """Return an application that answers the claims of a token."""

    async def handler(claims: dict[str, Any] | None = Depends(scheme)) -> Any:
        return None if claims is None else claims["sub"]

    return app_with(handler)


def test_bearer() -> None:
    """Claims reach the handler; otherwise the client sees 401 and what RFC 6750 says of it."""
    app = app_of(JWTBearer(of_secret()))
    replies = [ask(app, value) for value in (f"Bearer {token(sub='ada')}", None, "Bearer", "Bearer x")]
    assert replies[0].json() == "ada"
    assert [(reply.status, reply.header("www-authenticate"), reply.json()["detail"]) for reply in replies[1:]] == [
        (401, "Bearer", "Not authenticated"),
        (401, "Bearer", "Invalid authentication credentials"),
        (401, 'Bearer error="invalid_token"', "Invalid token"),
    ]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        pytest.param({"scope": "b a c"}, 204, id="text"),
        pytest.param({"scope": ["a", "b"]}, 204, id="list"),
        pytest.param({"scope": "a"}, 403, id="one-missing"),
        pytest.param({"scope": "ab"}, 403, id="letters"),
        pytest.param({"scope": {"a": 1, "b": 1}}, 403, id="object"),
        pytest.param({"scope": None}, 403, id="null"),
        pytest.param({"scp": "a b"}, 403, id="other-claim"),
        pytest.param({}, 403, id="none"),
    ],
)
def test_scopes_of_a_token(claims: dict[str, Any], status: int) -> None:
    """With `scope_claim` a token must be good for every scope of the route; without, they are for others to compare."""
    challenge = 'Bearer error="insufficient_scope", scope="a b"'
    for scheme, expected in ((JWTBearer(of_secret(), scope_claim="scope"), status), (JWTBearer(of_secret()), 204)):
        app = HawkAPI()
        app.get("/", dependencies=[Security(scheme, scopes=["b"]), Security(scheme, scopes=["a"])])(nothing)
        reply = ask(app, f"Bearer {token(**claims)}")
        assert (reply.status, reply.header("www-authenticate")) == (expected, challenge if expected == 403 else None)


def test_scheme_with_scope_claim_called_by_hand() -> None:
    """Where nobody asks for scopes, a token needs none."""
    connection = HTTPConnection(http_scope("GET", "/", [("authorization", f"Bearer {token(sub='ada')}")]))
    claims = asyncio.run(JWTBearer(of_secret(), scope_claim="scope")(connection))
    assert claims is not None
    assert claims["sub"] == "ada"


async def nothing() -> None:
    """Answer nothing."""


def test_bearer_may_be_missing() -> None:
    """With `auto_error=False` a missing token gives nothing, one that is not valid is refused."""
    app = app_of(JWTBearer(of_secret(), auto_error=False))
    assert [ask(app, value).status for value in (None, "Basic x", "Bearer x")] == [204, 204, 401]


def test_bearer_describes_itself() -> None:
    """OpenAPI calls it a bearer token that is a JWT."""
    described = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    assert JWTBearer(of_secret()).openapi_scheme == described


@pytest.mark.race
def test_one_verifier_in_many_threads() -> None:
    """Threads with an event loop each share one verifier."""
    verifier, start, found = of_secret(), threading.Barrier(8), [0] * 8
    good, bad = token(sub="ada"), token(OTHER)

    def work(number: int) -> None:
        start.wait()
        for _ in range(50):
            found[number] += verify(verifier, good) == {"sub": "ada"} and verify(verifier, bad) == INVALID

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [50] * 8
