"""Reading JSON as a type outside a handler."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import hawkapi.codec as codec
from hawkapi.codec import CodecError, MalformedError
from hawkapi.params._extract import add_violations
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail
from hawkapi.requests.request import read_body
from hawkapi.types import Receive

__all__ = ["decode_body", "decode_bytes", "get_decoder"]


@functools.lru_cache(maxsize=512)
def get_decoder(type_: Any) -> Callable[[bytes], Any]:
    """Return a function that reads JSON as a type; the last 512 are kept for the process.

    It raises `hawkapi.codec.CodecError`; any thread may call it. THREADS: the cache has a lock of its own.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported.
    """
    return codec.decoder(type_)


def decode_bytes(data: bytes, type_: Any) -> Any:
    """Read JSON as a type.

    Raises:
        RequestValidationError: it does not fit; a client sees `validation_error_status` (400).
        UnsupportedTypeError: the type, or one it is made of, is not supported.
    """
    try:
        return get_decoder(type_)(data)
    except CodecError as exc:
        errors: list[ValidationErrorDetail] = []
        add_violations(exc, "body" if isinstance(exc, MalformedError) else "", errors)
        raise RequestValidationError(errors) from None


async def decode_body(receive: Receive, type_: Any) -> Any:
    """Read the whole body of a request and decode it.

    Raises:
        RequestValidationError: it is empty, or does not fit; a client sees `validation_error_status` (400).
        RequestEntityTooLarge: it is longer than 10 MiB (413).
        ClientDisconnect: the client left before its end.
    """
    body = await read_body(receive)
    if not body:
        raise RequestValidationError([ValidationErrorDetail("$", "Request body is empty")])
    return decode_bytes(body, type_)
