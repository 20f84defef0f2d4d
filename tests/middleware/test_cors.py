"""`CORSMiddleware`: what other origins are told."""

from __future__ import annotations

from typing import Any

import pytest
from apps import app_with, hello
from asgi import Reply, request

from hawkapi import HawkAPI, Response
from hawkapi.middleware import CORSMiddleware

A = "https://a.example"
PREFLIGHT = {"origin": A, "access-control-request-method": "PUT", "access-control-request-headers": "X-One, x-two"}


def ask(method: str = "GET", headers: dict[str, str] | None = None, **options: Any) -> Reply:
    """Send one request through the middleware."""
    app = app_with(hello)
    app.add_middleware(CORSMiddleware, **options)
    return request(app, method, "/", headers={"origin": A} if headers is None else headers)


def cors_fields(reply: Reply) -> dict[str, str]:
    """Return what is about origins."""
    return {
        name.decode().removeprefix("access-control-"): value.decode()
        for name, value in reply.headers
        if name.startswith(b"access-control-") or name == b"vary"
    }


def test_request_without_origin() -> None:
    """It is left alone."""
    assert cors_fields(ask(headers={})) == {"vary": "accept"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"allow-origin": "*", "vary": "Origin"}),
        ({"allow_origins": ["*"]}, {"allow-origin": "*", "vary": "Origin"}),
        ({"allow_origins": [A]}, {"allow-origin": A, "vary": "Origin"}),
        ({"allow_origins": [A.upper()]}, {"vary": "Origin"}),
        ({"allow_origins": []}, {"vary": "Origin"}),
        ({"allow_origins": ["https://b.example"]}, {"vary": "Origin"}),
        ({"allow_origin_regex": r"https://\w+\.example"}, {"allow-origin": A, "vary": "Origin"}),
        ({"allow_origin_regex": r"https://a"}, {"vary": "Origin"}),
        (
            {"allow_origins": [A], "allow_credentials": True, "expose_headers": ["x-a", "x-b"]},
            {"allow-origin": A, "allow-credentials": "true", "expose-headers": "x-a, x-b", "vary": "Origin"},
        ),
    ],
    ids=["default", "star", "listed", "case", "none", "other", "regex", "regex of a part", "all options"],
)
def test_simple_request(options: dict[str, Any], expected: dict[str, str]) -> None:
    """The handler answers whatever the origin is; the fields say whether a script may read it."""
    reply = ask(**options)
    assert (reply.status, reply.json(), cors_fields(reply)) == (200, {"hello": "world"}, expected)


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("origin", ["", "a b", "a\r\nset-cookie: b=c", "a\0", "a\x7f", "é"])
def test_origin_that_is_none(origin: str, method: str) -> None:
    """It is not sent back, whatever the pattern matches."""
    reply = ask(method, {**PREFLIGHT, "origin": origin}, allow_origin_regex="(?s).*")
    assert not [name for name in cors_fields(reply) if name.startswith("allow-")]


def test_preflight_by_default() -> None:
    """It is answered for the handler, with the fields that are asked for."""
    reply = ask("OPTIONS", PREFLIGHT)
    assert (reply.status, reply.body) == (200, b"")
    assert cors_fields(reply) == {
        "allow-origin": "*",
        "vary": "Origin, Access-Control-Request-Headers",
        "allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
        "allow-headers": "X-One, x-two",
        "max-age": "600",
    }


def test_preflight_with_all_options() -> None:
    """Lists are told as they are."""
    reply = ask(
        "OPTIONS",
        {**PREFLIGHT, "access-control-request-private-network": "true"},
        allow_origins=[A],
        allow_methods=["GET"],
        allow_headers=["x-three"],
        allow_credentials=True,
        max_age=5,
        allow_private_network=True,
    )
    assert cors_fields(reply) == {
        "allow-origin": A,
        "vary": "Origin, Access-Control-Request-Headers",
        "allow-methods": "GET",
        "allow-headers": "x-three",
        "max-age": "5",
        "allow-credentials": "true",
        "allow-private-network": "true",
    }


def test_preflight_for_any_method() -> None:
    """`*` among the methods stands for the one that is asked for, which browsers need with credentials."""
    assert cors_fields(ask("OPTIONS", PREFLIGHT, allow_methods=["*"]))["allow-methods"] == "PUT"


@pytest.mark.parametrize(
    ("headers", "options"),
    [({"origin": A}, {}), (PREFLIGHT, {"allow_origins": ["https://b.example"]})],
    ids=["no preflight", "not allowed"],
)
def test_options_that_is_the_applications(headers: dict[str, str], options: dict[str, Any]) -> None:
    """An OPTIONS that is no preflight, or comes from another origin, goes to the application."""
    reply = ask("OPTIONS", headers, **options)
    assert (reply.status, reply.header("allow")) == (204, "GET, HEAD, OPTIONS")


def test_fields_of_the_application_are_replaced() -> None:
    """A browser refuses two origins in one response; the middleware's counts."""

    async def handler() -> Response:
        """Say something else."""
        return Response(b"", headers={"access-control-allow-origin": "https://b.example", "vary": "accept, origin"})

    app = app_with(handler)
    app.add_middleware(CORSMiddleware, allow_origins=[A])
    reply = request(app, "GET", "/", headers={"origin": A})
    assert cors_fields(reply) == {"allow-origin": A, "vary": "accept, origin"}


def test_fields_of_a_foreign_application_are_replaced() -> None:
    """It may spell their names with capitals; browsers refuse a response with two origins."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Access-Control-Allow-Origin", b"*")]})
        await send({"type": "http.response.body", "body": b""})

    reply = request(CORSMiddleware(inner, allow_origins=[A]), "GET", "/", headers={"origin": A})
    assert reply.headers == [(b"access-control-allow-origin", A.encode()), (b"vary", b"Origin")]


def test_messages_are_not_changed() -> None:
    """An application may send one start message for all its responses."""
    start = {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]}

    async def constant(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    app = CORSMiddleware(constant)
    assert len(request(app, "GET", "/", headers={"origin": A}).headers) == 3
    assert start["headers"] == [(b"x-a", b"b")]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"allow_credentials": True}, ValueError, "allow_credentials"),
        ({"allow_credentials": True, "allow_origins": [A, "*"]}, ValueError, "allow_credentials"),
        ({"max_age": -1}, ValueError, "max_age"),
        ({"allow_origin_regex": "("}, ValueError, "allow_origin_regex"),
        ({"allow_origins": A}, TypeError, "list"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(error, match=message):
        HawkAPI().add_middleware(CORSMiddleware, **options)
