"""The middleware that adds fields to responses: timing, request ids, security."""

from __future__ import annotations

import re
from typing import Any

import pytest
from apps import app_with, hello
from asgi import Reply, request

from hawkapi import HawkAPI, Request, Response, TestClient, WebSocket
from hawkapi.middleware import RequestIDMiddleware, SecurityHeadersMiddleware, TimingMiddleware

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def ask(cls: Any, headers: dict[str, str] | None = None, handler: Any = hello, **options: Any) -> Reply:
    """Send one request through a middleware; `scheme` goes into the scope."""
    extra = {"scheme": options.pop("scheme")} if "scheme" in options else {}
    app = app_with(handler)
    app.add_middleware(cls, **options)
    return request(app, "GET", "/", headers=headers or {}, **extra)


def test_timing() -> None:
    """The seconds until the response began have six decimals; the field has its name in lower case."""
    times = iter([10.0, 10.25])
    reply = ask(TimingMiddleware, header_name="X-Took", clock=lambda: next(times))
    assert (b"x-took", b"0.250000") in reply.headers


def test_timing_by_default() -> None:
    """The default field is there."""
    assert re.fullmatch(r"\d+\.\d{6}", ask(TimingMiddleware).header("x-process-time") or "")


@pytest.mark.parametrize("cls", [TimingMiddleware, RequestIDMiddleware])
def test_name_that_is_none(cls: Any) -> None:
    """A name with a space is refused when the middleware is added."""
    with pytest.raises(ValueError, match="no name of a header field"):
        HawkAPI().add_middleware(cls, header_name="x took")


async def tell_id(request: Request) -> str:
    """Answer the request's id."""
    return str(request.scope["request_id"])


@pytest.mark.parametrize("given", ["a", "x" * 128, "trace-1/2!~"])
def test_request_id_of_the_client(given: str) -> None:
    """It is the handler's and the response's."""
    reply = ask(RequestIDMiddleware, {"x-request-id": given}, tell_id)
    assert (reply.json(), reply.header("x-request-id")) == (given, given)


@pytest.mark.parametrize("given", [None, "", "x" * 129, "a b", "a\x7f", "a\nb", "ü"])
def test_request_id_that_is_made(given: str | None) -> None:
    """A missing or dangerous one is replaced."""
    reply = ask(RequestIDMiddleware, {} if given is None else {"x-request-id": given}, tell_id)
    assert UUID.fullmatch(reply.json())
    assert reply.header("x-request-id") == reply.json()


def test_request_id_twice() -> None:
    """The inner one takes the outer one's, and the field is sent once."""
    app = app_with(tell_id)
    app.add_middleware(RequestIDMiddleware)
    app.add_middleware(RequestIDMiddleware)
    reply = request(app, "GET", "/")
    assert reply.header("x-request-id") == reply.json()


def test_request_id_of_a_websocket() -> None:
    """A connection has one too."""
    app = HawkAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.scope["request_id"])

    app.add_middleware(RequestIDMiddleware)
    with (
        TestClient(app) as client,
        client.websocket_connect("/ws", headers={"x-request-id": "abc"}) as socket,
    ):
        assert socket.receive_text() == "abc"


DEFAULTS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"x-xss-protection": b"1; mode=block",
    b"referrer-policy": b"strict-origin-when-cross-origin",
}
HSTS = {b"strict-transport-security": b"max-age=31536000; includeSubDomains"}


@pytest.mark.parametrize(("scheme", "expected"), [("http", DEFAULTS), ("https", {**DEFAULTS, **HSTS})])
def test_security_headers_by_default(scheme: str, expected: dict[bytes, bytes]) -> None:
    """HSTS is for TLS only (RFC 6797 section 7.2)."""
    reply = ask(SecurityHeadersMiddleware, scheme=scheme)
    names = {b"content-type", b"content-length", b"vary"}
    assert {name: value for name, value in reply.headers if name not in names} == expected


def test_security_headers_that_are_set() -> None:
    """Each can be left out or given; the application's own value stays."""

    async def handler() -> Response:
        """Have a policy."""
        return Response(b"", headers={"X-Frame-Options": "SAMEORIGIN"})

    reply = ask(
        SecurityHeadersMiddleware,
        handler=handler,
        scheme="https",
        content_type_options=None,
        xss_protection="",
        hsts=None,
        referrer_policy="no-referrer",
        permissions_policy="camera=()",
        content_security_policy="default-src 'self'",
    )
    names = {b"content-type", b"content-length", b"vary"}
    assert {name: value for name, value in reply.headers if name not in names} == {
        b"x-frame-options": b"SAMEORIGIN",
        b"referrer-policy": b"no-referrer",
        b"permissions-policy": b"camera=()",
        b"content-security-policy": b"default-src 'self'",
    }


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\0b", "☃"])
def test_security_header_that_cannot_be_sent(value: str) -> None:
    """It is refused when the middleware is added."""
    with pytest.raises(ValueError, match="content-security-policy"):
        HawkAPI().add_middleware(SecurityHeadersMiddleware, content_security_policy=value)
