"""Small applications, and what their answers look like on the wire."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from asgi import Reply

from hawkapi import HawkAPI

PROBLEM = (b"content-type", b"application/problem+json")
JSON = (b"content-type", b"application/json")
VARY = (b"vary", b"accept")
TYPES = "https://hawkapi.ashimov.com/errors/"
UUID_TEXT = "12345678-1234-5678-1234-567812345678"
NO_PROBES: dict[str, Any] = {"health_url": None, "readyz_url": None, "livez_url": None, "openapi_url": None}
"""Options of an application whose routes are those of the test alone."""
current_user: ContextVar[str] = ContextVar("current_user", default="nobody")


@dataclass
class Item:
    name: str
    price: float = 0.5


@dataclass
class SecretItem(Item):
    hidden: str = "seen"


@dataclass
class Box:
    item: Item
    more: list[Item] = field(default_factory=list)


def length(body: bytes | str) -> tuple[bytes, bytes]:
    """Return the length field of a body."""
    return (b"content-length", str(len(body.encode() if isinstance(body, str) else body)).encode())


def app_with(handler: Callable[..., Any], path: str = "/", method: str = "GET", **options: Any) -> HawkAPI:
    """Return an application with one route."""
    app = HawkAPI(**options)
    app.add_route(path, handler, methods=[method])
    return app


def assert_problem(reply: Reply, status: int, body: str, *headers: tuple[bytes, bytes]) -> None:
    """Check a problem document byte for byte."""
    assert (reply.status, reply.body.decode()) == (status, body)
    assert reply.headers == [*headers, PROBLEM, length(body)]


async def hello() -> dict[str, str]:
    """Answer anything."""
    return {"hello": "world"}


async def take_item(item: Item) -> list[object]:
    """Answer the type and the value of a body."""
    return [type(item).__name__, item]


def two_routes() -> HawkAPI:
    """Return an application with GET and PUT at one path."""
    app = HawkAPI(**NO_PROBES)
    app.get("/things")(hello)
    app.put("/{name}")(hello)
    return app
