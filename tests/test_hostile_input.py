"""What clients send to make a server slow, large or dead, and what handlers do that a server would not survive."""

from __future__ import annotations

import concurrent.futures
import copy
import datetime as dt
import functools
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from apps import app_with
from asgi import request

import hawkapi.codec as codec
from hawkapi import HawkAPI, HTTPException, Response
from hawkapi.codec import MalformedError
from hawkapi.codec._limits import check_limits


@dataclass
class Wide:
    a: int
    b: int
    c: int
    d: int


async def take(body: dict[str, Any]) -> object:
    return body


async def take_list(body: list[Wide]) -> object:
    return len(body)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: b"[" * 201 + b'"' + b'\\"' * n, id="unfinished-string"),
        pytest.param(lambda n: b"[" * n + b"]" * n, id="deep"),
        pytest.param(lambda n: b"[" * 201 + b'"\\' * n, id="quotes-and-backslashes"),
    ],
)
def test_limits_are_checked_in_linear_time(make: Any) -> None:
    """A megabyte of what once took minutes is judged; quadratic work would not end within the run's patience."""
    with pytest.raises(MalformedError, match="nested deeper"):
        check_limits(make(500_000))


@pytest.mark.parametrize(
    "body",
    [b"[" + b"9" * 4301, b'{"a":' + b"9" * 4301 + b",}", b"9" * 4301 + b"x"],
    ids=["unfinished", "trailing-comma", "rubbish"],
)
def test_malformed_body_with_a_number_of_many_digits(body: bytes) -> None:
    """It is malformed like any other."""
    assert request(app_with(take, method="POST"), "POST", "/", body=body).status == 400


def test_errors_of_one_request_are_bounded() -> None:
    """A body with a thousand mistakes is not answered with a thousand descriptions."""
    reply = request(app_with(take_list, method="POST"), "POST", "/", body=b"[" + b",".join([b"{}"] * 10_000) + b"]")
    assert reply.status == 400
    assert 100 <= len(reply.json()["errors"]) <= 104


@pytest.mark.parametrize("chunk", [bytearray(b'{"a":1}'), memoryview(b'{"a":1}')], ids=["bytearray", "memoryview"])
def test_body_that_is_not_bytes(chunk: Any) -> None:
    """Some servers give other kinds of bytes."""
    assert request(app_with(take, method="POST"), "POST", "/", chunks=[chunk]).json() == {"a": 1}


async def echo(name: str) -> object:
    return {"name": name}


@pytest.mark.parametrize("path", ["/nowhere/\udcff", "/echo/\udcff", "/\ud800"])
def test_path_with_half_a_surrogate(path: str) -> None:
    """Such a path is answered; U+FFFD stands for what is no text."""
    reply = request(app_with(echo, "/echo/{name}"), "GET", "/", path=path)
    assert reply.status in {200, 404}
    assert "�" in json.dumps(reply.json(), ensure_ascii=False)


def raises_cancelled() -> None:
    raise concurrent.futures.CancelledError


def test_cancelled_future_in_a_worker_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """A future of the handler's own that was cancelled does not cancel the request."""
    assert request(app_with(raises_cancelled), "GET", "/").status == 500
    assert len(caplog.records) == 1


async def fails() -> None:
    raise ValueError("no")


def test_path_cannot_write_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    """A line break in a path stays within the line that quotes it."""
    request(app_with(fails, "/{x:path}"), "GET", "/a%0ACRITICAL all is lost")
    assert "\n" not in caplog.records[0].getMessage()


async def holds_itself() -> object:
    key = UUID(int=1)
    result: list[Any] = [{key: 1}]
    result.append(result)
    return result


def test_result_that_holds_itself(caplog: pytest.LogCaptureFixture) -> None:
    """It is a 500, compiled or not, and the process lives."""
    assert request(app_with(holds_itself), "GET", "/").status == 500
    assert request(app_with(echo, "/{name}"), "GET", "/still").status == 200


