"""`RequestIDMiddleware`: a name for each request, by which logs of several services find together."""

from __future__ import annotations

import os
import re
from typing import Final

from hawkapi.http._fields import first_field
from hawkapi.middleware._heads import changing_head, field_name, has_field
from hawkapi.middleware.base import Middleware
from hawkapi.types import ASGIApp, HeaderPairs, Receive, Scope, Send

__all__ = ["RequestIDMiddleware"]

REQUEST_ID_KEY: Final = "request_id"
"""Where the scope has the request's id."""

_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_FIXED_BITS: Final = (0xF << 76) | (0x3 << 62)
_UUID4_BITS: Final = (0x4 << 76) | (0x2 << 62)
"""The version and the variant of a UUID (RFC 9562 section 5.4), and where they are."""


def new_id() -> str:
    """Return a random UUID (version 4).

    PERF: `str(uuid.uuid4())` takes two to four times as long, and more than anything else that is done for an id.
    """
    digits = f"{int.from_bytes(os.urandom(16)) & ~_FIXED_BITS | _UUID4_BITS:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def sanitised_id(value: bytes | None) -> str:
    """Return an id that a client sent, or a new one for what could break a log line, or fill it (UUID 4)."""
    return value.decode("ascii") if value is not None and _ID.fullmatch(value) else new_id()


def name_request(scope: Scope, name: bytes) -> str:
    """Return the id of a request; one that has none yet gets that of a field, or a new one."""
    request_id: str = scope.get(REQUEST_ID_KEY) or sanitised_id(first_field(list(scope["headers"]), name))
    scope[REQUEST_ID_KEY] = request_id
    return request_id


def add_id(fields: HeaderPairs, name: bytes, request_id: str) -> HeaderPairs:
    """Add the id to the fields of a response, unless somebody further in has."""
    if not has_field(fields, name):
        fields.append((name, request_id.encode("latin-1")))
    return fields


class RequestIDMiddleware(Middleware):
    """Give each request and WebSocket an id: `scope["request_id"]`, and a field of the response.

    The client's own is taken if it is 1 to 128 visible ASCII characters, else a new one is made. One that is in the
    scope already stays.

    Args:
        app: the next application.
        header_name: of the request and the response field, default `x-request-id`.

    Raises:
        ValueError: `header_name` is no name of a field.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, header_name: str = "x-request-id") -> None:
        super().__init__(app)
        self._name = field_name(header_name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        request_id = name_request(scope, self._name)
        await self.app(scope, receive, changing_head(send, lambda fields: add_id(fields, self._name, request_id)))
