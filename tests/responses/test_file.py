"""`FileResponse`: frames, ranges, conditions and names."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streams import Client, answer, frames

from hawkapi import HawkAPI
from hawkapi.http.dates import format_http_date
from hawkapi.responses import FileResponse
from hawkapi.responses.file import CHUNK_SIZE, format_disposition, guess_content_type

pytestmark = pytest.mark.thread_unsafe(reason="writes files of the same names into one directory")

TEN = b"0123456789"
MODIFIED_S = 1_700_000_000
MODIFIED = format_http_date(MODIFIED_S)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., FileResponse]:
    """Return a function that writes a file and returns a response with it."""

    def make_response(content: bytes = TEN, name: str = "a.txt", **options: Any) -> FileResponse:
        path = tmp_path / name
        path.write_bytes(content)
        os.utime(path, (MODIFIED_S, MODIFIED_S))
        return FileResponse(path, **options)

    return make_response


type Make = Callable[..., FileResponse]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(0, [(0, False)], id="empty"),
        pytest.param(1, [(1, False)], id="one"),
        pytest.param(CHUNK_SIZE - 1, [(CHUNK_SIZE - 1, False)], id="below"),
        pytest.param(CHUNK_SIZE, [(CHUNK_SIZE, False)], id="at"),
        pytest.param(CHUNK_SIZE + 1, [(CHUNK_SIZE, True), (1, False)], id="above"),
        pytest.param(CHUNK_SIZE * 2, [(CHUNK_SIZE, True), (CHUNK_SIZE, False)], id="exact-multiple"),
    ],
)
def test_frames(make: Make, size: int, expected: list[tuple[int, bool]]) -> None:
    """A file is sent in chunks of 64 KiB, the last of which ends the body; an empty file is one empty frame."""
    content = os.urandom(size)
    reply = answer(make(content, "a.bin"))
    assert (reply.status, frames(reply)) == (200, expected)
    assert reply.body == content
    assert reply.header("content-length") == str(size)


def test_headers(make: Make) -> None:
    """Type, length, validators and the readiness to send parts."""
    reply = answer(make(headers={"X-One": "1"}))
    etag = reply.header("etag") or ""
    assert re.fullmatch(r'"[0-9a-f]{16}"', etag)
    assert reply.headers == [
        (b"x-one", b"1"),
        (b"etag", etag.encode()),
        (b"last-modified", MODIFIED.encode()),
        (b"accept-ranges", b"bytes"),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"10"),
    ]


def test_etag_changes_with_the_file(make: Make) -> None:
    """Another size, or another time, is another tag; the same file has the same one."""
    tags = [answer(make(content)).header("etag") for content in (TEN, TEN, b"x")]
    assert tags[0] == tags[1] != tags[2]


@pytest.mark.parametrize("make_path", [lambda base: base, lambda base: base / "none", lambda base: f"{base}/a\0b"])
def test_no_regular_file(tmp_path: Path, make_path: Any) -> None:
    """What is no file is refused when the response is made."""
    with pytest.raises(FileNotFoundError, match="File not found"):
        FileResponse(make_path(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this file system")
def test_pipe(make: Make, tmp_path: Path) -> None:
    """A pipe is no file, also when it takes the place of one: opening it must not wait for a writer."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError, match="File not found"):
        FileResponse(tmp_path / "pipe")
    response = make()
    Path(response.path).unlink()
    os.mkfifo(response.path)
    with pytest.raises(FileNotFoundError, match="not a regular file"):
        answer(response)


def test_file_that_vanishes(make: Make) -> None:
    """It is an error before anything was sent, so that it can be answered."""
    response, client = make(), Client()
    Path(response.path).unlink()
    with pytest.raises(FileNotFoundError):
        asyncio.run(client.call(response))
    assert client.messages == []


