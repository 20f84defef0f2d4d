"""Telling an application that its server stops.

Responses without an end of their own then end by themselves, completely: clients see no broken body, and the stop waits
for none of them. It is an extension of ASGI (section "Extensions"), so applications of any framework may heed it.
"""

from __future__ import annotations

from collections.abc import Awaitable

from hawkapi.types import STOP_EXTENSION, ASGIApp, Receive, Scope, Send, Stop

__all__ = ["announcing"]


def announcing(app: ASGIApp, stop: Stop) -> ASGIApp:
    """Return an application whose requests have a `Stop` among their extensions."""

    # PERF: it returns what the application returns; a coroutine of its own would cost more than the dict.
    def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            scope["extensions"] = {**scope.get("extensions", {}), STOP_EXTENSION: stop}
        return app(scope, receive, send)

    return serve
