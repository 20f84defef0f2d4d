"""The end of a test client: its thread, its loop and what still runs in it."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
from subprocesses import run_python

from hawkapi import HawkAPI
from hawkapi.testing import TestClient
from hawkapi.types import Receive, Scope, Send


def loop_app() -> HawkAPI:
    """Return an application that tells its loop."""
    app = HawkAPI()

    @app.get("/")
    async def handler() -> None:
        app.state.loop = asyncio.get_running_loop()
        app.state.thread = threading.current_thread()

    return app


def used(app: HawkAPI) -> TestClient:
    """Return a client that has sent a request."""
    client = TestClient(app)
    client.get("/")
    return client


def test_close_ends_the_thread_and_the_loop() -> None:
    """Both are gone when `close` returns; further calls do nothing, and a request begins anew."""
    app = loop_app()
    client = used(app)
    client.close()
    client.close()
    assert (app.state.loop.is_closed(), app.state.thread.is_alive()) == (True, False)
    first = app.state.loop
    client.get("/")
    assert app.state.loop is not first
    client.close()


def test_block_ends_the_thread() -> None:
    """Leaving the block closes the client."""
    app = loop_app()
    with TestClient(app) as client:
        client.get("/")
    assert (app.state.loop.is_closed(), app.state.thread.is_alive()) == (True, False)


def test_client_without_a_request_has_no_thread() -> None:
    """Making one costs nothing."""
    before = set(threading.enumerate())
    client = TestClient(loop_app())
    assert set(threading.enumerate()) <= before
    client.close()


def test_collected_client_ends_its_thread() -> None:
    """A client that nobody closes ends when nobody holds it."""
    app = loop_app()
    client = used(app)
    thread = app.state.thread
    assert thread.is_alive()
    del client
    gc.collect()
    thread.join(60)
    assert (app.state.loop.is_closed(), thread.is_alive()) == (True, False)


def test_close_cancels_what_still_runs() -> None:
    """A task that a request has left behind is cancelled, and so is a request of another thread."""
    cancelled: list[str] = []
    running = threading.Event()

    async def forever(name: str) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.append(name)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.ensure_future(forever("task"))
        await asyncio.sleep(0)
        running.set()
        await forever("request")
        del task

    client = TestClient(app)
    errors: list[BaseException] = []

    def request() -> None:
        try:
            client.get("/")
        except RuntimeError as exc:
            errors.append(exc)

    thread = threading.Thread(target=request)
    thread.start()
    assert running.wait(60)
    client.close()
    thread.join(60)
    assert sorted(cancelled) == ["request", "task"]
    assert [str(error) for error in errors] == ["the client was closed while a request was under way"]


def test_session_of_a_closed_client() -> None:
    """It says why nothing comes any more."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await receive()
        await receive()

    client = TestClient(app)
    session = client.websocket_connect("/").__enter__()
    client.close()
    with pytest.raises(RuntimeError, match=r"^the client is closed$"):
        session.send_text("late")


def test_close_in_a_running_loop() -> None:
    """It would wait there for itself, so it says what to do."""

    async def main() -> None:
        async with TestClient(loop_app()) as client:
            with pytest.raises(RuntimeError, match=r"close\(\) would block the event loop"):
                client.close()

    asyncio.run(main())


APPLICATION = """
import asyncio, threading
from hawkapi import HawkAPI, TestClient

app = HawkAPI()

@app.get("/")
def handler() -> int:
    return 1

@app.get("/task")
async def leave_a_task() -> None:
    app.state.task = asyncio.ensure_future(asyncio.to_thread(int))
    app.state.other = asyncio.ensure_future(asyncio.Event().wait())

client = TestClient(app)
assert client.get("/").json() == 1
client.get("/task")
"""


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("", id="left-to-the-exit"),
        pytest.param("client.close()", id="closed"),
        pytest.param("del client; import gc; gc.collect()", id="collected"),
        pytest.param("client.__enter__()", id="left-inside-its-block"),
        pytest.param("session = client.stream('GET', '/'); session.__enter__()", id="left-in-a-stream"),
    ],
)
def test_program_that_ends(end: str) -> None:
    """However a program ends, nothing is printed about threads, loops and sockets, and it does end."""
    done = run_python("-c", f"{APPLICATION}\n{end}\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_many_clients_leave_nothing() -> None:
    """Threads end with the clients that they belong to."""
    before = set(threading.enumerate())
    for _ in range(20):
        with TestClient(loop_app()) as client:
            client.get("/")
    assert set(threading.enumerate()) <= before
