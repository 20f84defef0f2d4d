"""Makes the fields and files of a form from the events of its parser.

`feed` does no I/O: it returns what is to be written to which upload, and the caller writes, in memory or by a thread.

**Bounds.** A form has at most `max_parts` parts, a text field at most `max_field_size` bytes, all text fields together
`MAX_TEXT`. Uploads stay in memory up to 1 MiB each while all of them are within `MAX_UPLOAD_MEMORY`; later ones go to
disk above `SMALL_UPLOAD`, so that a thousand tiny files do not take a thousand file descriptors.
"""

from __future__ import annotations

from typing import Final, final

from hawkapi.http.headers import Headers
from hawkapi.http.media_types import parse_media_type
from hawkapi.http.multipart import Event, MultipartError, MultipartLimitError, MultipartParser, PartBegin, PartData
from hawkapi.requests.errors import FormLimitError, MalformedBodyError
from hawkapi.requests.form_data import DEFAULT_MAX_FIELD_SIZE, DEFAULT_MAX_PARTS, FormValue
from hawkapi.requests.uploads import DEFAULT_CONTENT_TYPE, MAX_MEMORY, UploadFile

MAX_TEXT: Final = 10 * 1024 * 1024
"""10 MiB, as a body may have by default; it matters where `max_body_size` was raised for files."""

MAX_UPLOAD_MEMORY: Final = 16 * 1024 * 1024
SMALL_UPLOAD: Final = 64 * 1024

LATIN_1: Final = frozenset({"iso-8859-1", "latin-1", "latin1"})
"""What fields may be in besides UTF-8: some Java clients say ISO-8859-1 unless told otherwise. SECURITY: a client does
not choose among all codecs of Python; some are slow."""


@final
class MultipartForm:
    """The form that a body becomes, byte by byte.

    Args:
        boundary: from `parse_boundary`.
        max_parts: parts allowed.
        max_field_size: bytes of a text field allowed.
    """

    __slots__ = (
        "_content",
        "_max_field_size",
        "_memory",
        "_parser",
        "_part",
        "_size",
        "_text",
        "_upload",
        "_uploads",
        "items",
    )

    def __init__(
        self, boundary: bytes, max_parts: int = DEFAULT_MAX_PARTS, max_field_size: int = DEFAULT_MAX_FIELD_SIZE
    ) -> None:
        self.items: list[tuple[str, FormValue]] = []
        """Every complete field and file, in order."""
        self._parser = MultipartParser(boundary, max_parts=max_parts)
        self._max_field_size = max_field_size
        self._part: PartBegin | None = None  # Absent also in parts that belong to no form.
        self._content: list[bytes] = []
        self._size = 0
        self._text = 0
        self._memory = 0
        self._upload: UploadFile | None = None
        self._uploads: list[UploadFile] = []

    def feed(self, data: bytes) -> list[tuple[UploadFile, bytes]]:
        """Take the next bytes; return what is to be written.

        Raises:
            MalformedBodyError: this is no form.
            FormLimitError: it has too much of something.
        """
        try:
            return self._handle(self._parser.feed(data))
        except MultipartError as exc:
            raise _translate(exc) from exc

    def finish(self) -> list[tuple[UploadFile, bytes]]:
        """Say that there are no more bytes; returns and raises as `feed`."""
        try:
            return self._handle(self._parser.finish())
        except MultipartError as exc:
            raise _translate(exc) from exc

    def discard(self) -> None:
        """Delete the temporary files of a form that nobody is going to have."""
        for upload in self._uploads:
            upload.discard()

    def _handle(self, events: list[Event]) -> list[tuple[UploadFile, bytes]]:
        writes: list[tuple[UploadFile, bytes]] = []
        for event in events:
            if isinstance(event, PartBegin):
                self._begin(event)
            elif isinstance(event, PartData):
                self._add(event.data, writes)
            else:
                self._end()
        return writes

    def _begin(self, part: PartBegin) -> None:
        self._size = 0
        self._part = part if part.name is not None else None
        if part.name is None or part.filename is None:
            return
        limit = MAX_MEMORY if self._memory < MAX_UPLOAD_MEMORY else SMALL_UPLOAD
        content_type = part.content_type or DEFAULT_CONTENT_TYPE
        self._upload = UploadFile(part.filename, content_type, headers=Headers(part.headers), max_memory=limit)
        self._uploads.append(self._upload)

    def _add(self, data: bytes, writes: list[tuple[UploadFile, bytes]]) -> None:
        if self._part is None:
            return
        self._size += len(data)
        if self._upload is not None:
            writes.append((self._upload, data))
            return
        self._text += len(data)
        if self._size > self._max_field_size:
            raise FormLimitError(
                f"A form field is longer than {self._max_field_size} bytes; send it as a file", self._max_field_size
            )
        if self._text > MAX_TEXT:
            raise FormLimitError(f"The form has more than {MAX_TEXT} bytes of text", MAX_TEXT)
        self._content.append(data)

    def _end(self) -> None:
        part, upload = self._part, self._upload
        self._part = self._upload = None
        if part is None or part.name is None:
            return
        if upload is None:
            self.items.append((part.name, _decode_field(b"".join(self._content), part)))
            self._content.clear()
        elif upload.filename or self._size:
            self.items.append((part.name, upload))
            self._memory += min(self._size, MAX_MEMORY)
        # Else it is what browsers send for a file input in which no file was chosen.


def _decode_field(content: bytes, part: PartBegin) -> str:
    charset = _charset(part.content_type) if part.content_type else ""
    try:
        return content.decode("latin-1" if charset in LATIN_1 else "utf-8")
    except UnicodeDecodeError:
        raise MalformedBodyError(f"Form field {part.name!r} is not UTF-8") from None


def _charset(content_type: str) -> str:
    media_type = parse_media_type(content_type)
    return media_type.parameters.get("charset", "").lower() if media_type is not None else ""


def _translate(exc: MultipartError) -> FormLimitError | MalformedBodyError:
    if isinstance(exc, MultipartLimitError):
        return FormLimitError(str(exc), exc.limit)
    return MalformedBodyError(f"Malformed form: {exc}")
