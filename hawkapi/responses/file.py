"""`FileResponse`: a file, or the parts of it that a client asks for."""

from __future__ import annotations

import mimetypes
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal
from urllib.parse import quote

from hawkapi.http.headers import Headers
from hawkapi.responses._transfer import CHUNK_SIZE, FileOrder, deliver_batches, transfer
from hawkapi.responses.base import HeaderFields, Response
from hawkapi.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from hawkapi.background import BackgroundTask, BackgroundTasks

__all__ = ["CHUNK_SIZE", "FileResponse"]

_COMPRESSED: Final = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
_REMOVED: Final = dict.fromkeys([*range(32), 127, *map(ord, '";\\')])
"""SECURITY: what could end the file name in a `Content-Disposition`, or begin another parameter of it."""


class FileResponse(Response):
    """A response that sends a file in chunks of 64 KiB, read in worker threads.

    With status 200 it answers `Range`, one part or several, `If-Range`, `If-None-Match`, `If-Modified-Since`,
    `If-Match` and `If-Unmodified-Since` (RFC 9110 sections 13 and 14): 206, 304, 412 and 416 are possible.

    Args:
        path: of a regular file.
        status_code: as for `Response`.
        headers: as for `Response`; an `etag` or a `last-modified` replaces that of the file, and `accept-ranges: none`
            switches ranges off.
        content_type: default guessed from the name, text as UTF-8; `application/octet-stream` where that fails.
        media_type: another name of `content_type`.
        filename: what a client is told to call it, in a `Content-Disposition` (RFC 6266).
        content_disposition_type: with a `filename`: whether it is to be saved, the default, or shown.
        background: as for `Response`.

    Raises:
        FileNotFoundError: there is no regular file at the path.

    A file that is changed or shortened while it is sent breaks the response off with a `RuntimeError`.
    """

    default_content_type: ClassVar[str] = "application/octet-stream"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        content_type: str | None = None,
        media_type: str | None = None,
        filename: str | None = None,
        content_disposition_type: Literal["attachment", "inline"] = "attachment",
        background: BackgroundTask | BackgroundTasks | None = None,
    ) -> None:
        self.path = _resolve(path)
        self.filename = filename
        if content_type is None and media_type is None:
            content_type = guess_content_type(filename or self.path, self.default_content_type)
        self._set_fields(status_code, headers, content_type, media_type, background)
        if filename is not None:
            self.headers.setdefault("content-disposition", format_disposition(content_disposition_type, filename))

    def messages(self, method: str) -> tuple[Message, Message]:
        """Refuse: the body is not in memory; await the response with scope, receive and send.

        Raises:
            TypeError: always.
        """
        raise TypeError("a FileResponse has no two messages; await it with scope, receive and send")

    async def deliver(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Send the response, without what runs in the background; whether the client was there to the end."""
        order = FileOrder(self.path, self.status_code, self.headers, self.content_type)
        request = Headers(scope.get("headers", ()))
        return await deliver_batches(transfer(order, scope.get("method", "GET"), request), scope, receive, send)


def guess_content_type(name: str, default: str) -> str:
    """Return the content type that the name of a file stands for."""
    # `./`, because a name with a colon would be taken for a URL.
    content_type, encoding = mimetypes.guess_type(f"./{name}")
    if encoding is not None:
        # The type is that of what is inside, which a client would only see with a `Content-Encoding`.
        return _COMPRESSED.get(encoding, default)
    if content_type is None:
        return default
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type


def format_disposition(kind: str, filename: str) -> str:
    """Return a `Content-Disposition` (RFC 6266 section 4): for all clients in ASCII, and as it is where that differs.

    Raises:
        ValueError: the kind is neither `attachment` nor `inline`.
    """
    if kind not in {"attachment", "inline"}:
        raise ValueError(f"content_disposition_type is {kind!r}; it is 'attachment' or 'inline'")
    name = filename.translate(_REMOVED)
    plain = "".join(character if character.isascii() else "_" for character in name)
    value = f'{kind}; filename="{plain}"'
    if plain == name:
        return value
    return f"{value}; filename*=UTF-8''{quote(name, safe='!#$&+^`|', errors='replace')}"


def _resolve(path: str | os.PathLike[str]) -> str:
    """Return the absolute path of a regular file.

    Raises:
        FileNotFoundError: there is none.
    """
    try:
        resolved = Path(path).resolve()
        if stat.S_ISREG(resolved.stat().st_mode):
            return str(resolved)
    except (OSError, RuntimeError, ValueError):  # no file, none that may be seen, a loop of links, no path at all
        pass
    raise FileNotFoundError(f"File not found: {path}")
