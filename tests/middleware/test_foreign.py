"""ASGI middleware from elsewhere: Starlette's classes and functions that wrap an application."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
from apps import app_with, hello
from asgi import request
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from hawkapi import HawkAPI, Middleware, PlainTextResponse, Request, StreamingResponse, TestClient


async def echo(request: Request) -> PlainTextResponse:
    """Answer the body, and what middleware has left."""
    return PlainTextResponse(await request.body() + b" " + str(getattr(request.state, "left", "")).encode())


async def many() -> str:
    """Answer enough to be compressed."""
    return "x" * 1000


def test_gzip() -> None:
    """Starlette's compression compresses our responses."""
    app = app_with(many)
    app.add_middleware(GZipMiddleware, minimum_size=100)
    reply = request(app, "GET", "/", headers={"accept-encoding": "gzip"})
    assert (reply.header("content-encoding"), gzip.decompress(reply.body)) == ("gzip", b'"' + b"x" * 1000 + b'"')


def test_trusted_host() -> None:
    """Starlette's check of the host refuses, and lets through."""
    app = app_with(hello)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["good.example"])
    statuses = [request(app, "GET", "/", headers={"host": host}).status for host in ("good.example", "bad.example")]
    assert statuses == [200, 400]


def test_cors() -> None:
    """Starlette's CORS answers a preflight."""
    app = app_with(hello)
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])
    headers = {"origin": "https://a.example", "access-control-request-method": "GET"}
    reply = request(app, "OPTIONS", "/", headers=headers)
    assert (reply.status, reply.header("access-control-allow-origin")) == (200, "https://a.example")


class Leave(BaseHTTPMiddleware):
    """Leaves something in the state, and marks the response."""

    async def dispatch(self, request: Any, call_next: Any) -> Any:
        request.state.left = "here"
        response = await call_next(request)
        response.headers["x-left"] = "yes"
        return response


class ReadFirst(BaseHTTPMiddleware):
    """Reads the body before the handler does."""

    async def dispatch(self, request: Any, call_next: Any) -> Any:
        request.state.left = len(await request.body())
        return await call_next(request)


def test_base_http_middleware_shares_state() -> None:
    """What it leaves in the state is there for the handler, and its changes reach the client."""
    app = app_with(echo, method="POST")
    app.add_middleware(Leave)
    reply = request(app, "POST", "/", body=b"body")
    assert (reply.body, reply.header("x-left")) == (b"body here", "yes")


def test_base_http_middleware_that_reads_the_body() -> None:
    """It replays the body, which the handler reads again; inside our own middleware too."""

    class Ours(Middleware):
        async def before_request(self, request: Request) -> None:
            await request.body()

    app = app_with(echo, method="POST")
    app.add_middleware(ReadFirst)
    assert request(app, "POST", "/", chunks=[b"bo", b"dy"]).body == b"body 4"
    app = app_with(echo, method="POST")
    app.add_middleware(Ours)
    app.add_middleware(ReadFirst)
    assert request(app, "POST", "/", chunks=[b"bo", b"dy"]).body == b"body 4"


def test_base_http_middleware_streams() -> None:
    """A stream passes through it in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def handler() -> StreamingResponse:
        """Answer in pieces."""
        return StreamingResponse(pieces())

    app = app_with(handler)
    app.add_middleware(Leave)
    reply = request(app, "GET", "/")
    assert [message["body"] for message in reply.messages[1:] if message["body"]] == [b"a", b"b"]


class Everybody(AuthenticationBackend):
    """Knows everybody as Ann."""

    async def authenticate(self, conn: Any) -> Any:
        return AuthCredentials(["read"]), SimpleUser("ann")


def test_authentication() -> None:
    """The user and the scopes that it finds are those of our request."""

    async def handler(request: Request) -> list[str]:
        """Answer who it is."""
        return [request.user.display_name, *request.auth.scopes]

    app = app_with(handler)
    app.add_middleware(AuthenticationMiddleware, backend=Everybody())
    assert request(app, "GET", "/").json() == ["ann", "read"]


def test_session() -> None:
    """Starlette's session is ours: what one request leaves in it is there for the next."""
    sessions = pytest.importorskip("starlette.middleware.sessions", reason="needs itsdangerous", exc_type=ImportError)

    async def count(request: Request) -> int:
        """Count the requests of a client."""
        request.session["count"] = request.session.get("count", 0) + 1
        return int(request.session["count"])

    app = app_with(count)
    app.add_middleware(sessions.SessionMiddleware, secret_key="not so secret")  # noqa: S106
    with TestClient(app) as client:
        assert [client.get("/").json() for _ in range(2)] == [1, 2]


def test_function_that_wraps_an_application() -> None:
    """Middleware need not be a class."""

    def marking(app: Any, mark: str) -> Any:
        async def marked(scope: Any, receive: Any, send: Any) -> None:
            async def send_marked(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-mark", mark.encode()))
                await send(message)

            await app(scope, receive, send_marked)

        return marked

    app = HawkAPI()
    app.get("/", middleware=[(marking, {"mark": "route"})])(hello)
    assert request(app, "GET", "/").header("x-mark") == "route"