@pytest.mark.parametrize("status", [0, 99, 600, True, 200.5, "200"])
@pytest.mark.parametrize("make", [lambda status: Response(status_code=status), HTTPException])
def test_status_that_no_server_can_send(make: Any, status: Any) -> None:
    """It is refused where it is given; a server might not survive it."""
    with pytest.raises(ValueError, match="status_code is"):
        make(status)


@pytest.mark.parametrize("content", [{"a": 1}, 5, ["x"]])
def test_content_that_is_no_bytes(content: Any) -> None:
    """A body of another type is refused, with what to use instead."""
    with pytest.raises(TypeError, match="JSONResponse"):
        Response(content)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"content-length\r": "9"}, {b"content-length": b"1"}, id="length-with-cr"),
        pytest.param({"Transfer-Encoding": "chunked"}, {b"content-length": b"1"}, id="transfer-encoding"),
        pytest.param({"X-A\n": "b\r\nset-cookie: c"}, {b"x-a": b"bset-cookie: c"}, id="line-breaks"),
    ],
)
def test_headers_cannot_change_the_framing(headers: dict[str, str], expected: dict[bytes, bytes]) -> None:
    """The length is the body's, once, whatever the fields are called."""
    pairs = Response(b"x", headers=headers).header_pairs()
    assert [name for name, _ in pairs].count(b"content-length") == 1
    assert b"transfer-encoding" not in dict(pairs)
    assert expected.items() <= dict(pairs).items()


@pytest.mark.parametrize("name", ["x y", "", "x:y", "ü"])
def test_header_name_that_is_none(name: str) -> None:
    """A name that would break the message is an error of the application."""
    with pytest.raises(ValueError, match="not the name of a header field"):
        Response(headers={name: "v"}).header_pairs()


@functools.cache
def cached() -> object:
    return {"a": 1}


@pytest.mark.parametrize("handler", [cached, functools.lru_cache(lambda: {"a": 1})], ids=["cache", "lru_cache"])
def test_handler_in_c(handler: Any) -> None:
    """A callable without Python code of its own is registered, or refused, at once."""
    assert request(app_with(handler), "GET", "/").json() == {"a": 1}


def test_path_is_forgotten_in_a_decorator() -> None:
    """`@app.get` without a path says so, instead of registering nothing."""
    with pytest.raises(TypeError, match=r"write @app\.get\('/path'\)"):
        HawkAPI().get(fails)  # type: ignore[arg-type]


async def extend(numbers: list[int] = []) -> list[int]:  # noqa: B006 - what users write
    numbers.append(1)
    return copy.copy(numbers)


def test_default_of_a_body_is_not_shared() -> None:
    """A request does not see what another did to the default."""
    app = app_with(extend, method="POST")
    assert [request(app, "POST", "/").json() for _ in range(2)] == [[1], [1]]


@dataclass
class Counted:
    """A model that does something when it is made."""

    name: str
    parts: list[str]
    made: int = 0

    def __post_init__(self) -> None:
        self.made += 1


@dataclass
class Secret(Counted):
    hidden: str = "p"


async def counted() -> Counted:
    return Secret("a", ["b"])


async def misplaced() -> Counted:
    return Counted(Secret("a", []), [])  # type: ignore[arg-type]


def test_response_model_makes_no_object_anew() -> None:
    """What is sent is what the handler returned, less what the model does not have."""
    assert request(app_with(counted), "GET", "/").json() == {"name": "a", "parts": ["b"], "made": 1}


def test_response_model_is_checked_inside(caplog: pytest.LogCaptureFixture) -> None:
    """An object where the model has a text is not sent."""
    assert request(app_with(misplaced), "GET", "/").status == 500
    assert "name: Expected `str`, got `Secret`" in caplog.text


def test_encoders_write_offsets_in_minutes() -> None:
    """RFC 3339 has no seconds in an offset, under either codec."""
    offset = dt.timezone(dt.timedelta(minutes=9, seconds=21))
    assert codec.encode(dt.datetime(1800, 1, 1, tzinfo=offset)) == b'"1800-01-01T00:00:00+00:09"'
