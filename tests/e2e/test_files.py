"""Files over a real connection: ranges, conditional requests, and nothing from outside their directory."""

from __future__ import annotations

import httpx
import pytest
from servers import Served
from wire import connected, request_bytes

SIZE = 256 * 1024
LARGE = bytes(range(256)) * 1024
PLACES = ["/file", "/static/large.bin"]


@pytest.mark.parametrize("place", PLACES)
def test_whole_file(client: httpx.Client, place: str) -> None:
    """It arrives unchanged, with what a cache needs."""
    answer = client.get(place)
    assert (answer.status_code, answer.content) == (200, LARGE)
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert "etag" in answer.headers


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("field", "first", "last"),
    [
        pytest.param("bytes=0-0", 0, 0, id="first-byte"),
        pytest.param("bytes=-1", SIZE - 1, SIZE - 1, id="last-byte"),
        pytest.param("bytes=65535-65536", 65_535, 65_536, id="across-chunks"),
        pytest.param("bytes=262143-", SIZE - 1, SIZE - 1, id="open-end"),
        pytest.param("bytes=5-99999999999999999999", 5, SIZE - 1, id="beyond-the-end"),
        pytest.param(f"bytes=-{SIZE + 1}", 0, SIZE - 1, id="suffix-longer-than-the-file"),
    ],
)
def test_range(client: httpx.Client, place: str, field: str, first: int, last: int) -> None:
    """One range is a part of the file with its place (RFC 9110 section 15.3.7)."""
    answer = client.get(place, headers={"range": field})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.content == LARGE[first : last + 1]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("field", [f"bytes={SIZE}-", "bytes=-0"])
def test_range_that_is_not_there(client: httpx.Client, place: str, field: str) -> None:
    """It is 416 with the size."""
    answer = client.get(place, headers={"range": field})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("field", ["bytes=", "bytes=a-b", "lines=1-2", "bytes=2-1", "bytes 0-1", ",", "bytes=0-1,x"])
def test_range_that_is_none(client: httpx.Client, place: str, field: str) -> None:
    """A field that cannot be read is ignored."""
    answer = client.get(place, headers={"range": field})
    assert (answer.status_code, len(answer.content)) == (200, SIZE)


@pytest.mark.parametrize("place", PLACES)
def test_many_ranges_are_no_amplifier(client: httpx.Client, place: str) -> None:
    """A thousand ranges over the whole file send no more than the file and some headers."""
    answer = client.get(place, headers={"range": "bytes=" + ",".join(["0-"] * 1000)})
    assert answer.status_code in {200, 206, 416}
    assert len(answer.content) < 2 * SIZE


@pytest.mark.parametrize("place", PLACES)
def test_not_modified(server: Served, place: str) -> None:
    """304 has the validators and no body; the connection goes on."""
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", place))
        first = connection.answer()
        for line in (f"If-None-Match: {first.header('etag')}", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"):
            connection.send(request_bytes("GET", place, [line]))
            second = connection.answer()
            assert (second.status, second.body) == (304, b"")
            assert second.header("etag") == first.header("etag")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param(['If-None-Match: "other"'], 200, id="other-tag"),
        pytest.param(["If-Modified-Since: Tue, 14 Nov 2023 22:13:19 GMT"], 200, id="older-copy"),
        pytest.param(["If-Modified-Since: rubbish"], 200, id="rubbish-date"),
        pytest.param(['If-None-Match: "', 'If-Modified-Since: "'], 200, id="rubbish-tag"),
        pytest.param(['If-Match: "other"'], 412, id="precondition"),
        pytest.param(["If-Unmodified-Since: Tue, 14 Nov 2023 22:13:19 GMT"], 412, id="modified-meanwhile"),
        pytest.param(["Range: bytes=0-1", 'If-Range: "other"'], 200, id="range-of-another-version"),
    ],
)
def test_condition(server: Served, fields: list[str], status: int) -> None:
    """Conditions are evaluated as RFC 9110 section 13.2.2 orders them."""
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", "/static/large.bin", fields))
        answer = connection.answer()
        assert answer.status == status
        assert answer.complete
        assert len(answer.body) == SIZE or status != 200


@pytest.mark.parametrize(
    "target",
    [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/%252e%252e/secret.txt",
        "/static/..%5csecret.txt",
        "/static/..\\secret.txt",
        "/static/x/../../secret.txt",
        "/static/./../secret.txt",
        "/static//../secret.txt",
        "/static/....//secret.txt",
        "/static/..;/secret.txt",
        "/static/%c0%ae%c0%ae/secret.txt",
        "/static/%00../secret.txt",
        "/static/style.css%00.txt",
        "/static/%2fetc/passwd",
        "/static//etc/passwd",
        "/static/way-out",
        "/static/" + "../" * 30 + "etc/passwd",
        "/static/" + "%2e%2e/" * 30 + "etc/passwd",
        "/static/" + "a/" * 400,
        "/static/" + "a" * 5000,
        "/static/%ff%fe",
        "/static/\xff\xfe",
        "/static/..",
        "/static/%",
        "/static/con%0d%0a",
    ],
)
def test_traversal(server: Served, alive: None, target: str) -> None:
    """No spelling of a path leads out of the directory, and none is a failure of the server."""
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", target))
        answer = connection.answer_or_end()
        if answer is not None:
            assert answer.status in {301, 307, 308, 400, 404, 414}
            assert b"secret" not in answer.body
            assert b"root:" not in answer.body


def test_directory(client: httpx.Client) -> None:
    """The index is found, with and without the slash."""
    assert client.get("/static/").text == "<h1>home</h1>\n"
    answer = client.get("/static")
    assert answer.status_code in {200, 307}


def test_other_methods_on_files(client: httpx.Client) -> None:
    """Files are read only."""
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, "/static/style.css", content=b"x")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"
