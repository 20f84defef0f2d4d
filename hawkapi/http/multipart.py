r"""Multipart forms: bytes in as they arrive, events out (RFC 7578, RFC 2046 section 5.1).

**Why one of our own.** hawkapi requires no package, and this must run where there is no compiler. What it must promise
besides, packages promise in part: every buffer is bounded, time is linear in the bytes fed, and how the bytes were cut
changes nothing. It is fuzzed for that (`tests/property`).

**Grammar**::

    body      = [preamble CRLF] "--" boundary padding CRLF part *(delimiter padding CRLF part) close
    delimiter = CRLF "--" boundary            close = delimiter "--" padding [CRLF epilogue]
    padding   = 0*64 (SP / HTAB)              part  = *(header CRLF) [CRLF content]

A delimiter counts only as a whole line: content may hold the boundary in a line, or a line that merely begins with it.

**How it works.** What was not given out yet is in one `bytearray`. Content is searched with `find`; when there is no
delimiter, all but the bytes that could begin one is given out. The CRLF in front of a delimiter belongs to it; so may
the one at the start of the body, which is imagined, the one after a delimiter's padding and the one that ends the
headers: each is left in the buffer, so that a part without headers and a part without content are nothing special.

**Bounds.** Kept are at most the bytes of one `feed` and `max_header_bytes`; preamble and epilogue are dropped. Content
is not bounded here: who takes the events counts.

**Where we leave the RFCs.** Line ends are CRLF only. More than 64 bytes of padding make a line content. Names and
filenames are UTF-8, as browsers send them. In quoted names a backslash escapes only `"` and `\`, because browsers send
a filename's own backslashes unescaped; `%22` is `"`, because browsers write it so (HTML, multipart form data). They
write CR and LF as `%0D` and `%0A`, and these stay: no name may break a line. `filename*` (RFC 5987) is understood,
though RFC 7578 tells clients not to send it. `Content-Transfer-Encoding` is not undone (RFC 7578 section 4.7).
"""

from __future__ import annotations

import enum
import re
from typing import Final, NamedTuple, final
from urllib.parse import unquote_to_bytes

from hawkapi.exceptions import HawkAPIError
from hawkapi.http._grammar import OWS, TCHARS
from hawkapi.http.media_types import MediaType
from hawkapi.types import HeaderPairs

__all__ = [
    "Event",
    "MultipartError",
    "MultipartLimitError",
    "MultipartParser",
    "PartBegin",
    "PartData",
    "PartEnd",
    "parse_boundary",
    "parse_disposition",
]

MAX_HEADER_BYTES: Final = 8192
"""Browsers send two short headers per part; servers commonly allow 8 KiB for all headers of a request."""

MAX_HEADERS: Final = 32

MAX_PARTS: Final = 1000

_BOUNDARY: Final = re.compile(r"[\x20-\x7e]{0,69}[\x21-\x7e]")
"""RFC 2046 section 5.1.1 has fewer characters; clients use others, and any printable one is safe to search for."""

_LINE: Final = re.compile(rb"(?:(--)?[ \t]{0,64}+(?:(\r\n)|\r?\Z)|-\Z)")
"""What makes a line of a delimiter: whether it is the last, and its end. Without an end, more bytes have to tell."""

_LAST_LINE: Final = re.compile(rb"--[ \t]{0,64}+\r?")
_CONTROLS: Final = bytes([*range(9), *range(10, 32), 127])
_KNOWN_NAMES: Final = {b"Content-Disposition": b"content-disposition", b"Content-Type": b"content-type"}
_FIELD_NAME: Final = re.compile(TCHARS.encode())
_USUAL: Final = re.compile(r'form-data; name="([^"\\%]*+)"(?:; filename="([^"\\%]*+)")?')
_FORM_DATA: Final = re.compile(r"form-data[ \t]*+(?=;|\Z)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r';[ \t]*+(?:([^\s;="]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"[ \t]*+|([^;"]*+)))?')
_ESCAPED: Final = re.compile(r'\\(["\\])')
_EXTENDED: Final = re.compile(r"(utf-8|iso-8859-1)'[A-Za-z0-9-]*'(.*)", re.IGNORECASE)


class MultipartError(HawkAPIError, ValueError):
    """The bytes are no multipart form."""


