"""Security schemes: what they find in a request, how they refuse one, how they describe themselves."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from apps import TYPES, app_with, assert_problem
from asgi import http_scope, request
from hypothesis import given
from hypothesis import strategies as st
from websockets_asgi import ACCEPT, DENIAL, close, converse, text

from hawkapi import Depends, HawkAPI, HTTPException, Request, WebSocket
from hawkapi.requests.connection import HTTPConnection
from hawkapi.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    HTTPBearerCredentials,
    HTTPDigest,
    InsufficientScopeError,
    InvalidTokenError,
    OAuth2,
    OAuth2AuthorizationCodeBearer,
    OAuth2ClientCredentials,
    OAuth2PasswordBearer,
    OpenIdConnect,
    Security,
    SecurityScheme,
)
from hawkapi.security.api_key import MissingCredentialError, missing_credential_error

FORMAT = "Invalid Authorization header format"
INVALID = "Invalid authentication credentials"
BASE64 = "Invalid base64 encoding"
CREDENTIALS = "Invalid credentials format"

type Fields = list[tuple[str, str]]


def ask(scheme: SecurityScheme, target: str = "/", *fields: tuple[str, str]) -> Any:
    """Return what a scheme finds in a request, or the text it refuses it with."""
    connection = HTTPConnection(http_scope("GET", target, list(fields)))
    try:
        return asyncio.run(scheme(connection))
    except MissingCredentialError as exc:
        return exc.detail


def authorized(scheme: SecurityScheme, *values: str) -> Any:
    """Return what a scheme finds in `Authorization`, or the text it refuses it with."""
    return ask(scheme, "/", *(("authorization", value) for value in values))


def basic(content: str | bytes, scheme: str = "Basic") -> str:
    """Return the value of `Authorization` for a name and a password."""
    raw = content if isinstance(content, bytes) else content.encode()
    return f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("scheme", "target", "fields", "found"),
    [
        pytest.param(APIKeyHeader("X-Key"), "/", [("x-key", "k")], "k", id="header"),
        pytest.param(APIKeyHeader("X-Key"), "/", [], "Missing header: X-Key", id="header-missing"),
        pytest.param(APIKeyHeader("X-Key"), "/", [("x-key", "")], "Missing header: X-Key", id="header-empty"),
        pytest.param(
            APIKeyHeader("X-Key"),
            "/",
            [("x-key", "a"), ("x-key", "b")],
            "More than one header: X-Key",
            id="header-twice",
        ),
        pytest.param(APIKeyQuery("k"), "/?k=a%20b", [], "a b", id="query"),
        pytest.param(APIKeyQuery("k"), "/", [], "Missing query parameter: k", id="query-missing"),
        pytest.param(APIKeyQuery("k"), "/?k=", [], "Missing query parameter: k", id="query-empty"),
        pytest.param(APIKeyQuery("k"), "/?k", [], "Missing query parameter: k", id="query-without-value"),
        pytest.param(APIKeyQuery("k"), "/?k=a&k=b", [], "More than one query parameter: k", id="query-twice"),
        pytest.param(APIKeyCookie("k"), "/", [("cookie", "j=1; k=v")], "v", id="cookie"),
        pytest.param(APIKeyCookie("k"), "/", [("cookie", "j=1")], "Missing cookie: k", id="cookie-missing"),
        pytest.param(APIKeyCookie("k"), "/", [("cookie", "k=")], "Missing cookie: k", id="cookie-empty"),
    ],
)
def test_api_key(scheme: SecurityScheme, target: str, fields: Fields, found: str) -> None:
    """A key is a text; an empty one is missing, and of several none is taken."""
    assert ask(scheme, target, *fields) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(basic("u:p"), ("u", "p"), id="both"),
        pytest.param(basic("u:p", "bASIC"), ("u", "p"), id="case"),
        pytest.param(basic("u:p:q"), ("u", "p:q"), id="colon-in-password"),
        pytest.param(basic("u:"), ("u", ""), id="no-password"),
        pytest.param(basic(":p"), ("", "p"), id="no-name"),
        pytest.param(basic("jürgen:ñ"), ("jürgen", "ñ"), id="utf-8"),
        pytest.param("", "Missing Authorization header", id="empty"),
        pytest.param("Basic", FORMAT, id="scheme-alone"),
        pytest.param("Basic ", FORMAT, id="nothing-behind"),
        pytest.param(basic("u:p", "Bearer"), FORMAT, id="other-scheme"),
        pytest.param("Basic  dTpw", BASE64, id="two-spaces"),
        pytest.param("Basic dTpw dTpw", BASE64, id="two-tokens"),
        pytest.param("Basic dTp", BASE64, id="no-padding"),
        pytest.param("Basic dTp*", BASE64, id="no-base64"),
        pytest.param("Basic é", BASE64, id="no-ascii"),
        pytest.param(basic(b"u:\xff"), BASE64, id="no-utf-8"),
        pytest.param(basic("up"), CREDENTIALS, id="no-colon"),
        pytest.param(basic("u:p\n"), CREDENTIALS, id="control-character"),
    ],
)
def test_basic(value: str, found: tuple[str, str] | str) -> None:
    """Name and password are base64 of UTF-8 with a colon between them, and nothing else."""
    expected = found if isinstance(found, str) else HTTPBasicCredentials(*found)
    assert authorized(HTTPBasic(), value) == expected


EVERY = [
    HTTPBasic(),
    HTTPBearer(),
    HTTPDigest(),
    OAuth2PasswordBearer("token"),
    OpenIdConnect("/openid"),
    APIKeyHeader("Authorization"),
    APIKeyQuery("k"),
    APIKeyCookie("k"),
]
ENCODABLE = st.text(st.characters(codec="utf-8"))
STARTS = st.sampled_from([b"", b"Basic ", b"Bearer ", b"Digest ", b"basic", b"bEARER\t", b"k=", b"Basic dTpw"])


@given(st.lists(st.tuples(STARTS, st.binary()).map(b"".join), max_size=3), st.binary())
def test_any_fields(values: list[bytes], query: bytes) -> None:
    """Whatever bytes come, a scheme finds credentials without control characters, or says that there are none."""
    headers = [pair for value in values for pair in ((b"authorization", value), (b"cookie", value))]
    scope = {**http_scope("GET", "/"), "headers": headers, "query_string": query}
    for scheme in EVERY:
        found = None
        with contextlib.suppress(MissingCredentialError):
            found = asyncio.run(scheme(HTTPConnection(scope)))
            assert found
        if isinstance(found, HTTPBasicCredentials):
            assert ":" not in found.username
            assert not set(found.username + found.password) & {chr(code) for code in (*range(32), 127)}
        elif isinstance(found, HTTPBearerCredentials):
            assert (found.credentials.isascii(), found.credentials.split()) == (True, [found.credentials])


@given(ENCODABLE, ENCODABLE)
def test_any_name_and_password(username: str, password: str) -> None:
    """What a client encodes as RFC 7617 says is found again, unless it has control characters, or a name a colon."""
    can_be = ":" not in username and all(character >= " " and character != "\x7f" for character in username + password)
    found = authorized(HTTPBasic(), basic(f"{username}:{password}"))
    assert (found == HTTPBasicCredentials(username, password)) is can_be


TOKENS = [
    pytest.param("Bearer tok", "tok", id="token"),
    pytest.param("bEARER tok", "tok", id="case"),
    pytest.param("Bearer  tok ", "tok", id="spaces-around"),
    pytest.param("Bearer a-._~+/|:=", "a-._~+/|:=", id="characters"),
    pytest.param("Bearer a b", None, id="space-inside"),
    pytest.param("Bearer a\tb", None, id="tab-inside"),
    pytest.param("Bearer tök", None, id="no-ascii"),
    pytest.param("Bearer", None, id="scheme-alone"),
    pytest.param("Bearer ", None, id="empty"),
    pytest.param("Bearer   ", None, id="spaces"),
    pytest.param("Token tok", None, id="other-scheme"),
    pytest.param("tok", None, id="no-scheme"),
]


@pytest.mark.parametrize(("value", "token"), TOKENS)
def test_bearer(value: str, token: str | None) -> None:
    """A token has no white space in it; the scheme is as the client spells it."""
    expected = FORMAT if token is None else HTTPBearerCredentials(value.partition(" ")[0], token)
    assert authorized(HTTPBearer(), value) == expected


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param('Digest username="ada", nonce="n"', 'username="ada", nonce="n"', id="parameters"),
        pytest.param("dIGEST  a=b ", "a=b", id="case-and-spaces"),
        pytest.param("Digest", None, id="scheme-alone"),
        pytest.param("Digest  ", None, id="spaces"),
        pytest.param("Bearer tok", None, id="other-scheme"),
    ],
)
def test_digest(value: str, found: str | None) -> None:
    """The parameters are one text; what is in them is for the dependency to read."""
    expected = FORMAT if found is None else HTTPAuthorizationCredentials(value.partition(" ")[0], found)
    assert authorized(HTTPDigest(), value) == expected


@pytest.mark.parametrize(
    "scheme",
    [
        pytest.param(OAuth2PasswordBearer("token"), id="password"),
        pytest.param(OAuth2AuthorizationCodeBearer("authorize", "token"), id="authorization-code"),
        pytest.param(OAuth2ClientCredentials("token"), id="client-credentials"),
        pytest.param(OAuth2({}), id="flows"),
        pytest.param(OpenIdConnect("/.well-known/openid-configuration"), id="openid"),
    ],
)
@pytest.mark.parametrize(("value", "token"), TOKENS)
def test_oauth2(scheme: SecurityScheme, value: str, token: str | None) -> None:
    """Whatever flow issues it, the token is found as a text."""
    assert authorized(scheme, value) == (INVALID if token is None else token)
    assert authorized(scheme) == "Not authenticated"


@pytest.mark.parametrize(
    ("scheme", "detail"),
    [
        pytest.param(HTTPBasic(), FORMAT, id="basic"),
        pytest.param(HTTPBearer(), FORMAT, id="bearer"),
        pytest.param(HTTPDigest(), FORMAT, id="digest"),
        pytest.param(OAuth2PasswordBearer("token"), INVALID, id="oauth2"),
    ],
)
def test_authorization_twice(scheme: SecurityScheme, detail: str) -> None:
    """Of several `Authorization` fields none is taken: a proxy may have checked another."""
    assert authorized(scheme, "Bearer a", basic("u:p")) == detail


@pytest.mark.parametrize("values", [[], ["Nonsense"], ["Basic x", "Basic y"], ["Basic dXA="]])
@pytest.mark.parametrize(
    "make",
    [HTTPBasic, HTTPBearer, HTTPDigest, lambda **more: OAuth2PasswordBearer("token", **more)],
    ids=["basic", "bearer", "digest", "oauth2"],
)
def test_authorization_may_be_missing(make: Callable[..., SecurityScheme], values: list[str]) -> None:
    """With `auto_error=False` whatever is no credentials gives nothing."""
    assert authorized(make(auto_error=False), *values) is None


@pytest.mark.parametrize(("cls", "target"), [(APIKeyHeader, "/"), (APIKeyQuery, "/?k=a&k=b"), (APIKeyCookie, "/")])
def test_key_may_be_missing(cls: type[APIKeyQuery], target: str) -> None:
    """With `auto_error=False` a missing key gives nothing, and so do several."""
    assert ask(cls("k", auto_error=False), target) is None


@pytest.mark.parametrize(
    ("scheme", "detail", "challenge"),
    [
        (APIKeyHeader("X-Key"), "Missing header: X-Key", None),
        (HTTPBasic(), "Missing Authorization header", 'Basic realm="hawkapi", charset="UTF-8"'),
        (HTTPBasic(realm='a "b" \\'), "Missing Authorization header", 'Basic realm="a \\"b\\" \\\\", charset="UTF-8"'),
        (HTTPBearer(), "Missing Authorization header", "Bearer"),
        (HTTPBearer(realm="a"), "Missing Authorization header", 'Bearer realm="a"'),
        (HTTPDigest(), "Missing Authorization header", "Digest"),
        (HTTPDigest(realm="a"), "Missing Authorization header", 'Digest realm="a"'),
        (OAuth2PasswordBearer("token"), "Not authenticated", "Bearer"),
        (OpenIdConnect("/openid"), "Not authenticated", "Bearer"),
    ],
    ids=[
        "key",
        "basic",
        "basic-realm",
        "bearer",
        "bearer-realm",
        "digest",
        "digest-realm",
        "oauth2",
        "openid",
    ],
)
def test_refusal(scheme: SecurityScheme, detail: str, challenge: str | None) -> None:
    """A request without credentials is answered with 401, a problem document and the challenge of the scheme."""

    async def handler(found: Any = Depends(scheme)) -> None:
        raise AssertionError

    reply = request(app_with(handler), "GET", "/")
    body = f'{{"type":"{TYPES}http","title":"Unauthorized","status":401,"detail":"{detail}"}}'
    challenges = [] if challenge is None else [(b"www-authenticate", challenge.encode())]
    assert_problem(reply, 401, body, *challenges)


def test_scheme_called_by_hand() -> None:
    """A handler that asks a scheme itself answers 401 as well."""

    async def handler(request: Request) -> None:
        await HTTPBearer()(request)

    reply = request(app_with(handler), "GET", "/")
    assert (reply.status, reply.header("www-authenticate")) == (401, "Bearer")


async def whoami(ws: WebSocket, token: Annotated[str, Depends(OAuth2PasswordBearer("token"))]) -> None:
    """Send the token back."""
    await ws.accept()
    await ws.send_text(token)


def websocket_app() -> HawkAPI:
    """Return an application whose WebSocket needs a token."""
    app = HawkAPI()
    app.websocket("/ws")(whoami)
    return app


def test_websocket() -> None:
    """Schemes find the credentials of a WebSocket's handshake."""
    assert converse(websocket_app(), "/ws", headers=[("authorization", "Bearer t")]) == [ACCEPT, text("t"), close()]


