"""`PlainTextResponse`: text."""

from __future__ import annotations

from hawkapi.responses.base import Response

__all__ = ["PlainTextResponse"]


class PlainTextResponse(Response):
    """A `text/plain; charset=utf-8` response."""
