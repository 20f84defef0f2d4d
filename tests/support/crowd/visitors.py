"""Requests that are all made up: paths, methods, addresses, fields, cookies, queries and bodies."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections import Counter, deque
from collections.abc import Callable
from random import Random
from typing import Any, Final, final
from urllib.parse import quote

from hawkapi.types import ASGIApp, Message, Scope

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
COOKIES_KEPT: Final = 50
"""Cookies that visitors bring again."""


def word(random: Random) -> str:
    """Return a word that nobody has sent before."""
    return f"{random.getrandbits(64):x}"


def strange(random: Random) -> str:
    """Return a word that has to be percent-encoded."""
    return "".join(chr(random.choice((random.randrange(32, 127), random.randrange(0xA0, 0x2FF)))) for _ in range(12))


PATHS: Final[tuple[tuple[int, Callable[[Random], str]], ...]] = (
    (23, lambda random: f"/items/{word(random)}"),
    (8, lambda random: f"/items/{strange(random)}"),
    (15, lambda random: f"/{word(random)}"),
    (8, lambda random: f"/{strange(random)}/{strange(random)}"),
    (6, lambda random: f"/counted/{random.getrandbits(40)}"),
    (6, lambda random: f"/files/{word(random)}/{word(random)}"),
    (4, lambda _: "/notes"),
    (3, lambda _: "/numbers"),
    (8, lambda _: "/visit"),
    (1, lambda _: "/leave"),
    (2, lambda random: f"/fails/{word(random)}"),
    (1, lambda _: "/waits"),
    (1, lambda _: "/new"),
    (2, lambda random: f"/reports/{word(random)}"),
    (2, lambda random: f"/shared/{word(random)}"),
    (3, lambda random: f"/foreign/{word(random)}"),
    (7, lambda random: f"/around/{word(random)}"),
)
"""How often each kind of path comes, of 100."""

CHOSEN: Final = tuple(make for often, make in PATHS for _ in range(often))


def address(random: Random) -> str:
    """Return the address of a client that has probably not been here before."""
    if random.random() < 0.5:
        return str(ipaddress.IPv4Address(random.getrandbits(32)))
    return str(ipaddress.IPv6Address(random.getrandbits(128)))


@final
class Visitors:
    """Some of the crowd, in one thread.

    Args:
        app: what they ask.
        random: decides everything.
    """

    def __init__(self, app: ASGIApp, random: Random) -> None:
        self._app = app
        self._random = random
        self._cookies: deque[str] = deque(maxlen=COOKIES_KEPT)
        self.answers: Counter[str] = Counter()
        """How many of each status there were."""

    async def visit(self, number: int) -> None:
        """Send a request, or every fiftieth time open a WebSocket, and take what comes."""
        if number % 50 == 0:
            await self._talk()
            return
        scope = self._scope()
        if scope["path"] == "/waits":
            await self._leave_early(scope)
        else:
            await self._ask(scope)

    def _scope(self) -> Scope:
        random = self._random
        path = random.choice(CHOSEN)(random)
        method = random.choice(METHODS) if random.random() < 0.2 else "GET"
        if path in {"/notes", "/numbers"}:
            method = "POST"
        elif random.random() < 0.02:
            method = word(random).upper()
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http" if random.random() < 0.02 else "https",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": f"page={random.randrange(99)}&{word(random)}={word(random)}".encode(),
            "headers": self._fields(),
            "client": None if random.random() < 0.01 else (address(random), random.randrange(65536)),
            "server": ("127.0.0.1", 80),
        }

    def _fields(self) -> list[tuple[bytes, bytes]]:
        random = self._random
        host = "example" if random.random() < 0.5 else f"{word(random)}.example"
        fields = {
            "host": host,
            "content-type": "application/json",
            f"x-{word(random)}": word(random),
            "cookie": f"session={word(random)}.{word(random)}; {word(random)}=1",
        }
        if random.random() < 0.1:
            fields |= {
                "host": word(random),
                "x-request-id": word(random),
                "traceparent": f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-01",
                "origin": f"https://{word(random)}.example",
                "x-forwarded-for": address(random),
            }
        if self._cookies and random.random() < 0.3:
            fields["cookie"] = random.choice(self._cookies)
        return [(name.encode(), value.encode()) for name, value in fields.items()]

    async def _ask(self, scope: Scope) -> None:
        random = self._random
        number, text = random.getrandbits(20), word(random)
        body = f"[{number}]" if scope["path"] == "/numbers" else f'{{"text": "{text}", "{text}": {number}}}'
        message: Message = {"type": "http.request", "body": body.encode() if random.random() < 0.9 else b"{"}

        async def receive() -> Message:
            return message

        try:
            await self._app(scope, receive, self._take)
        except RuntimeError:
            self.answers["exception"] += 1

    async def _take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answers[str(message["status"])] += 1
            for name, value in message["headers"]:
                if name == b"set-cookie":
                    self._cookies.append(value.decode().partition(";")[0])

    async def _leave_early(self, scope: Scope) -> None:
        """Send a request that takes for ever, and end it as a server does whose client is gone."""
        task = asyncio.ensure_future(self._ask(scope))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self.answers["left early"] += task.cancelled()

    async def _talk(self) -> None:
        """Open a WebSocket, say something, and go."""
        random = self._random
        known = random.random() < 0.8
        scope: dict[str, Any] = {**self._scope(), "type": "websocket", "subprotocols": []}
        scope["path"] = f"/rooms/{word(random)}" if known else f"/{word(random)}"
        coming: deque[Message] = deque(
            (
                {"type": "websocket.connect"},
                {"type": "websocket.receive", "text": word(random)},
                {"type": "websocket.disconnect", "code": 1000},
            )
        )

        async def receive() -> Message:
            return coming.popleft()

        async def send(message: Message) -> None:
            if message["type"] != "websocket.send":
                self.answers[message["type"]] += 1

        await self._app(scope, receive, send)