def test_websocket_without_credentials() -> None:
    """Its handshake is answered with 401 and the challenge, or closed with 1008 where a server cannot do that."""
    sent = converse(websocket_app(), "/ws", extensions=DENIAL)
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"www-authenticate"]) == (401, b"Bearer")
    assert converse(websocket_app(), "/ws") == [close(1008, "Not authenticated")]


@pytest.mark.parametrize(
    ("scheme", "described"),
    [
        (APIKeyHeader("X-Key"), {"type": "apiKey", "in": "header", "name": "X-Key"}),
        (APIKeyQuery("k", description="d"), {"type": "apiKey", "in": "query", "name": "k", "description": "d"}),
        (APIKeyCookie("k"), {"type": "apiKey", "in": "cookie", "name": "k"}),
        (HTTPBasic(), {"type": "http", "scheme": "basic"}),
        (HTTPBearer(), {"type": "http", "scheme": "bearer"}),
        (HTTPBearer(bearer_format="JWT"), {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),
        (HTTPBearer(bearerFormat="JWT"), {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),
        (HTTPDigest(description="d"), {"type": "http", "scheme": "digest", "description": "d"}),
        (
            OAuth2PasswordBearer("t", scopes={"a": "A"}),
            {"type": "oauth2", "flows": {"password": {"tokenUrl": "t", "scopes": {"a": "A"}}}},
        ),
        (
            OAuth2PasswordBearer(tokenUrl="t", refreshUrl="r"),
            {"type": "oauth2", "flows": {"password": {"tokenUrl": "t", "scopes": {}, "refreshUrl": "r"}}},
        ),
        (
            OAuth2AuthorizationCodeBearer(authorizationUrl="a", tokenUrl="t"),
            {
                "type": "oauth2",
                "flows": {"authorizationCode": {"authorizationUrl": "a", "tokenUrl": "t", "scopes": {}}},
            },
        ),
        (
            OAuth2ClientCredentials("t"),
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "t", "scopes": {}}}},
        ),
        (
            OAuth2({"implicit": {"authorizationUrl": "a", "scopes": {}}}),
            {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "a", "scopes": {}}}},
        ),
        (OpenIdConnect(openIdConnectUrl="o"), {"type": "openIdConnect", "openIdConnectUrl": "o"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SecurityScheme) else "",
)
def test_description(scheme: SecurityScheme, described: dict[str, Any]) -> None:
    """A scheme says what it is as OpenAPI writes it."""
    assert scheme.openapi_scheme == described


