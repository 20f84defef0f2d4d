"""Drives an ASGI application without a network, one request at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote


@dataclass
class Reply:
    """What an application sent in answer to one request."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    messages: list[dict[str, Any]] = field(repr=False)

    def header(self, name: str) -> str | None:
        """Return the value of a header field that may occur once at most."""
        values = [value for key, value in self.headers if key == name.lower().encode()]
        assert len(values) <= 1, f"{name} was sent {len(values)} times"
        return values[0].decode() if values else None

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


def http_scope(method: str, target: str, headers: Sequence[tuple[str, str]] = (), **extra: Any) -> dict[str, Any]:
    """Return the scope of a request, as a server makes it."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 80),
        **extra,
    }


async def call(
    app: Any,
    method: str,
    target: str,
    *,
    body: bytes = b"",
    chunks: Sequence[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> Reply:
    """Send one request and return the answer.

    Args:
        app: the ASGI application.
        method: as it goes into the scope.
        target: path and query, percent-encoded.
        body: the whole body in one message.
        chunks: the body in several messages instead; `None` among them stands for a disconnect.
        headers: request header fields.
        extra: further members of the scope.
    """
    parts = list(chunks) if chunks is not None else [body]
    incoming = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1} for index, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(http_scope(method, target, list((headers or {}).items()), **extra), receive, send)
    if not sent:
        return Reply(0, [], b"", sent)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(sent[0]["status"], list(sent[0]["headers"]), content, sent)


def request(app: Any, method: str, target: str, **options: Any) -> Reply:
    """Send one request on a loop of its own; the arguments are those of `call`."""
    return asyncio.run(call(app, method, target, **options))