class MultipartLimitError(MultipartError):
    """The form has more than `limit` parts, or a part has more header fields or bytes of them than that."""

    def __init__(self, message: str, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


class PartBegin(NamedTuple):
    """A part begins; its content follows."""

    headers: HeaderPairs
    """As they came, names in lower case."""
    name: str | None
    """Which field it is; absent when the part does not say that it belongs to a form."""
    filename: str | None
    """Present for a file, and empty for a file input without a file. SECURITY: it is the client's; never a path."""
    content_type: str | None


class PartData(NamedTuple):
    """Some of the content of the part that began last; never empty."""

    data: bytes


class PartEnd(NamedTuple):
    """The part that began last is complete."""


type Event = PartBegin | PartData | PartEnd

PART_END: Final = PartEnd()


class Disposition(NamedTuple):
    """What a `Content-Disposition` header of a form says."""

    name: str | None
    filename: str | None


class _State(enum.Enum):
    PREAMBLE = enum.auto()
    HEADERS = enum.auto()
    CONTENT = enum.auto()
    EPILOGUE = enum.auto()


def parse_boundary(media_type: MediaType | None) -> bytes:
    """Return the boundary that a `Content-Type` names (RFC 2046 section 5.1.1).

    Args:
        media_type: the field, `None` when it is malformed.

    Raises:
        MultipartError: it names none, or none that can be: 1 to 70 printable characters, a space not at the end.
    """
    boundary = media_type.parameters.get("boundary") if media_type is not None else None
    if boundary is None:
        raise MultipartError("the Content-Type of a multipart form needs a boundary parameter")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise MultipartError("the boundary of a multipart form is 1 to 70 printable ASCII characters")
    return boundary.encode("ascii")


def parse_disposition(value: bytes) -> Disposition:
    """Return what the `Content-Disposition` of a part says (RFC 7578 section 4.2); nothing when it is of another kind.

    `filename*` goes before `filename` when it can be read.

    Raises:
        MultipartError: it does not follow the grammar, is not UTF-8, or gives a parameter twice.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise MultipartError("the Content-Disposition of a part is not UTF-8") from None
    # PERF: what every browser and most other clients write takes a third of the time.
    match = _USUAL.fullmatch(text)
    if match is not None:
        return Disposition(match[1], match[2])
    match = _FORM_DATA.match(text)
    if match is None:
        return Disposition(None, None)
    parameters = _parse_parameters(text, match.end())
    filename = _parse_extended(parameters.get("filename*"))
    return Disposition(parameters.get("name"), parameters.get("filename") if filename is None else filename)


@final
class MultipartParser:
    """Turns the bytes of a form into events. Call `feed` for each piece, then `finish`; after an error, neither.

    Of each part there is one `PartBegin`, any number of `PartData`, one `PartEnd`.

    Args:
        boundary: 1 to 70 bytes, from `parse_boundary`.
        max_parts: parts allowed, default 1000; exactly as many are fine.
        max_header_bytes: bytes of headers allowed in a part, with their line ends, default 8 KiB.
        max_headers: header fields allowed in a part, default 32.

    Request-bound: one thread at a time.
    """

    __slots__ = (
        "_after_crlf",
        "_buffer",
        "_delimiter",
        "_max_header_bytes",
        "_max_headers",
        "_max_parts",
        "_parts",
        "_search",
        "_searched",
        "_state",
    )

    def __init__(
        self,
        boundary: bytes,
        *,
        max_parts: int = MAX_PARTS,
        max_header_bytes: int = MAX_HEADER_BYTES,
        max_headers: int = MAX_HEADERS,
    ) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._search: re.Pattern[bytes] | None = None
        self._max_parts = max_parts
        self._max_header_bytes = max_header_bytes
        self._max_headers = max_headers
        self._state = _State.PREAMBLE
        self._parts = 0
        # The body may begin with a boundary, which is at the start of a line like all others.
        self._buffer = bytearray(b"\r\n")
        self._searched = 0  # The end of the headers does not begin before this position.
        self._after_crlf = False  # The buffer begins with the CRLF in front of the content.

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and return what is known now.

        Raises:
            MultipartError: this is no form.
            MultipartLimitError: this form is over a limit.
        """
        events: list[Event] = []
        if self._state is _State.EPILOGUE:
            return events
        self._buffer += data
        while self._step(events):
            pass
        return events

    def finish(self) -> list[Event]:
        """Say that there are no more bytes, and return the last events.

        Raises:
            MultipartError: the form is not complete.
        """
        events: list[Event] = []
        if self._state in {_State.PREAMBLE, _State.CONTENT} and self._is_closed():
            self._close(events)
        if self._state is not _State.EPILOGUE:
            raise MultipartError("the multipart form ends before its closing boundary")
        return events

    def _step(self, events: list[Event]) -> bool:
        """Go on as far as one delimiter or one block of headers; return whether there may be more."""
        if self._state is _State.EPILOGUE:
            return False
        if self._state is _State.HEADERS:
            return self._read_headers(events)
        return self._read_content(events)

    def _read_content(self, events: list[Event]) -> bool:
        """Give out content up to the next delimiter; the preamble is content of no part."""
        buffer = self._buffer
        at = buffer.find(self._delimiter)
        line = _LINE.match(buffer, at + len(self._delimiter)) if at >= 0 else None
        if line is None and at >= 0:
            line = self._find_line(at + 1)
            at = line.start() if line is not None else -1
        if line is None:
            self._give_out(max(len(buffer) - len(self._delimiter) + 1, 0), events)
            return False
        end = line.end()
        closing, complete = line.groups()
        # A match holds on to the buffer, which then could not be cut.
        del line
        self._give_out(at, events)
        if complete is None:
            return False
        self._end_part(end - at - 2, events, closing=closing is not None)
        return True

    def _find_line(self, position: int) -> re.Match[bytes] | None:
        """Find a delimiter that is a whole line, or may become one, behind a line that only began as one.

        PERF: no client has such lines unless it means harm, and then it has a million of them: one search instead of a
        million steps. It is not made for every form, because making it costs as much as parsing a small form.
        """
        if self._search is None:
            self._search = re.compile(re.escape(self._delimiter) + _LINE.pattern)
        return self._search.search(self._buffer, position)

    def _give_out(self, end: int, events: list[Event]) -> None:
        """Give out the content before a position, and forget it."""
        begin = 2 if self._after_crlf else 0
        if end < begin or end == 0:
            return
        if self._state is _State.CONTENT and end > begin:
            with memoryview(self._buffer) as view:
                events.append(PartData(bytes(view[begin:end])))
        self._after_crlf = False
        del self._buffer[:end]

    def _end_part(self, end: int, events: list[Event], *, closing: bool) -> None:
        """Go over a delimiter, up to a position."""
        if closing:
            self._close(events)
            return
        if self._state is _State.CONTENT:
            events.append(PART_END)
        self._parts += 1
        if self._parts > self._max_parts:
            raise MultipartLimitError(f"The form has more than {self._max_parts} parts", self._max_parts)
        self._state = _State.HEADERS
        del self._buffer[:end]

    def _close(self, events: list[Event]) -> None:
        if self._state is _State.CONTENT:
            events.append(PART_END)
        self._state = _State.EPILOGUE
        self._buffer.clear()

    def _is_closed(self) -> bool:
        """Whether the buffer is a closing delimiter without the CRLF that only an epilogue needs."""
        start = len(self._delimiter)
        return self._buffer.startswith(self._delimiter) and _LAST_LINE.fullmatch(self._buffer, start) is not None

    def _read_headers(self, events: list[Event]) -> bool:
        """Give out the beginning of a part, when all of its headers are there."""
        buffer = self._buffer
        at = buffer.find(b"\r\n\r\n", self._searched)
        if (at if at >= 0 else len(buffer) - 3) > self._max_header_bytes:
            raise MultipartLimitError(
                f"The headers of a part are longer than {self._max_header_bytes} bytes", self._max_header_bytes
            )
        if at < 0:
            self._searched = max(len(buffer) - 3, 0)
            return False
        events.append(_begin_part(_parse_headers(bytes(buffer[2:at]), self._max_headers)))
        self._state = _State.CONTENT
        self._after_crlf = True
        self._searched = 0
        del buffer[: at + 2]
        return True


def _parse_headers(block: bytes, max_headers: int) -> HeaderPairs:
    """Return header fields with lower-case names (RFC 5322 section 2.2, with folding)."""
    pairs: HeaderPairs = []
    if not block:
        return pairs
    lines = block.split(b"\r\n")
    # All control characters there are must be those that have been split at.
    if len(block) - len(block.translate(None, _CONTROLS)) != 2 * (len(lines) - 1):
        raise MultipartError("a header of a part has a control character")
    for line in lines:
        if line[:1] in {b" ", b"\t"} and pairs:
            name, value = pairs[-1]
            pairs[-1] = (name, value + b" " + line.strip(b" \t"))
            continue
        name, colon, value = line.partition(b":")
        # PERF: nearly all fields are one of two, spelt in one way.
        known = _KNOWN_NAMES.get(name)
        if not colon or (known is None and _FIELD_NAME.fullmatch(name) is None):
            raise MultipartError("a header of a part is malformed")
        if len(pairs) == max_headers:
            raise MultipartLimitError(f"A part has more than {max_headers} headers", max_headers)
        pairs.append((known or name.lower(), value.strip(b" \t")))
    return pairs


def _begin_part(headers: HeaderPairs) -> PartBegin:
    disposition: Disposition | None = None
    content_type: str | None = None
    for name, value in headers:
        if name == b"content-disposition":
            if disposition is not None:
                raise MultipartError("a part has two Content-Disposition headers")
            disposition = parse_disposition(value)
        elif name == b"content-type":
            content_type = value.decode("latin-1") or None
    if disposition is None:
        return PartBegin(headers, None, None, content_type)
    return PartBegin(headers, disposition.name, disposition.filename, content_type)


def _parse_parameters(text: str, position: int) -> dict[str, str]:
    found: dict[str, str] = {}
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            raise MultipartError("the Content-Disposition of a part is malformed")
        name, quoted, plain = match.groups()
        position = match.end()
        if name is None:
            continue
        if name.lower() in found:
            raise MultipartError("the Content-Disposition of a part gives a parameter twice")
        found[name.lower()] = plain.strip(OWS) if quoted is None else _unquote(quoted)
    return found


def _unquote(quoted: str) -> str:
    text = _ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted
    return text.replace("%22", '"')


def _parse_extended(value: str | None) -> str | None:
    """Return the text of an extended parameter (RFC 5987 section 3.2), or `None` when it cannot be read."""
    match = _EXTENDED.fullmatch(value) if value is not None else None
    if match is None:
        return None
    raw = unquote_to_bytes(match[2])
    # SECURITY: percent-encoding must not bring in what a header cannot hold.
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        return None
    try:
        return raw.decode(match[1])
    except UnicodeDecodeError:
        return None