def test_scheme_of_ones_own() -> None:
    """A subclass needs a call only; it is described as nothing until it says what it is."""

    class Signed(SecurityScheme):
        async def __call__(self, request: Request) -> str:
            if "signature" not in request.headers:
                raise missing_credential_error("unsigned", headers={"WWW-Authenticate": "Signature"})
            return request.headers["signature"]

    async def handler(found: str = Depends(Signed())) -> str:
        return found

    app = app_with(handler)
    assert request(app, "GET", "/", headers={"signature": "s"}).json() == "s"
    assert request(app, "GET", "/").header("www-authenticate") == "Signature"
    assert (Signed().openapi_scheme, Signed().scheme_name) == ({}, None)


class OwnScheme(SecurityScheme):
    async def __call__(self, request: Request) -> str:
        """Return nothing of interest."""
        return ""


@pytest.mark.parametrize("cls", [HTTPBearer, HTTPBasic, APIKeyHeader, OAuth2PasswordBearer, OwnScheme])
@pytest.mark.parametrize("marker", [Depends, Security], ids=["depends", "security"])
def test_class_of_a_scheme(cls: Any, marker: Callable[[Any], object]) -> None:
    """The class in the place of a scheme would let everybody in, because making a scheme asks for nothing."""
    with pytest.raises(
        TypeError, match=rf"\({cls.__name__}\) names the class .* write \w+\({cls.__name__}\(\.\.\.\)\)"
    ):
        marker(cls)


