"""`ResponseWatch`: what came of a request, for middleware that counts or logs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, final

from hawkapi.exceptions import ClientDisconnect
from hawkapi.params.error_responses import as_validation_error, status_of
from hawkapi.types import Message, Scope, Send

GONE: Final = 499
"""The status in figures and logs where the client left before there was a response. None is sent; nginx began it."""

OTHER_METHOD: Final = "_OTHER"
"""What stands for methods that nobody knows: clients make them up (OpenTelemetry semantic conventions, HTTP)."""

KNOWN_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
"""RFC 9110 section 9, RFC 5789, and the QUERY method."""


def known_method(method: str) -> str:
    """Return a method as figures know it; there are as many as `KNOWN_METHODS`, and one more."""
    return method if method in KNOWN_METHODS else OTHER_METHOD


@final
class ResponseWatch:
    """A `send` that keeps the status of the response. Request-bound."""

    __slots__ = ("_send", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        """Of the response that has begun, if one has."""

    def send(self, message: Message) -> Awaitable[None]:
        """Send a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        return self._send(message)

    def outcome(self, scope: Scope, exc: BaseException | None) -> int:
        """Return the status by which a request is known when it has ended.

        Args:
            scope: the request's.
            exc: what the application has raised, if anything. An error makes it 500 also after a response has begun,
                for that is broken off then.
        """
        if exc is None:
            return 500 if self.status is None else self.status  # SPEC: a server answers 500 if nothing was sent.
        if isinstance(exc, ClientDisconnect | asyncio.CancelledError | GeneratorExit):
            return GONE if self.status is None else self.status
        if not isinstance(exc, Exception):
            return 500
        validation_status: int = getattr(scope.get("app"), "validation_error_status", 400)
        status = status_of(as_validation_error(exc), validation_status)
        return status if self.status is None or status >= 500 else self.status
