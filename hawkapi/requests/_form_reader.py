"""Reads the form of a request: streamed, and its large files written to disk as they arrive."""

from __future__ import annotations

from typing import Final

from hawkapi.exceptions import ClientDisconnect
from hawkapi.http.media_types import MULTIPART, URLENCODED, essence_of, parse_media_type
from hawkapi.http.multipart import MultipartError, parse_boundary
from hawkapi.requests._multipart_form import MultipartForm
from hawkapi.requests.body import BodyReader
from hawkapi.requests.errors import MalformedBodyError, RequestEntityTooLarge
from hawkapi.requests.form_data import FormData, parse_urlencoded
from hawkapi.requests.uploads import UploadFile

BATCH: Final = 256 * 1024
"""Bytes that are parsed at once. A file on disk costs a switch to a thread per batch, about 100 µs, so small messages
are joined first; a body that was read already is taken in pieces, so that the loop runs in between."""


async def read_form(
    reader: BodyReader, content_type: str | None, limit: int, max_parts: int, max_field_size: int
) -> FormData:
    """Return the form of a request, the same one each time.

    Raises:
        MalformedBodyError: the body is no form.
        FormLimitError: it has too many parts, or too long fields.
        RequestEntityTooLarge: it is longer than `limit` bytes.
        ClientDisconnect: the client left before the end.
        RuntimeError: the body was consumed without being kept.
    """
    if reader.form_error is not None:
        raise reader.form_error
    if reader.form is None:
        try:
            reader.form = await _read(reader, content_type, limit, max_parts, max_field_size)
        except (ClientDisconnect, MalformedBodyError, RequestEntityTooLarge) as exc:
            if reader.is_consumed:
                # Who asks next is told the same, not that the body is gone.
                reader.form_error = exc
            raise
    return reader.form


async def _read(
    reader: BodyReader, content_type: str | None, limit: int, max_parts: int, max_field_size: int
) -> FormData:
    # What is malformed after the semicolon is still meant to be a form, and is refused as one.
    essence = essence_of(content_type or "")
    if essence == URLENCODED:
        return parse_urlencoded(await reader.read(limit), max_parts)
    if essence == MULTIPART:
        try:
            boundary = parse_boundary(parse_media_type(content_type))
        except MultipartError as exc:
            raise MalformedBodyError(f"Malformed form: {exc}") from exc
        reader.check_unconsumed()
        return await _read_multipart(reader, MultipartForm(boundary, max_parts, max_field_size), limit)
    reader.check_unconsumed()
    return FormData()


async def _read_multipart(reader: BodyReader, form: MultipartForm, limit: int) -> FormData:
    pending: list[bytes] = []
    size = 0
    try:
        async for chunk in reader.stream(limit, "form()"):
            for at in range(0, len(chunk), BATCH):
                pending.append(chunk[at : at + BATCH])
                size += len(pending[-1])
                if size >= BATCH:
                    await _write(form.feed(b"".join(pending)))
                    pending.clear()
                    size = 0
        await _write(form.feed(b"".join(pending)))
        await _write(form.finish())
        for _, value in form.items:
            if isinstance(value, UploadFile):
                await value.seek(0)
    except BaseException:
        form.discard()
        raise
    return FormData.from_items(form.items)


async def _write(writes: list[tuple[UploadFile, bytes]]) -> None:
    for upload, data in writes:
        await upload.write(data)