def test_attributes_of_the_password_scheme() -> None:
    """What it was made of can be read: a dependency may tell which scopes there are."""
    scheme = OAuth2PasswordBearer("/token", scopes={"read": "Read notes"})
    assert (scheme.token_url, scheme.scopes, scheme.auto_error) == ("/token", {"read": "Read notes"}, True)
    assert OAuth2PasswordBearer("/token").scopes == {}


def test_missing_credential_error() -> None:
    """It is an HTTP exception, so that it is answered wherever it is raised."""
    error = missing_credential_error("gone", headers={"a": "b"})
    assert isinstance(error, MissingCredentialError)
    assert isinstance(error, HTTPException)
    assert (error.detail, error.status_code, error.headers) == ("gone", 401, {"a": "b"})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: APIKeyHeader(""), ValueError, "APIKeyHeader needs the name of a header"),
        (lambda: APIKeyHeader("a b"), ValueError, "'a b' is not the name of a header field"),
        (lambda: HTTPBasic(realm="a\nb"), ValueError, "cannot stand in a header field"),
        (lambda: HTTPBearer(realm="é"), ValueError, "cannot stand in a header field"),
        (OAuth2PasswordBearer, TypeError, "token_url is missing"),
        (lambda: OAuth2PasswordBearer("a", tokenUrl="b"), TypeError, "token_url is given twice"),
        (lambda: OAuth2AuthorizationCodeBearer(tokenUrl="t"), TypeError, "authorization_url is missing"),
        (OAuth2ClientCredentials, TypeError, "token_url is missing"),
        (lambda: HTTPBearer(bearer_format="a", bearerFormat="b"), TypeError, "bearer_format is given twice"),
        (OpenIdConnect, TypeError, "open_id_connect_url is missing"),
        (lambda: OAuth2PasswordBearer("t", scopes=["a"]), TypeError, "scopes= of a scheme is a dict"),  # type: ignore[arg-type]
    ],
    ids=["no-name", "name", "realm", "realm-not-ascii", "url", "twice", "code", "client", "format", "openid", "scopes"],
)
def test_arguments_of_no_use(make: Callable[[], object], error: type[Exception], message: str) -> None:
    """A scheme that could not work says so when it is made."""
    with pytest.raises(error, match=message):
        make()


