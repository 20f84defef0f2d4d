"""What a server sends."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from hawkapi.responses.base import Response
from hawkapi.responses.html import HTMLResponse
from hawkapi.responses.json import JSONResponse
from hawkapi.responses.redirect import RedirectResponse
from hawkapi.responses.text import PlainTextResponse

if TYPE_CHECKING:
    from hawkapi.responses.file import FileResponse
    from hawkapi.responses.sse import EventSourceResponse, ServerSentEvent
    from hawkapi.responses.stream import StreamingResponse

__all__ = [
    "EventSourceResponse",
    "FileResponse",
    "HTMLResponse",
    "JSONResponse",
    "PlainTextResponse",
    "RedirectResponse",
    "Response",
    "ServerSentEvent",
    "StreamingResponse",
]

_HOMES: Final = {
    "EventSourceResponse": "hawkapi.responses.sse",
    "FileResponse": "hawkapi.responses.file",
    "ServerSentEvent": "hawkapi.responses.sse",
    "StreamingResponse": "hawkapi.responses.stream",
}
"""The names that load when they are first asked for: not every application streams, and every one has to start."""

if not TYPE_CHECKING:  # A type checker would accept any name of a module that has `__getattr__`.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
        return value
