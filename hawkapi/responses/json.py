"""`JSONResponse`: a value as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hawkapi.codec as codec
from hawkapi.responses.base import Response

__all__ = ["JSONResponse"]


class JSONResponse(Response):
    """A JSON response; the value is encoded when the response is made.

    Args:
        content: any value the codec can write, default `None` (`null`).
        status_code: default 200.
        headers: as for `Response`.

    Raises:
        TypeError: the value holds something JSON has no form for.
        ValueError: it holds NaN or an infinity.
    """

    def __init__(
        self, content: Any = None, *, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        body = codec.encode(content)
        super().__init__(body, status_code=status_code, headers=headers, content_type="application/json")
