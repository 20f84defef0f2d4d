"""Drives responses, which are ASGI applications, with servers and clients that behave as a test needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from asgi import Reply, http_scope

DEADLINE_S = 30.0


@dataclass
class Client:
    """One client, whose connection may end; `receive` waits until it does, as that of a server does."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    target: str = "/"
    extra: Mapping[str, Any] = field(default_factory=dict)
    on_message: Callable[[Client, dict[str, Any]], Awaitable[None]] | None = None
    """Called before a message counts as sent; may raise what a server raises."""
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gone = asyncio.Event()
        self._asked = False

    async def call(self, app: Any) -> Reply:
        """Send the request, and return what was answered before the application ended."""
        scope = http_scope(self.method, self.target, list(self.headers.items()), **self.extra)
        async with asyncio.timeout(DEADLINE_S):
            await app(scope, self.receive, self.send)
        return self.reply()

    def reply(self) -> Reply:
        """Return what was answered until now."""
        body = b"".join(message["body"] for message in self.messages[1:])
        return Reply(self.messages[0]["status"], list(self.messages[0]["headers"]), body, self.messages)

    async def receive(self) -> dict[str, Any]:
        """Give the empty body of the request, then wait for the client to go."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message."""
        if self.on_message is not None:
            await self.on_message(self, message)
        self.messages.append(message)


def answer(app: Any, method: str = "GET", target: str = "/", **options: Any) -> Reply:
    """Return what a patient client is answered, on a loop of its own."""

    async def main() -> Reply:
        return await Client(method, target=target, **options).call(app)

    return asyncio.run(main())


def frames(reply: Reply) -> list[tuple[int, bool]]:
    """Return the size of each part of a body, and whether more was announced after it."""
    return [(len(message["body"]), message.get("more_body", False)) for message in reply.messages[1:]]
