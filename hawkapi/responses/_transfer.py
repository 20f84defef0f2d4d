"""Sending a file: what of it a request asks for, and the messages that carry it.

**How it works.** `transfer` is a generator of batches of ASGI messages, pulled in worker threads: opening, looking at
the file, deciding and reading the first chunk are one step, so a small file costs one change of threads. The last batch
closes the file. The file is opened before anything is decided, and everything is decided about the open file: what
happens to its name meanwhile does not matter.

**Rules.** Every byte that the headers promise is sent, or the transfer is broken off by an exception, so that a client
never takes a mixture for a file. Growing is allowed: what was promised is still there.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, Literal, NamedTuple

from hawkapi._workers import Lane
from hawkapi.exceptions import ClientDisconnect, reason_phrase
from hawkapi.http.conditional import ETag, Outcome, evaluate, if_range_holds
from hawkapi.http.dates import format_http_date, parse_http_date
from hawkapi.http.headers import Headers, MutableHeaders
from hawkapi.http.ranges import UNSATISFIABLE, ByteRange, Unsatisfiable, content_range, parse_range, unsatisfied_range
from hawkapi.responses._pull import PulledIterator
from hawkapi.responses._watch import ClientWatch, send_or_leave
from hawkapi.responses.base import has_body
from hawkapi.responses.problem import problem_response
from hawkapi.responses.stream import body_message
from hawkapi.types import Message, Receive, Scope, Send

type Batch = Sequence[Message]
"""Messages that are sent one after the other; the last one of a transfer has no `more_body`."""
type Piece = bytes | ByteRange
"""A part of a body: bytes, or a part of the file."""

CHUNK_SIZE: Final = 64 * 1024
"""Bytes of a file in one message."""


class FileOrder(NamedTuple):
    """A file, and what its response is like if the whole of it is sent."""

    path: str
    status_code: int
    headers: MutableHeaders
    """Those of the user; an `etag`, a `last-modified` or `accept-ranges: none` among them counts."""
    content_type: str
    weak_etag: bool = False
    follow_links: bool = True
    """Whether the last part of the path may be a symbolic link."""


class Answer(NamedTuple):
    """What is sent: the start, then the pieces."""

    start: Message
    pieces: list[Piece]


def transfer(order: FileOrder, method: str, request: Headers) -> Iterator[Batch]:
    """Yield the messages that answer a request for a file.

    Raises:
        FileNotFoundError: there is no regular file; nothing has been sent.
        OSError: it cannot be read.
        RuntimeError: it was changed or became shorter while it was sent.
    """
    with _open(order) as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise FileNotFoundError(f"File not found: {order.path} is not a regular file")
        answer = plan(order, info, method, request)
        head: list[Message] = [answer.start]
        for message in _body_messages(file, answer.pieces, info):
            yield [*head, message]
            head = []


def is_last(batch: Batch) -> bool:
    """Whether a batch ends the response."""
    return not batch[-1].get("more_body", False)


async def deliver_batches(batches: Iterator[Batch], scope: Scope, receive: Receive, send: Send) -> bool:
    """Send what an iterator yields in worker threads, and close it; whether the client was there to the end."""
    source = PulledIterator(batches, scope, Lane.FILES, is_last)
    try:
        async with ClientWatch(scope, receive) as watch:
            async for batch in source:
                for message in batch:
                    await send_or_leave(send, message)
        return not watch.left
    except ClientDisconnect:
        return False
    finally:
        await source.aclose()


def plan(order: FileOrder, info: os.stat_result, method: str, request: Headers) -> Answer:
    """Decide what a request gets (RFC 9110 sections 13 and 14)."""
    fields = order.headers.copy()
    etag, last_modified = _set_validators(fields, order, info)
    reads = order.status_code == 200 and method in {"GET", "HEAD"}
    if reads:
        outcome = evaluate(method, request, etag=etag, last_modified=last_modified)
        if outcome is Outcome.NOT_MODIFIED:
            return _without_body(304, fields)
        if outcome is Outcome.PRECONDITION_FAILED:
            return _problem(412, fields, method)
    parts: list[ByteRange] | None = None
    # SPEC: only GET has ranges (section 14.2).
    if reads and fields.setdefault("accept-ranges", "bytes") != "none" and method == "GET":
        found = _parts(request, info.st_size, etag, last_modified)
        if found is UNSATISFIABLE:
            fields["content-range"] = unsatisfied_range(info.st_size)
            return _problem(416, fields, method)
        parts = found
    if not has_body(order.status_code):
        return _without_body(order.status_code, fields)
    return _with_body(order, fields, info.st_size, parts, method)


def _parts(
    request: Headers, size: int, etag: ETag | None, last_modified: float | None
) -> list[ByteRange] | Literal[Unsatisfiable.UNSATISFIABLE] | None:
    """Return the parts of the file that are asked for; `None` stands for the whole of it."""
    wanted = request.getlist("range")
    # A date is taken for what it says, as web servers do, though a file may change twice within its second: clients
    # that resume know nothing else where an entity tag is weak.
    if not wanted or not if_range_holds(request, etag=etag, last_modified=last_modified):
        return None
    return parse_range(", ".join(wanted), size)


def _with_body(
    order: FileOrder, fields: MutableHeaders, size: int, parts: list[ByteRange] | None, method: str
) -> Answer:
    # Set again, because several may have been given.
    content_type = fields["content-type"] = fields.get("content-type", order.content_type)
    status_code = order.status_code if parts is None else 206
    pieces: list[Piece] = [ByteRange(0, size)] if size else []
    if parts is not None and len(parts) == 1:
        pieces = [*parts]
        fields["content-range"] = content_range(*parts[0], size)
    elif parts is not None:
        boundary = secrets.token_hex(16)
        pieces = _multipart(parts, size, content_type, boundary)
        fields["content-type"] = f"multipart/byteranges; boundary={boundary}"
    length = sum(len(piece) if isinstance(piece, bytes) else piece.stop - piece.start for piece in pieces)
    return Answer(_start(status_code, fields, length), [] if method == "HEAD" else pieces)


def _multipart(parts: list[ByteRange], size: int, content_type: str, boundary: str) -> list[Piece]:
    """Return a `multipart/byteranges` body (RFC 9110 section 14.6)."""
    pieces: list[Piece] = []
    line_break = ""
    for part in parts:
        place = content_range(part.start, part.stop, size)
        head = f"{line_break}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {place}\r\n\r\n"
        pieces += [head.encode("latin-1"), part]
        line_break = "\r\n"
    pieces.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return pieces


def _set_validators(fields: MutableHeaders, order: FileOrder, info: os.stat_result) -> tuple[ETag | None, float | None]:
    """Add what identifies the state of the file, unless it was given, and return what it is compared by."""
    if order.status_code != 200:
        return None, None
    digest = hashlib.sha256(f"{info.st_mtime_ns}-{info.st_size}".encode()).hexdigest()[:16]
    fields.setdefault("etag", ETag(digest, order.weak_etag).to_header())
    last_modified: float | None = info.st_mtime_ns // 1_000_000_000
    if "last-modified" in fields:
        last_modified = parse_http_date(fields["last-modified"])
    else:
        try:
            fields["last-modified"] = format_http_date(info.st_mtime_ns // 1_000_000_000)
        except ValueError:  # a year that HTTP cannot write
            last_modified = None
    return ETag.from_header(fields["etag"]), last_modified


def _without_body(status_code: int, fields: MutableHeaders) -> Answer:
    """Return an answer that says nothing about a body, since it has none (RFC 9110 section 15.4.5)."""
    for name in list(fields):
        key = name.lower()
        if key == "accept-ranges" or (key.startswith("content-") and key != "content-location"):
            del fields[name]
    return Answer(_start(status_code, fields, None), [])


def _problem(status_code: int, fields: MutableHeaders, method: str) -> Answer:
    kept = {
        name: fields[name] for name in ("etag", "last-modified", "content-range", "accept-ranges") if name in fields
    }
    start, body = problem_response("http", status_code, reason_phrase(status_code), headers=kept).messages(method)
    return Answer(start, [body["body"]] if body["body"] else [])


def _start(status_code: int, fields: MutableHeaders, length: int | None) -> Message:
    """Return the start message; the length is that of the body, whatever was given."""
    framing = {b"content-length", b"transfer-encoding"}
    pairs = [pair for pair in fields.to_pairs() if pair[0] not in framing]
    if length is not None:
        pairs.append((b"content-length", b"%d" % length))
    return {"type": "http.response.start", "status": status_code, "headers": pairs}


def _open(order: FileOrder) -> BinaryIO:
    """Open a file without waiting, which opening a pipe would do, and without following a link where none is meant."""
    flags = getattr(os, "O_NONBLOCK", 0) | (0 if order.follow_links else getattr(os, "O_NOFOLLOW", 0))
    return open(order.path, "rb", opener=lambda path, mode: os.open(path, mode | flags))


def _body_messages(file: BinaryIO, pieces: list[Piece], info: os.stat_result) -> Iterator[Message]:
    """Yield the messages of a body; the last one, and only it, ends it."""
    left = len(pieces)
    if not left:
        yield body_message(b"", more=False)
    for piece in pieces:
        left -= 1
        if isinstance(piece, bytes):
            yield body_message(piece, more=left > 0)
            continue
        file.seek(piece.start)
        size = piece.stop - piece.start
        while size:
            chunk = file.read(min(size, CHUNK_SIZE))
            size -= len(chunk)
            _check_unchanged(file, info, complete=bool(chunk))
            yield body_message(chunk, more=size > 0 or left > 0)


def _check_unchanged(file: BinaryIO, before: os.stat_result, *, complete: bool) -> None:
    now = os.fstat(file.fileno())
    changed = now.st_mtime_ns != before.st_mtime_ns and now.st_size <= before.st_size
    if changed or not complete:
        raise RuntimeError("the file was changed while it was sent; the response is broken off")