def test_status_other_than_200(make: Make) -> None:
    """A page that goes with an error has neither validators nor parts, whatever is asked."""
    reply = answer(make(status_code=404), headers={"range": "bytes=0-1", "if-none-match": "*"})
    assert (reply.status, reply.body, reply.header("etag"), reply.header("accept-ranges")) == (404, TEN, None, None)


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        pytest.param("bytes=0-0", 206, b"0", "bytes 0-0/10", id="first"),
        pytest.param("bytes=9-9", 206, b"9", "bytes 9-9/10", id="last"),
        pytest.param("bytes=2-4", 206, b"234", "bytes 2-4/10", id="middle"),
        pytest.param("bytes=7-", 206, b"789", "bytes 7-9/10", id="open"),
        pytest.param("bytes=-3", 206, b"789", "bytes 7-9/10", id="suffix"),
        pytest.param("bytes=-10", 206, TEN, "bytes 0-9/10", id="suffix-at-size"),
        pytest.param("bytes=-11", 206, TEN, "bytes 0-9/10", id="suffix-above-size"),
        pytest.param("bytes=5-9", 206, b"56789", "bytes 5-9/10", id="end-at-last"),
        pytest.param("bytes=5-10", 206, b"56789", "bytes 5-9/10", id="end-above-last"),
        pytest.param("bytes=0-4,5-9", 206, TEN, "bytes 0-9/10", id="touching-are-joined"),
        pytest.param("Bytes=1-1", 206, b"1", "bytes 1-1/10", id="unit-in-capitals"),
        pytest.param("bytes=4-2", 200, TEN, None, id="backwards"),
        pytest.param("bytes=a-b", 200, TEN, None, id="no-numbers"),
        pytest.param("bytes=", 200, TEN, None, id="nothing"),
        pytest.param("lines=0-1", 200, TEN, None, id="other-unit"),
        pytest.param("bytes=" + ",".join(["0-0"] * 17), 200, TEN, None, id="too-many"),
        pytest.param("bytes=" + ",".join(["0-0"] * 16), 206, b"0", "bytes 0-0/10", id="as-many-as-allowed"),
    ],
)
def test_range(make: Make, asked: str, status: int, body: bytes, content_range: str | None) -> None:
    """One part is sent with its place; what is malformed is ignored."""
    reply = answer(make(), headers={"range": asked})
    assert (reply.status, reply.body, reply.header("content-range")) == (status, body, content_range)
    assert reply.header("content-length") == str(len(body))
    assert reply.header("accept-ranges") == "bytes"


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999-"])
def test_range_outside_the_file(make: Make, asked: str) -> None:
    """416 says how long the file is."""
    reply = answer(make(), headers={"range": asked})
    assert (reply.status, reply.header("content-range")) == (416, "bytes */10")
    assert (reply.header("content-type"), reply.json()["status"]) == ("application/problem+json", 416)


@pytest.mark.parametrize(("asked", "status"), [("bytes=0-", 416), ("bytes=-1", 200)])
def test_range_of_an_empty_file(make: Make, asked: str, status: int) -> None:
    """An empty file has no first byte; its last bytes are all of it."""
    assert answer(make(b""), headers={"range": asked}).status == status


def test_several_ranges(make: Make) -> None:
    """Parts come as `multipart/byteranges`, in the order asked for, with an exact length."""
    reply = answer(make(), headers={"range": "bytes=8-,0-1,4-5"})
    kind, _, boundary = (reply.header("content-type") or "").partition("; boundary=")
    mark = boundary.encode()
    part = b"--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes %s/10\r\n\r\n%s\r\n"
    expected = b"".join(part % (mark, *pair) for pair in [(b"8-9", b"89"), (b"0-1", b"01"), (b"4-5", b"45")])
    assert (reply.status, kind, reply.body) == (206, "multipart/byteranges", expected + b"--%s--\r\n" % mark)
    assert reply.header("content-length") == str(len(reply.body))
    assert reply.header("content-range") is None
    assert [more for _, more in frames(reply)][-1] is False
    assert answer(make(), headers={"range": "bytes=8-,0-1"}).header("content-type") != reply.header("content-type")


def test_large_parts_are_sent_in_chunks(make: Make) -> None:
    """No frame is larger than a chunk."""
    content = os.urandom(CHUNK_SIZE * 3)
    reply = answer(make(content), headers={"range": f"bytes=1-{CHUNK_SIZE + 1},{CHUNK_SIZE * 2}-"})
    assert max(size for size, _ in frames(reply)) == CHUNK_SIZE
    assert content[1 : CHUNK_SIZE + 2] in reply.body
    assert content[CHUNK_SIZE * 2 :] in reply.body


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_only_get_has_ranges(make: Make, method: str) -> None:
    """Other methods get what they get without one."""
    reply = answer(make(), method, headers={"range": "bytes=0-1"})
    assert (reply.status, reply.header("content-length")) == (200, "10")


