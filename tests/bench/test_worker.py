"""The process that drives one application: what it accepts as an answer, and what it measures."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import driver
import pytest
import worker
from drawn import DRAWN
from grown import ADDITIONS, GROWN
from rows import WORKLOADS
from workloads import ECHO, TRANSFERS, TUNED, Workload, make_scope


def application(name_of: Callable[[], str], status: int = 200) -> Callable[..., Awaitable[None]]:
    """Return an application that greets whoever a function names."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": f"Hello, {name_of()}!".encode()})

    return app


def module(status: int = 200) -> ModuleType:
    """Return a module like those of `apps/`, whose handler is called for every request."""
    made = ModuleType("made")
    made.__dict__["NAME"] = "World"
    made.__dict__["app"] = application(lambda: made.__dict__["NAME"], status)
    return made


def test_check_accepts_an_answer_of_the_handler() -> None:
    """It follows the name, which is put back afterwards."""
    made = module()
    assert asyncio.run(worker.check(made, "plaintext")) == "right"
    assert made.NAME == "World"


def test_check_finds_an_answer_without_the_handler() -> None:
    """An answer that stays as it was, whatever the handler would say, does not count."""
    made = module()
    made.__dict__["app"] = application(lambda: "World")
    assert asyncio.run(worker.check(made, "plaintext")) == "an answer that the handler was not asked for"


@pytest.mark.parametrize(
    ("row", "status", "verdict"),
    [
        pytest.param("plaintext", 404, "absent", id="no route"),
        pytest.param("500 routes", 200, "absent", id="no application"),
        pytest.param("404", 404, "right", id="no route on purpose"),
        pytest.param("plaintext", 201, "201 b'Hello, World!'", id="status"),
        pytest.param("path", 200, "200 b'Hello, World!'", id="body"),
    ],
)
def test_check_tells_what_is_missing_from_what_is_wrong(row: str, status: int, verdict: str) -> None:
    """A row without a route is left out; a wrong answer is quoted."""
    assert asyncio.run(worker.check(module(status), row)) == verdict


def test_is_right_leaves_the_spacing_of_json_free() -> None:
    """Frameworks write the same value with other bytes."""
    workload = Workload("GET", "/", b'{"a":1,"b":2}')
    assert driver.is_right(workload, 200, b'{ "b": 2, "a": 1 }')
    assert not driver.is_right(workload, 200, b'{"a":1}')
    assert not driver.is_right(workload, 200, b"{")


def test_measure_takes_both_in_the_same_process() -> None:
    """Both are asked as often as was said, the bare callable half before and half after."""
    asked: list[str] = []

    def recorder(name: str) -> Callable[..., Awaitable[None]]:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            asked.append(name)

        return app

    bare, seconds = asyncio.run(driver.measure(recorder("bare"), recorder("app"), WORKLOADS["json"], 4))
    assert asked == ["bare", "bare", "app", "app", "app", "app", "bare", "bare"]
    assert bare > 0 < seconds


def test_in_threads_asks_in_every_thread() -> None:
    """Each thread sends all requests after its warm-up."""
    asked: list[None] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(None)

    assert driver.in_threads(app, WORKLOADS["json"], 5, 2) > 0
    assert len(asked) == 2 * (driver.WARM_UP_REQUESTS + 5)


def test_describe_names_our_package() -> None:
    """The report says which hawkapi was measured, and whether it was compiled."""
    import hawkapi

    about = worker.describe(module())
    assert about["module"] == "made"
    assert about["hawkapi"] == hawkapi.__version__
    assert about["python"] == sys.version.split()[0]


@pytest.mark.parametrize("row", list(WORKLOADS))
def test_scope_is_one_a_server_would_send(row: str) -> None:
    """Header names are lower-case bytes, and a body comes with its length (ASGI HTTP 2.x)."""
    workload = WORKLOADS[row]
    scope = make_scope(workload)
    names = [name for name, _ in scope["headers"]]
    assert all(name == name.lower() for name in names)
    assert (b"content-length" in names) == bool(workload.body)
    assert ("method" in scope) == (scope["type"] == "http")


def test_check_of_an_application_that_raises() -> None:
    """The verdict says what it raised."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("no python-multipart")

    made = ModuleType("made")
    made.__dict__["app"] = app
    assert asyncio.run(worker.check(made, "form")) == "RuntimeError: no python-multipart"


def test_body_in_pieces_arrives_once() -> None:
    """All pieces come in order, the last says so, and then the client waits for the end of the response."""
    workload = WORKLOADS["upload, pieces"]

    async def main() -> tuple[bytes, str]:
        receive, send = driver.connector(workload)()
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        await asyncio.wait([gone], timeout=0)
        assert not gone.done()
        await send({"type": "http.response.body", "body": b""})
        return body, (await gone)["type"]

    assert asyncio.run(main()) == (workload.body, "http.disconnect")


def test_websocket_message_waits_for_the_echo() -> None:
    """The client sends its next message, and leaves, when it has its last one back."""

    async def main() -> list[str]:
        receive, send = driver.connector(Workload("WEBSOCKET", "/echo", messages=("a",)))()
        kinds = [(await receive())["type"], (await receive())["type"]]
        gone = asyncio.ensure_future(receive())
        await asyncio.wait([gone], timeout=0)
        assert not gone.done()
        await send({"type": "websocket.send", "text": "a"})
        return [*kinds, (await gone)["type"]]

    assert asyncio.run(main()) == ["websocket.connect", "websocket.receive", "websocket.disconnect"]


def test_rows_have_names_of_their_own() -> None:
    """A row that another table has too would be measured in its place."""
    tables = (TUNED, DRAWN, TRANSFERS, ECHO, ADDITIONS, GROWN)
    assert len(WORKLOADS) == sum(map(len, tables))


def test_seed_draws_routes_and_bodies() -> None:
    """The same seed gives the same everywhere, another one another."""
    code = "import drawn; print(drawn.PATHS, drawn.ORDER)"

    def drawn_with(seed: str) -> str:
        environment = {**os.environ, "HAWKAPI_BENCH_SEED": seed, "PYTHONPATH": str(Path(worker.__file__).parent)}
        return subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)

    assert drawn_with("1") == drawn_with("1") != drawn_with("2")
