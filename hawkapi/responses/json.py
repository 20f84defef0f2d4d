"""`JSONResponse`: a value as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import hawkapi.codec as codec
from hawkapi.responses.base import HeaderFields, Response

if TYPE_CHECKING:
    from hawkapi.background import BackgroundTask, BackgroundTasks

__all__ = ["JSONResponse"]


class JSONResponse(Response):
    """A JSON response; the value is encoded when the response is made.

    Args:
        content: any value the codec can write, default `None` (`null`).
        status_code: default 200.
        headers: as for `Response`.
        content_type: default `application/json`.
        media_type: another name of `content_type`.
        background: as for `Response`.

    Raises:
        TypeError: the value holds something JSON has no form for.
        ValueError: it holds NaN or an infinity.
    """

    default_content_type: ClassVar[str] = "application/json"

    def __init__(
        self,
        content: Any = None,
        *,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        content_type: str | None = None,
        media_type: str | None = None,
        background: BackgroundTask | BackgroundTasks | None = None,
    ) -> None:
        self.body = self.render(content)
        self._set_fields(status_code, headers, content_type, media_type, background)

    def render(self, content: Any) -> bytes:
        """Return the value as JSON."""
        return codec.encode(content)
