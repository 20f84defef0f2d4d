"""Forms of requests: which bodies are one, streamed to memory and disk, shared, and refused."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import warnings
from typing import Any

import pytest
from asgi import http_scope

from hawkapi.exceptions import ClientDisconnect
from hawkapi.requests import FormData, FormLimitError, MalformedBodyError, Request, RequestEntityTooLarge
from hawkapi.types import Message

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
FIELD = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\nContent-Type: text/plain\r\n\r\n'


def post(content_type: str | None, *pieces: bytes | None, **options: Any) -> Request:
    """Return a request with a body in pieces; `None` stands for a disconnect."""
    waiting = list(pieces)

    async def receive() -> Message:
        piece = waiting.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    headers = [] if content_type is None else [("content-type", content_type)]
    return Request(http_scope("POST", "/", headers), receive, **options)


async def form_of(content_type: str | None, *pieces: bytes | None) -> FormData:
    return await post(content_type, *pieces).form()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(URLENCODED, b"a=1", id="urlencoded"),
        pytest.param("Application/X-WWW-Form-URLEncoded; Charset=utf-8", b"a=1", id="urlencoded-parameters"),
        pytest.param("application/x-www-form-urlencoded;", b"a=1", id="urlencoded-semicolon"),
        pytest.param("application/x-www-form-urlencoded; charset", b"a=1", id="urlencoded-malformed-parameter"),
        pytest.param(MULTIPART, FIELD + b"--b--", id="multipart"),
        pytest.param('MULTIPART/Form-Data; charset=utf-8; Boundary="b"', FIELD + b"--b--", id="multipart-case"),
    ],
)
def test_form(content_type: str, body: bytes) -> None:
    """Media types and their parameters have no case."""
    assert asyncio.run(form_of(content_type, body)).multi_items() == [("a", "1")]
    pieces = [body[at : at + 1] for at in range(len(body))]
    assert asyncio.run(form_of(content_type, *pieces)).multi_items() == [("a", "1")]


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "text/plain; x=multipart/form-data", "multipart"]
)
def test_no_form(content_type: str | None) -> None:
    """What is no form by its media type is an empty one, and its body can still be read."""

    async def main() -> None:
        request = post(content_type, b"a=1")
        assert len(await request.form()) == 0
        assert await request.body() == b"a=1"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("multipart/form-data", FIELD + b"--b--", id="no-boundary"),
        pytest.param("multipart/form-data; boundary=", FIELD + b"--b--", id="empty-boundary"),
        pytest.param(MULTIPART, FIELD, id="incomplete"),
        pytest.param(MULTIPART, b"", id="empty"),
        pytest.param(MULTIPART, FIELD.replace(b"1", b"\xff") + b"--b--", id="multipart-not-utf-8"),
        pytest.param(URLENCODED, b"a=%ff", id="urlencoded-not-utf-8"),
    ],
)
def test_malformed(content_type: str, body: bytes) -> None:
    """A form that is none is an error about the body, each time it is asked for."""

    async def main() -> None:
        request = post(content_type, body)
        for _ in range(2):
            with pytest.raises(MalformedBodyError) as caught:
                await request.form()
            assert caught.value.field == "body"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(URLENCODED, b"a=1&b=2", id="urlencoded"),
        pytest.param(MULTIPART, FIELD * 2 + b"--b--", id="multipart"),
    ],
)
def test_limits(content_type: str, body: bytes) -> None:
    """Bytes, fields and parts are limited, and exactly as many are fine."""

    async def main() -> None:
        size = len(body)
        assert len((await post(content_type, body, max_body_size=size).form(max_parts=2)).multi_items()) == 2
        with pytest.raises(RequestEntityTooLarge, match="maximum size"):
            await post(content_type, body[:5], body[5:], max_body_size=size - 1).form()
        request = post(content_type, body)
        for _ in range(2):
            with pytest.raises(FormLimitError, match="more than 1 "):
                await request.form(max_parts=1)

    asyncio.run(main())


def test_field_limit() -> None:
    """A multipart field is limited, whatever the body's limit."""

    async def main() -> None:
        body = FIELD.replace(b"1", b"123") + b"--b--"
        assert (await post(MULTIPART, body).form(max_field_size=3)).get("a") == "123"
        with pytest.raises(FormLimitError, match="longer than 2 bytes"):
            await post(MULTIPART, body).form(max_field_size=2)

    asyncio.run(main())


def test_form_is_shared() -> None:
    """All requests of a scope have the same form, parsed once."""

    async def main() -> None:
        request = post(MULTIPART, FIELD + b"--b--")
        form = await request.form()
        assert await request.form() is form
        assert await Request(request.scope, request._receive).form() is form

    asyncio.run(main())


@pytest.mark.parametrize(
    ("content_type", "body"), [(URLENCODED, b"a=1"), (MULTIPART, FIELD + b"--b--")], ids=["urlencoded", "multipart"]
)
def test_form_after_body(content_type: str, body: bytes) -> None:
    """A body that was read is a form as well."""

    async def main() -> None:
        request = post(content_type, body[:2], body[2:])
        assert await request.body() == body
        assert (await request.form()).get("a") == "1"
        assert await request.body() == body

    asyncio.run(main())


