"""`UploadFile`: in memory or on disk, it reads the same."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import warnings
from collections.abc import Buffer
from io import BytesIO
from pathlib import Path

import pytest

from hawkapi.http.headers import Headers
from hawkapi.requests import UploadFile


@pytest.mark.parametrize("max_memory", [100, 0], ids=["memory", "disk"])
def test_writing_and_reading(max_memory: int) -> None:
    """Positions, sizes and content do not depend on where the content is."""

    async def main() -> None:
        upload = UploadFile("a.txt", "text/plain", max_memory=max_memory)
        await upload.write(b"abc")
        await upload.write(memoryview(b"def"))
        assert upload.in_memory is (max_memory == 100)
        assert (upload.size, upload.data, await upload.read()) == (6, b"abcdef", b"")
        await upload.seek(1)
        assert (await upload.read(2), upload.data, await upload.read()) == (b"bc", b"abcdef", b"def")
        await upload.seek(2)
        await upload.write(b"C")
        assert (upload.size, upload.data) == (6, b"abCdef")
        upload.file.seek(0)
        assert upload.file.read() == b"abCdef"
        await upload.close()

    asyncio.run(main())


def test_given_data() -> None:
    """Content that is given stays in memory, and can be read after closing."""

    async def main() -> None:
        upload = UploadFile("a.txt", "text/plain", b"hello")
        assert (upload.filename, upload.content_type, upload.data, upload.size) == ("a.txt", "text/plain", b"hello", 5)
        assert await upload.read(2) == b"he"
        await upload.close()
        await upload.seek(0)
        assert await upload.read() == b"hello"
        assert upload.data == b"hello"
        big = UploadFile("b", data=b"x" * 2_000_000)
        assert big.in_memory
        assert big.content_type == "application/octet-stream"

    asyncio.run(main())


@pytest.mark.parametrize(("size", "in_memory"), [(9, True), (10, True), (11, False)], ids=["below", "at", "above"])
def test_threshold(size: int, in_memory: bool) -> None:
    """Exactly as many bytes as allowed stay in memory, however they are written."""

    async def main() -> None:
        whole = UploadFile("a", max_memory=10)
        await whole.write(b"x" * size)
        pieces = UploadFile("a", max_memory=10)
        for _ in range(size):
            await pieces.write(b"x")
        assert whole.in_memory is pieces.in_memory is in_memory
        assert whole.data == pieces.data == b"x" * size
        await whole.close()
        await pieces.close()

    asyncio.run(main())


def test_closing_deletes() -> None:
    """A file on disk is gone after closing, and nobody could have opened it before."""

    async def main() -> None:
        upload = UploadFile("a", max_memory=0)
        await upload.write(b"abc")
        descriptor = upload.file.fileno()
        assert os.fstat(descriptor).st_size <= 3
        if hasattr(os, "O_TMPFILE"):
            assert os.fstat(descriptor).st_nlink == 0
        await upload.close()
        await upload.close()
        with pytest.raises(ValueError, match="closed"):
            await upload.read()

    asyncio.run(main())


def test_disk_is_used_by_a_thread() -> None:
    """The event loop's thread does not write to disk."""
    threads: list[int] = []

    class Recorded(UploadFile):
        __slots__ = ()

        def _write_to_disk(self, data: Buffer) -> int:
            threads.append(threading.get_ident())
            return super()._write_to_disk(data)

    async def main() -> None:
        upload = Recorded("a", max_memory=2)
        await upload.write(b"ab")
        assert threads == []
        await upload.write(b"c")
        await upload.write(b"d")
        await upload.close()

    asyncio.run(main())
    assert len(threads) == 2
    assert threading.get_ident() not in threads


def test_discarded_before_its_file_is_made() -> None:
    """An upload that is discarded while a thread is about to write leaves no open file behind."""
    upload = UploadFile("a", max_memory=0)
    upload.discard()
    with pytest.raises(ValueError, match="closed"):
        asyncio.run(upload.write(b"abc"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del upload
        gc.collect()


def test_headers_and_repr() -> None:
    """The headers of the part are there; content is not shown."""
    upload = UploadFile("a", "b/c", b"secret", headers=Headers([(b"x-a", b"1")]))
    assert upload.headers["X-A"] == "1"
    assert repr(upload) == "UploadFile(filename='a', content_type='b/c', size=6)"
    assert list(UploadFile("a").headers) == []


def test_no_file_in_the_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary file has no name in its directory where the system allows that, so nothing is left after a crash."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    upload = UploadFile("a", max_memory=0)
    asyncio.run(upload.write(b"abc"))
    names = list(tmp_path.iterdir())
    asyncio.run(upload.close())
    assert list(tmp_path.iterdir()) == []
    if os.name == "posix":
        assert names == []


def test_moving_to_disk_fails(recwarn: pytest.WarningsRecorder) -> None:
    """When the content cannot be copied, the temporary file is closed, and the upload is still in memory."""

    class Unreadable(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("no space left")

    upload = UploadFile("a", max_memory=0)
    upload._file = Unreadable()
    with pytest.raises(OSError, match="no space left"):
        asyncio.run(upload.write(b"abc"))
    assert upload.in_memory
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []
