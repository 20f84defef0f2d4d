"""`TimingMiddleware`: tells clients how long their request took."""

from __future__ import annotations

import time
from collections.abc import Callable

from hawkapi.middleware._heads import changing_head, field_name
from hawkapi.middleware.base import Middleware
from hawkapi.types import ASGIApp, HeaderPairs, Receive, Scope, Send

__all__ = ["TimingMiddleware"]


class TimingMiddleware(Middleware):
    """Add the time from the request's arrival to the start of its response, in seconds with six decimals.

    SECURITY: it shows strangers how long things take; give it to your own clients, or let a proxy remove it.

    Args:
        app: the next application.
        header_name: of the response field, default `x-process-time`.
        clock: seconds from any moment on, default `time.perf_counter`.

    Raises:
        ValueError: `header_name` is no name of a field.

    Thread-safe: it is never changed.
    """

    def __init__(
        self, app: ASGIApp, *, header_name: str = "x-process-time", clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(app)
        self._name = field_name(header_name)
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = self._clock()

        def change(fields: HeaderPairs) -> HeaderPairs:
            fields.append((self._name, f"{self._clock() - started:.6f}".encode("ascii")))
            return fields

        await self.app(scope, receive, changing_head(send, change))
