"""`CSRFMiddleware`: which requests bring the token of their cookie."""

from __future__ import annotations

import re
from typing import Any

import pytest
from apps import app_with
from asgi import Reply, request

from hawkapi import HawkAPI, Request
from hawkapi.middleware import CSRFMiddleware

FORM = "application/x-www-form-urlencoded"
OLD = "old"


async def echo(request: Request) -> dict[str, str]:
    """Answer the body and the token."""
    return {"body": (await request.body()).decode(), "token": request.scope["csrf_token"]}


def make(**options: Any) -> HawkAPI:
    """Return an application that answers GET and POST behind the middleware."""
    app = app_with(echo, max_body_size=400)
    app.post("/", status_code=200)(echo)
    app.add_middleware(CSRFMiddleware, **{"secret": ["new", OLD], **options})
    return app


def make_token(app: HawkAPI | None = None) -> str:
    """Return a token as a new client gets it."""
    return str(request(app or make(), "GET", "/").json()["token"])


def post(token: str | None, cookie: str | None, app: HawkAPI | None = None, **options: Any) -> Reply:
    """Send an unsafe request with a token in a field, and a cookie."""
    headers = {**options.pop("headers", {})}
    if token is not None:
        headers["x-csrf-token"] = token
    if cookie is not None:
        headers["cookie"] = f"csrftoken={cookie}"
    return request(app or make(), "POST", "/", headers=headers, **options)


def test_new_client_gets_a_token() -> None:
    """A safe request without a cookie is answered with one; the handler knows it."""
    reply = request(make(), "GET", "/")
    cookie = reply.header("set-cookie") or ""
    assert re.fullmatch(r"csrftoken=[\w-]{43}\.[0-9a-f]{64}; Path=/; Secure; SameSite=lax", cookie)
    assert cookie.startswith(f"csrftoken={reply.json()['token']};")


def test_options_of_the_cookie() -> None:
    """They are those that were given."""
    app = make(cookie_name="t", cookie_path="/app", cookie_httponly=True, cookie_secure=False, cookie_samesite="strict")
    cookie = request(app, "GET", "/").header("set-cookie") or ""
    assert cookie.partition(".")[2][64:] == "; Path=/app; HttpOnly; SameSite=strict"


def test_known_client_keeps_its_token() -> None:
    """Nothing is set; a token that was signed with an older secret is one too."""
    for token in (make_token(), make_token(make(secret=OLD))):
        reply = request(make(), "GET", "/", headers={"cookie": f"csrftoken={token}"})
        assert (reply.header("set-cookie"), reply.json()["token"]) == (None, token)


@pytest.mark.parametrize("cookie", ["", "x", "a.b", f"x.{'0' * 64}", "ü.ü"])
def test_invalid_cookie_is_replaced(cookie: str) -> None:
    """A client with a cookie that can never be valid is not locked out."""
    reply = request(make(), "GET", "/", headers={"cookie": f"csrftoken={cookie}"})
    assert (reply.header("set-cookie") or "").startswith("csrftoken=")


def test_token_in_a_field() -> None:
    """It is the cookie's, and the request passes."""
    token = make_token()
    reply = post(token, token, body=b"body")
    assert (reply.status, reply.json()) == (200, {"body": "body", "token": token})


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_token_in_a_form(kind: str, chunked: bool) -> None:
    """The form is there for the handler again."""
    token = make_token()
    if kind == "urlencoded":
        content_type, body = FORM, f"a=1&csrf_token={token}"
    else:
        content_type = "multipart/form-data; boundary=b"
        body = f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n--b--\r\n'
    encoded = body.encode()
    chunks = [encoded[:20], encoded[20:]] if chunked else [encoded]
    reply = post(None, token, chunks=chunks, headers={"content-type": content_type})
    assert (reply.status, reply.json()["body"]) == (200, body)


@pytest.mark.asgi_only("fields that are not ASCII are missing")
@pytest.mark.parametrize(
    ("token", "cookie", "detail"),
    [
        ("valid", None, "CSRF cookie not set."),
        ("valid", "", "CSRF cookie not set."),
        (None, "valid", "CSRF token missing."),
        ("", "valid", "CSRF token missing."),
        ("forged", "forged", "CSRF token signature invalid."),
        ("forged", "valid", "CSRF token signature invalid."),
        ("valid", "forged", "CSRF token mismatch."),
        ("other", "valid", "CSRF token mismatch."),
        ("ü", "valid", "CSRF token signature invalid."),
        ("ü", "ü", "CSRF token signature invalid."),
    ],
)
def test_refused(token: str | None, cookie: str | None, detail: str) -> None:
    """Each fault has its own sentence; the handler is not called."""
    values = {"valid": make_token(), "other": make_token(), "forged": f"x.{'0' * 64}"}
    reply = post(values.get(token or "", token), values.get(cookie or "", cookie))
    assert reply.json() == {
        "type": "https://hawkapi.ashimov.com/errors/csrf",
        "title": "CSRF Validation Failed",
        "status": 403,
        "detail": detail,
    }
    assert reply.header("content-type") == "application/problem+json"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{"csrf_token": "TOKEN"}'),
        ("multipart/form-data; boundary=b", "no form"),
        ("multipart/form-data", "csrf_token=TOKEN"),
        (FORM, "csrf_token="),
        ("", "csrf_token=TOKEN"),
    ],
)
def test_body_without_a_token(content_type: str, body: str) -> None:
    """Only a field of a well-formed form is a token."""
    token = make_token()
    reply = post(None, token, body=body.replace("TOKEN", token).encode(), headers={"content-type": content_type})
    assert (reply.status, reply.json()["detail"]) == (403, "CSRF token missing.")


@pytest.mark.parametrize(("size", "status"), [(400, 403), (401, 413)])
def test_form_is_bounded(size: int, status: int) -> None:
    """A form is read up to the application's `max_body_size`."""
    assert post(None, make_token(), body=b"a" * size, headers={"content-type": FORM}).status == status


def test_safe_methods() -> None:
    """They can be others."""
    assert post(None, None, make(safe_methods=["get", "post"])).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://a.example"}, 200),
        ({"origin": "http://a.example:80"}, 200),
        ({"origin": "https://trusted.example"}, 200),
        ({"referer": "http://a.example/page?q"}, 200),
        ({"origin": "https://a.example"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"referer": "http://evil.example/"}, 403),
        ({"referer": "http://[::1"}, 403),
        ({"referer": "http://a]b/"}, 403),
        ({"origin": "http://evil.example", "referer": "http://a.example/"}, 403),
    ],
)
def test_origin(headers: dict[str, str], status: int) -> None:
    """With `trusted_origins` a request from another site's page is refused, token or not."""
    app = make(trusted_origins=["https://trusted.example"])
    token = make_token()
    assert post(token, token, app, headers={"host": "a.example", **headers}).status == status


@pytest.mark.parametrize("secret", ["", b"", [], ["a", ""]])
def test_missing_secret(secret: Any) -> None:
    """Everybody could sign with it; it is refused when the middleware is added."""
    with pytest.raises(ValueError, match="secret is empty"):
        HawkAPI().add_middleware(CSRFMiddleware, secret=secret)


def test_cookie_that_browsers_drop() -> None:
    """It is refused when the middleware is added."""
    with pytest.raises(ValueError, match="needs secure=True"):
        HawkAPI().add_middleware(CSRFMiddleware, secret="x", cookie_secure=False, cookie_samesite="none")  # noqa: S106
