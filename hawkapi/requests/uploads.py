"""`UploadFile`: a file that a client sent."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import IO, TYPE_CHECKING, Final

from hawkapi.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Buffer

__all__ = ["UploadFile"]

MAX_MEMORY: Final = 1024 * 1024
"""1 MiB: forms of small files never touch the disk, and a hundred requests at once need no more than 100 MiB."""

DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"


class UploadFile:
    """A file of a form: in memory while it is small, else in a temporary file that nobody else can open.

    Args:
        filename: what the client calls it. SECURITY: it may hold `/`, `..` and anything else; never use it as a path.
        content_type: what the client says it is, default `application/octet-stream`.
        data: its content, which stays in memory. Default empty.
        headers: those of its part of the form. Default none.
        max_memory: bytes up to which what is written stays in memory, default 1 MiB.

    What blocks is done in a thread. Once the request has ended, or after `close`, the temporary file is gone; a file in
    memory can still be read.

    Request-bound: the tasks of one request may use it in turn.
    """

    __slots__ = ("_discarded", "_file", "_in_memory", "_max_memory", "content_type", "filename", "headers", "size")

    def __init__(
        self,
        filename: str,
        content_type: str = DEFAULT_CONTENT_TYPE,
        data: bytes = b"",
        *,
        headers: Headers | None = None,
        max_memory: int = MAX_MEMORY,
    ) -> None:
        self.filename = filename
        self.content_type = content_type
        self.headers = Headers() if headers is None else headers
        self.size = len(data)
        """Bytes of content."""
        self._file: IO[bytes] = BytesIO(data)
        self._in_memory = True
        self._discarded = False
        self._max_memory = max_memory

    @property
    def file(self) -> IO[bytes]:
        """The binary file that holds the content now; `write` may replace it by another, so ask again after one.

        Its methods block when the content is on disk: use them in a handler that is a plain function.
        """
        return self._file

    @property
    def data(self) -> bytes:
        """The whole content. It is read into memory, and blocks, when it is on disk: prefer `read` there."""
        if isinstance(self._file, BytesIO):
            return self._file.getvalue()
        position = self._file.tell()
        self._file.seek(0)
        try:
            return self._file.read()
        finally:
            self._file.seek(position)

    @property
    def in_memory(self) -> bool:
        """Whether the content is in memory, so that nothing blocks."""
        return self._in_memory

    async def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes from the current position on, all by default; `b""` at the end."""
        if self._in_memory:
            return self._file.read(size)
        return await asyncio.to_thread(self._file.read, size)

    async def write(self, data: Buffer) -> None:
        """Write at the current position."""
        length = memoryview(data).nbytes
        if self._in_memory and self._file.tell() + length <= self._max_memory:
            self._file.write(data)
            self.size = max(self.size, self._file.tell())
        else:
            self.size = max(self.size, await asyncio.to_thread(self._write_to_disk, data))

    async def seek(self, offset: int) -> None:
        """Go to a position, in bytes from the start."""
        if self._in_memory:
            self._file.seek(offset)
        else:
            await asyncio.to_thread(self._file.seek, offset)

    async def close(self) -> None:
        """Delete the temporary file; a file in memory is left as it is."""
        if not self._in_memory:
            await asyncio.to_thread(self._file.close)

    def discard(self) -> None:
        """Delete the temporary file without waiting for a thread, also if one is about to make it."""
        self._discarded = True
        if not self._in_memory:
            self._file.close()

    def __repr__(self) -> str:
        return f"UploadFile(filename={self.filename!r}, content_type={self.content_type!r}, size={self.size})"

    def _write_to_disk(self, data: Buffer) -> int:
        """Write, and return the position after it."""
        if self._in_memory:
            self._file = _on_disk(self._file)
            self._in_memory = False
        # THREADS: the task that waits for this may have been cancelled and have discarded the upload meanwhile. It
        # sets the flag before it looks for a file, and here it is the other way round, so one of both closes it.
        if self._discarded:
            self._file.close()
        self._file.write(data)
        return self._file.tell()


def _on_disk(memory: IO[bytes]) -> IO[bytes]:
    """Return a temporary file with the same content at the same position."""
    # Here, because few programs receive large files and the module takes time to load.
    from tempfile import TemporaryFile

    position = memory.tell()
    memory.seek(0)
    disk = TemporaryFile(prefix="hawkapi-")  # noqa: SIM115 - it lives until the request ends
    try:
        disk.write(memory.read())
        disk.seek(position)
    except BaseException:
        disk.close()
        raise
    return disk
