"""The body of a test's request: JSON, bytes, chunks, forms and files, with the fields that describe it."""

from __future__ import annotations

import asyncio
import functools
import mimetypes
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

import hawkapi.codec as codec
from hawkapi.http.media_types import MULTIPART, URLENCODED
from hawkapi.testing._url import as_text

__all__ = ["Content", "Files", "FormData", "build_body", "iter_chunks"]

type Content = bytes | bytearray | str | Iterable[bytes | str] | AsyncIterable[bytes | str]
"""A body in one piece, or what yields it piece by piece; iterators are read once."""

type FormData = Mapping[str, Any] | Iterable[tuple[str, Any]]
"""Fields of a form: values may be lists."""

type Files = Mapping[str, Any] | Iterable[tuple[str, Any]]
"""Files of a form, by field: content, `(filename, content)` or `(filename, content, content_type)`; lists repeat a
field. Content is bytes, text or an open file. No type says that and lets type checkers infer it for a dict."""

type Body = bytes | Iterable[bytes | str] | AsyncIterable[bytes | str]

PIECES: Final = (bytes, bytearray, memoryview, str)
_QUOTED: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""How browsers write names and file names in a form (WHATWG HTML, multipart/form-data)."""


def build_body(
    *,
    json: Any = None,
    body: Content | None = None,
    content: Content | None = None,
    data: FormData | None = None,
    files: Files | None = None,
) -> tuple[Body, str | None]:
    """Return the body and its content type.

    Raises:
        TypeError: more than one body is given, or one of a type that cannot be sent.
    """
    given = {"json": json, "body": body, "content": content, "data or files": data if data is not None else files}
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise TypeError(f"a request has one body; {' and '.join(names)} were given")
    if json is not None:
        return codec.encode(json), "application/json"
    if files is not None:
        return build_multipart(data or {}, files)
    if data is not None:
        return urlencode(list(_fields(data))).encode("ascii"), URLENCODED
    return _as_body(body if body is not None else content), None


def build_multipart(data: FormData, files: Files) -> tuple[bytes, str]:
    """Return a form with files and its content type (RFC 7578)."""
    boundary = secrets.token_hex(16)
    parts = [_part(name, None, value.encode(), None) for name, value in _fields(data)]
    parts += [_file_part(name, file) for name, file in _files(files)]
    delimiter = f"--{boundary}\r\n".encode("ascii")
    body = b"".join(delimiter + part for part in parts) + f"--{boundary}--\r\n".encode("ascii")
    return body, f"{MULTIPART}; boundary={boundary}"


async def iter_chunks(body: Body) -> AsyncIterator[bytes]:
    """Yield the pieces of a body; plain iterators run in a thread, so they may block."""
    if isinstance(body, bytes):
        yield body
    elif isinstance(body, AsyncIterable):
        async for chunk in body:
            yield _as_bytes(chunk)
    else:
        take_next = functools.partial(next, iter(body), None)
        while (chunk := await asyncio.to_thread(take_next)) is not None:
            yield _as_bytes(chunk)


def _as_body(content: Any) -> Body:
    if content is None:
        return b""
    if isinstance(content, PIECES):
        return _as_bytes(content)
    if isinstance(content, Mapping) or not isinstance(content, Iterable | AsyncIterable):
        name = type(cast("object", content)).__name__
        raise TypeError(f"a body is bytes, text or an iterable of these, not {name}; JSON is given as json=")
    return cast("Body", content)


def _as_bytes(piece: Any) -> bytes:
    """Return a piece of a body.

    Raises:
        TypeError: it is neither bytes nor text.
    """
    if not isinstance(piece, PIECES):
        raise TypeError(f"a piece of a body is bytes or text, not {type(cast('object', piece)).__name__}")
    return piece.encode() if isinstance(piece, str) else bytes(cast("Any", piece))


def _fields(data: FormData) -> Iterator[tuple[str, str]]:
    pairs: Any = cast("Mapping[str, Any]", data).items() if isinstance(data, Mapping) else data
    if isinstance(pairs, str | bytes):
        raise TypeError("data= takes the fields of a form; a body that is text or bytes is given as body=")
    for name, value in pairs:
        for item in cast("list[Any]", value) if isinstance(value, list | tuple) else (value,):
            yield name, item.decode() if isinstance(item, bytes) else as_text(item)


def _files(files: Files) -> Iterator[tuple[str, Any]]:
    pairs: Any = cast("Mapping[str, Any]", files).items() if isinstance(files, Mapping) else files
    for name, given in pairs:
        for file in cast("Any", given) if isinstance(given, list) else (given,):
            yield name, file


def _file_part(name: str, file: Any) -> bytes:
    """Return the part of one file; without a name it is called as its field, as an `open()` file by its path."""
    parts: tuple[Any, ...] = cast("Any", file) if isinstance(file, tuple) else (_file_name(name, file), file)
    filename, content, *rest = parts
    read: Any = getattr(content, "read", None)
    guessed = mimetypes.guess_type(filename)[0] if filename else None
    content_type = rest[0] if rest else guessed or "application/octet-stream"
    return _part(name, filename, _as_bytes(read() if callable(read) else content), content_type)


def _file_name(field: str, file: Any) -> str:
    path = getattr(file, "name", None)
    return path.replace("\\", "/").rpartition("/")[2] if isinstance(path, str) else field


def _part(name: str, filename: str | None, content: bytes, content_type: str | None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name.translate(_QUOTED)}"'
    if filename is not None:
        disposition += f'; filename="{filename.translate(_QUOTED)}"'
    described = f"\r\nContent-Type: {content_type}" if content_type is not None else ""
    return f"{disposition}{described}\r\n\r\n".encode() + content + b"\r\n"
