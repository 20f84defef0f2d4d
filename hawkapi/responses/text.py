"""`PlainTextResponse`: text."""

from __future__ import annotations

from collections.abc import Mapping

from hawkapi.responses.base import Response

__all__ = ["PlainTextResponse"]


class PlainTextResponse(Response):
    """A `text/plain; charset=utf-8` response."""

    def __init__(self, content: str = "", *, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status_code=status_code, headers=headers)