def test_ranges_can_be_switched_off(make: Make) -> None:
    """A field of the user's says that there are none."""
    reply = answer(make(headers={"Accept-Ranges": "none"}), headers={"range": "bytes=0-1"})
    assert (reply.status, reply.header("accept-ranges")) == (200, "none")


@pytest.mark.parametrize(
    ("field", "holds"),
    [
        ("{etag}", True),
        ('"other"', False),
        ("W/{etag}", False),
        (MODIFIED, True),
        (format_http_date(MODIFIED_S + 1), False),
        (format_http_date(MODIFIED_S - 1), False),
        ("rubbish", False),
    ],
)
def test_if_range(make: Make, field: str, holds: bool) -> None:
    """Parts are only sent of the file that the client knows."""
    etag = answer(make()).header("etag") or ""
    reply = answer(make(), headers={"range": "bytes=0-1", "if-range": field.format(etag=etag)})
    assert (reply.status, reply.body) == ((206, b"01") if holds else (200, TEN))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"if-none-match": "{etag}"}, 304),
        ({"if-none-match": 'W/{etag}, "x"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"'}, 200),
        ({"if-none-match": '"x"', "if-modified-since": MODIFIED}, 200),
        ({"if-modified-since": MODIFIED}, 304),
        ({"if-modified-since": format_http_date(MODIFIED_S + 1)}, 304),
        ({"if-modified-since": format_http_date(MODIFIED_S - 1)}, 200),
        ({"if-modified-since": "rubbish"}, 200),
        ({"if-match": "{etag}"}, 200),
        ({"if-match": '"x"'}, 412),
        ({"if-unmodified-since": MODIFIED}, 200),
        ({"if-unmodified-since": format_http_date(MODIFIED_S - 1)}, 412),
        ({"if-none-match": "{etag}", "range": "bytes=0-1"}, 304),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(make: Make, fields: dict[str, str], status: int, method: str) -> None:
    """Preconditions are evaluated before ranges; a 304 has the validators and nothing about a body."""
    etag = answer(make()).header("etag") or ""
    fields = {name: value.format(etag=etag) for name, value in fields.items()}
    reply = answer(make(headers={"Cache-Control": "private"}, filename="x"), method, headers=fields)
    assert reply.status == status
    assert (reply.header("etag"), reply.header("last-modified")) == (etag, MODIFIED)
    if status == 304:
        names = {name for name, _ in reply.headers}
        assert (names, reply.body) == ({b"etag", b"last-modified", b"cache-control"}, b"")
    if method == "HEAD":
        assert reply.body == b""


def test_validators_of_the_user(make: Make) -> None:
    """They replace those of the file, and are what conditions are compared with."""
    given = {"ETag": '"v1"', "Last-Modified": format_http_date(5)}
    reply = answer(make(headers=given), headers={"if-none-match": '"v1"'})
    assert (reply.status, reply.header("etag"), reply.header("last-modified")) == (304, '"v1"', given["Last-Modified"])
    assert answer(make(headers=given), headers={"if-modified-since": format_http_date(4)}).status == 200
    assert answer(make(headers={"ETag": "rubbish"}), headers={"if-none-match": '"rubbish"'}).status == 200


def test_time_that_http_cannot_write(make: Make) -> None:
    """A file of another age is sent without the field."""
    response = make()
    os.utime(response.path, (300_000_000_000, 300_000_000_000))
    if Path(response.path).stat().st_mtime < 300_000_000_000:
        pytest.skip("this file system cannot store it either")
    reply = answer(response, headers={"if-modified-since": MODIFIED, "if-range": MODIFIED})
    assert (reply.status, reply.header("last-modified")) == (200, None)


def write(client: Client, mode: str, content: bytes) -> None:
    with Path(client.extra["path_of_file"]).open(mode) as file:
        file.write(content)


async def shorten(client: Client, message: Any) -> None:
    if len(client.messages) == 1:
        os.truncate(client.extra["path_of_file"], CHUNK_SIZE + 1)


async def rewrite(client: Client, message: Any) -> None:
    if len(client.messages) == 1:
        write(client, "wb", b"x" * CHUNK_SIZE * 3)


