"""`HTMLResponse`: a page."""

from __future__ import annotations

from typing import ClassVar

from hawkapi.responses.base import Response

__all__ = ["HTMLResponse"]


class HTMLResponse(Response):
    """A `text/html; charset=utf-8` response. Nothing is escaped."""

    default_content_type: ClassVar[str] = "text/html; charset=utf-8"