def test_credentials_do_not_show_secrets() -> None:
    """What is written to a log has no password and no token in it."""
    assert repr(HTTPBasicCredentials("u", "secret")) == "HTTPBasicCredentials(username='u', password='***')"
    assert (
        repr(HTTPBearerCredentials("Bearer", "secret")) == "HTTPBearerCredentials(scheme='Bearer', credentials='***')"
    )
    assert list(HTTPBasicCredentials("u", "secret").__rich_repr__()) == [("username", "u"), ("password", "***")]


def test_bearer_credentials_are_authorization_credentials() -> None:
    """Both are frozen structs with the same two members, so one annotation is good for several schemes."""
    found = authorized(HTTPBearer(), "Bearer a")
    assert isinstance(found, HTTPAuthorizationCredentials)
    assert (found.scheme, found.credentials) == ("Bearer", "a")


def test_invalid_token_error() -> None:
    """It is a 401 with a challenge that says what is wrong with the token, and no more."""
    error = InvalidTokenError()
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert (error.status_code, error.detail, error.headers) == (401, "Invalid token", challenge)


@pytest.mark.parametrize(
    ("scopes", "challenge"),
    [([], ""), (["a"], ', scope="a"'), (["b:c", "a"], ', scope="b:c a"'), (['"'], ', scope="\\""')],
    ids=["untold", "one", "several", "quoted"],
)
def test_insufficient_scope_error(scopes: list[str], challenge: str) -> None:
    """It is a 403 with a challenge that names the scopes, if they are to be told."""
    error = InsufficientScopeError(scopes)
    assert (error.status_code, error.detail) == (403, "Insufficient scope")
    assert error.headers == {"WWW-Authenticate": f'Bearer error="insufficient_scope"{challenge}'}


def test_insufficient_scope_error_with_a_line_break() -> None:
    """A scope that would write a field of its own is refused."""
    with pytest.raises(ValueError, match="cannot stand in a header field"):
        InsufficientScopeError(["a\r\nset-cookie: b"])


def test_credentials_are_frozen() -> None:
    """They cannot be changed on their way to the handler."""
    with pytest.raises(AttributeError):
        HTTPBasicCredentials("u", "p").username = "root"  # type: ignore[misc]