def test_body_after_form() -> None:
    """A multipart body is not kept: asking for it says why there is none."""

    async def main() -> None:
        request = post(MULTIPART, FIELD + b"--b--")
        await request.form()
        with pytest.raises(RuntimeError, match=r"^Body already consumed by form\(\)$"):
            await request.body()
        request = post(URLENCODED, b"a=1")
        await request.form()
        assert await request.body() == b"a=1"

    asyncio.run(main())


@pytest.mark.parametrize("size", [1, 1024 * 1024, 1024 * 1024 + 1], ids=["small", "at", "above"])
def test_upload(size: int) -> None:
    """A file is in memory up to 1 MiB and on disk above, and is read from its start."""

    async def main() -> None:
        content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        body = FILE + content + b"\r\n" + FIELD + b"--b--"
        request = post(MULTIPART, *(body[at : at + 65536] for at in range(0, len(body), 65536)))
        form = await request.form()
        upload = form.files["f"]
        assert (upload.filename, upload.content_type, upload.size) == ("x", "text/plain", size)
        assert upload.in_memory is (size <= 1024 * 1024)
        assert await upload.read(3) == content[:3]
        assert await upload.read() == content[3:]
        assert upload.data == content
        assert form.get("a") == "1"
        await request.close()
        await request.close()
        assert upload.file.closed is not upload.in_memory

    asyncio.run(main())


def test_upload_memory_is_level() -> None:
    """A file of 100 MB takes no more memory than a small one."""

    async def main() -> None:
        piece = b"x" * 65536
        request = post(MULTIPART, FILE, *[piece] * 1600, b"\r\n--b--", max_body_size=1 << 30)
        tracemalloc.start()
        try:
            form = await request.form()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert form.files["f"].size == 1600 * 65536
        assert peak < 6 * 1024 * 1024
        await request.close()

    asyncio.run(main())


@pytest.mark.parametrize("last", [None, b"\r\n--b-", b"\r\n--b\r\nx\r\n\r\n"], ids=["disconnect", "cut", "malformed"])
def test_files_of_a_broken_form(last: bytes | None, recwarn: pytest.WarningsRecorder) -> None:
    """A form that breaks off leaves no open file behind."""

    async def main() -> None:
        request = post(MULTIPART, FILE, b"x" * 2 * 1024 * 1024, last)
        with pytest.raises((ClientDisconnect, MalformedBodyError)):
            await request.form()
        await request.close()

    asyncio.run(main())
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_form_as_context() -> None:
    """`async with` gives the form and deletes its files; so does the request itself."""

    async def main() -> None:
        body = FILE + b"x" * 2 * 1024 * 1024 + b"\r\n--b--"
        async with post(MULTIPART, body).form() as form:
            assert not form.files["f"].in_memory
        assert form.files["f"].file.closed
        async with post(MULTIPART, body) as request:
            form = await request.form()
            assert not form.files["f"].file.closed
        assert form.files["f"].file.closed

    asyncio.run(main())


def test_closing_without_a_form() -> None:
    """There is nothing to delete where no form was asked for."""

    async def main() -> None:
        request = post(URLENCODED, b"a=1")
        await request.close()
        assert await request.body() == b"a=1"
        await request.close()

    asyncio.run(main())


@pytest.mark.parametrize("last", [None, b"\r\n--b-"], ids=["disconnect", "cut"])
def test_broken_form_asked_for_again(last: bytes | None) -> None:
    """What was wrong with a form is said each time, although its body is gone."""

    async def main() -> None:
        request = post(MULTIPART, FIELD, last)
        for _ in range(2):
            with pytest.raises((ClientDisconnect, MalformedBodyError)):
                await request.form()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [pytest.param(URLENCODED, b"a=1&b=2", id="urlencoded"), pytest.param(MULTIPART, FIELD + b"--b--", id="multipart")],
)
def test_form_over_the_limit_of_another_request(content_type: str, body: bytes) -> None:
    """A tighter limit refuses a form before it is taken in; a wider one then reads it."""

    async def main() -> None:
        request = post(content_type, body)
        tight = Request(request.scope, request._receive, max_body_size=3)
        with pytest.raises(RequestEntityTooLarge):
            await tight.body()
        with pytest.raises(RequestEntityTooLarge):
            await tight.form()
        assert (await request.form()).get("a") == "1"

    asyncio.run(main())


def test_two_readers_at_once() -> None:
    """A second task that asks for a form while it is being read is told so, and the first gets it."""

    async def main() -> None:
        request = post(MULTIPART, FILE, b"x" * 2 * 1024 * 1024 + b"\r\n--b--")
        first = asyncio.ensure_future(request.form())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="consumed by form"):
            await request.form()
        assert (await first).files["f"].size == 2 * 1024 * 1024
        await request.close()

    asyncio.run(main())


def test_cancelled_while_writing() -> None:
    """A request that is cancelled while a thread writes leaves no open file behind."""

    async def main() -> None:
        request = post(MULTIPART, FILE, b"x" * 2 * 1024 * 1024 + b"\r\n--b--")
        task = asyncio.ensure_future(request.form())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        gc.collect()