@pytest.mark.parametrize("change", [shorten, rewrite])
def test_file_that_changes_while_it_is_sent(make: Make, change: Any) -> None:
    """The response is broken off, so that no client takes a mixture for the file."""
    response = make(b"a" * CHUNK_SIZE * 3)
    client = Client(on_message=change, extra={"path_of_file": response.path})
    with pytest.raises(RuntimeError, match="changed while it was sent"):
        asyncio.run(client.call(response))
    assert client.messages[-1]["more_body"] is True


async def append(client: Client, message: Any) -> None:
    write(client, "ab", b"more")


def test_file_that_grows_while_it_is_sent(make: Make) -> None:
    """What was there when the response began is sent."""
    response = make(b"a" * CHUNK_SIZE * 2)
    reply = asyncio.run(Client(on_message=append, extra={"path_of_file": response.path}).call(response))
    assert reply.body == b"a" * CHUNK_SIZE * 2


def test_file_is_read_in_threads(make: Make) -> None:
    """Reading never happens on the loop, nor in the threads of handlers, which may all be taken."""
    app, release = HawkAPI(worker_threads=1), threading.Event()

    async def main() -> bytes:
        waiting = asyncio.create_task(app._workers.run(release.wait, 30))
        reply = await Client(extra={"app": app}).call(make(TEN))
        release.set()
        await waiting
        return reply.body

    assert asyncio.run(main()) == TEN


async def go(client: Client, message: Any) -> None:
    if len(client.messages) == 2:
        raise BrokenPipeError


def test_client_goes_while_a_file_is_sent(make: Make) -> None:
    """Sending stops and the file is closed; a file left open would be a warning, and warnings are errors."""
    reply = asyncio.run(Client(on_message=go).call(make(b"a" * CHUNK_SIZE * 9)))
    assert len(reply.messages) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.HTML", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.json", "application/json"),
        ("a.tar.gz", "application/gzip"),
        ("a.txt.bz2", "application/x-bzip2"),
        ("a", "default"),
        ("a.nonsense", "default"),
        (".txt", "default"),
        ("data:a.txt", "text/plain; charset=utf-8"),
        ("/x.png/a", "default"),
    ],
)
def test_guessed_type(name: str, expected: str) -> None:
    """The type follows from the name; text is UTF-8, and what is compressed is what it looks like from outside."""
    assert guess_content_type(name, "default") == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        pytest.param("a.txt", 'attachment; filename="a.txt"', id="plain"),
        pytest.param('a";\\b\r\n.txt', 'attachment; filename="ab.txt"', id="removed"),
        pytest.param("a; x=y.txt", 'attachment; filename="a x=y.txt"', id="semicolon"),
        pytest.param("a b%41.txt", 'attachment; filename="a b%41.txt"', id="percent"),
        pytest.param("é.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt", id="latin-1"),
        pytest.param(
            "日本 1.txt", "attachment; filename=\"__ 1.txt\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%201.txt", id="cjk"
        ),
        pytest.param(
            "é'*%;.txt", "attachment; filename=\"_'*%.txt\"; filename*=UTF-8''%C3%A9%27%2A%25.txt", id="reserved"
        ),
        pytest.param("\ud800", "attachment; filename=\"_\"; filename*=UTF-8''%3F", id="half-a-surrogate"),
        pytest.param("", 'attachment; filename=""', id="empty"),
    ],
)
def test_content_disposition(make: Make, filename: str, expected: str) -> None:
    """A name is sent for all clients in ASCII, and as it is for those that know RFC 6266."""
    assert answer(make(filename=filename)).header("content-disposition") == expected


def test_content_disposition_options(make: Make) -> None:
    """A file may be shown instead of saved; a field of the user's wins; without a name there is none."""
    inline = make(filename="a.png", content_disposition_type="inline")
    assert inline.headers["content-disposition"] == 'inline; filename="a.png"'
    assert inline.content_type == "image/png"
    own = make(filename="a.png", headers={"Content-Disposition": "inline"})
    assert answer(own).header("content-disposition") == "inline"
    assert answer(make()).header("content-disposition") is None
    with pytest.raises(ValueError, match="it is 'attachment' or 'inline'"):
        format_disposition("x\r\ny", "a")
