"""Test clients that threads share, and clients in parallel on one application."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from loops import close_under_tasks, hand_driven_loops, let_run, run_in_loops, run_in_threads
from seeds import seeds

from hawkapi import HawkAPI, Request, Response
from hawkapi.di import Depends
from hawkapi.di._active import living
from hawkapi.testing import Call, TestClient, TestResponse, hammer, override
from hawkapi.testing._cookies import CookieJar
from hawkapi.testing._url import URL
from hawkapi.testing.overrides import ClientOverrides
from hawkapi.types import Receive, Scope, Send

pytestmark = pytest.mark.race

THREADS = 6
ROUNDS = 30


def echo_app() -> HawkAPI:
    """Return an application that answers what it is asked."""
    app = HawkAPI()

    @app.post("/echo/{name}")
    async def echo(name: str, request: Request) -> list[str]:
        return [name, (await request.body()).decode(), request.headers["x-thread"]]

    return app


def test_threads_share_a_client() -> None:
    """Each thread gets the answers to its own requests, all on one loop, from the first request on."""
    client = TestClient(echo_app())

    def work(index: int) -> None:
        for number in range(ROUNDS):
            options: dict[str, Any] = {"body": f"{number}", "headers": {"x-thread": f"{index}"}}
            assert client.post(f"/echo/{index}", **options).json() == [f"{index}", f"{number}", f"{index}"]

    run_in_threads(THREADS, work)
    client.close()


def test_loops_share_a_client() -> None:
    """Async tests in several threads use one client at once, each on its own loop."""
    client = TestClient(echo_app())

    async def work(index: int) -> None:
        for number in range(ROUNDS):
            response = await client.async_post(f"/echo/{index}", body=f"{number}", headers={"x-thread": f"{index}"})
            assert response.json() == [f"{index}", f"{number}", f"{index}"]

    run_in_loops(THREADS, work)


def test_clients_in_parallel_on_one_application() -> None:
    """Start-up is counted: no request without it, and every period has one start and one end."""
    log: list[str] = []
    open_now: list[bool] = []

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        log.append("start")
        open_now.append(True)
        yield
        open_now.pop()
        log.append("stop")

    app = HawkAPI(lifespan=lifespan)

    @app.get("/")
    async def handler() -> bool:
        return bool(open_now)

    def work(index: int) -> None:
        for _ in range(5):
            with TestClient(app) as client:
                assert client.get("/").json() is True

    run_in_threads(THREADS, work)
    assert log == ["start", "stop"] * (len(log) // 2)
    assert open_now == []


def test_cookies_of_a_shared_client() -> None:
    """No cookie is lost when threads' responses set theirs at once."""
    jar = CookieJar()
    url = URL.parse("http://testserver/")

    def work(index: int) -> None:
        for number in range(ROUNDS):
            jar.store(url, [f"c{index}-{number}=1"])
            jar[f"t{index}-{number}"] = "1"
            assert f"c{index}-{number}" in jar.pairs_for(url)

    run_in_threads(THREADS, work)
    assert len(jar) == 2 * THREADS * ROUNDS


def current_user() -> str:
    """Return what tests replace."""
    return "nobody"


def test_overrides_of_threads_do_not_mix() -> None:
    """Each thread's requests see its own override, through one client and through clients of their own."""
    app = HawkAPI()

    @app.get("/")
    async def handler(user: str = Depends(current_user)) -> str:
        return user

    shared = TestClient(app)

    def work(index: int) -> None:
        own = TestClient(app, overrides={current_user: lambda: f"own {index}"})
        for _ in range(ROUNDS):
            with override(app, {current_user: lambda: f"{index}"}):
                assert shared.get("/").json() == f"{index}"
            assert own.get("/").json() == f"own {index}"
            assert shared.get("/").json() == "nobody"
        own.close()

    run_in_threads(THREADS, work)
    shared.close()


def test_requests_while_the_client_is_closed() -> None:
    """Each request is answered, or says that the client was closed; none hangs."""
    client = TestClient(echo_app())
    outcomes: set[str] = set()

    def work(index: int) -> None:
        for _ in range(ROUNDS):
            if index == 0:
                client.close()
                continue
            try:
                outcomes.add(str(client.post("/echo/a", headers={"x-thread": "x"}).status_code))
            except RuntimeError as exc:
                outcomes.add(str(exc))

    run_in_threads(THREADS, work)
    client.close()
    assert outcomes <= {"201", "the client is closed", "the client was closed while a request was under way"}


def test_clients_that_are_dropped_in_many_threads() -> None:
    """Their threads end, wherever the collector runs."""
    app = echo_app()
    seen: list[threading.Thread] = []

    @app.get("/thread")
    async def thread() -> None:
        seen.append(threading.current_thread())

    def work(index: int) -> None:
        for _ in range(5):
            TestClient(app).get("/thread")
        gc.collect()

    run_in_threads(THREADS, work)
    for ended in seen:
        ended.join(60)
    assert [thread.is_alive() for thread in seen] == [False] * THREADS * 5


def test_two_threads_of_one_websocket() -> None:
    """One may send while the other receives."""

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})

    def work(index: int) -> None:
        for number in range(100):
            if index:
                session.send_text(f"{number}")
            else:
                assert session.receive_text() == f"{number}"

    with TestClient(echo).websocket_connect("/") as session:
        run_in_threads(2, work)


def test_hammer_on_every_kind_of_answer() -> None:
    """Paths, bodies, cookies, errors, sync handlers and streams are right in every thread."""
    app = echo_app()

    @app.get("/sync/{number}")
    def sync(number: int) -> int:
        return number

    @app.get("/cookie")
    async def cookie() -> Response:
        response = Response("set")
        response.set_cookie("a", "b")
        return response

    def check(call: Call, response: TestResponse) -> bool:
        expected = {"/sync/1": 200, "/sync/x": 400, "/none": 404, "/cookie": 200, "/echo/a": 201}
        return response.status_code == expected[call.path] and response.exception is None

    echo = Call.to("POST", "/echo/a", body=b"x", headers={"x-thread": "1"})
    report = hammer(app, ["/sync/1", "/sync/x", "/none", "/cookie", echo], rounds=20, check=check, seed=seeds(1)[0])
    assert report.statuses == {200: 320, 201: 160, 400: 160, 404: 160}


def test_hammer_finds_a_race() -> None:
    """A counter that is read, left and written loses counts, and `hammer` says so."""
    app = HawkAPI()
    app.state.count = 0
    together = threading.Barrier(4)

    @app.get("/")
    async def count() -> int:
        before = app.state.count
        together.wait(60)  # What only sometimes happens in production happens here every time.
        app.state.count = before + 1
        return 0

    hammer(app, "/", threads=4, rounds=5)
    assert app.state.count < 20


def test_async_block_is_used_from_threads() -> None:
    """Threads beside an async test reach the loop of its lifespan, all at once."""
    app, loops = echo_app(), set()

    @app.get("/loop")
    async def loop() -> None:
        loops.add(asyncio.get_running_loop())

    async def main() -> None:
        async with TestClient(app) as client:
            await asyncio.gather(*(asyncio.to_thread(client.get, "/loop") for _ in range(20)))
            assert loops == {asyncio.get_running_loop()}

    asyncio.run(main())


def test_request_that_is_destroyed_in_the_context_of_somebody_else() -> None:
    """The collector ends the requests of a closed loop in any context; overrides that are active there stay active."""
    app = HawkAPI()
    client = ClientOverrides(app, {str: lambda: "the client's"})

    async def request() -> None:
        with client.entering():
            entered.append(living())
            await asyncio.get_running_loop().create_future()

    entered: list[object] = []
    with hand_driven_loops(1) as (loop,):
        task = loop.create_task(request())
        let_run(loop)
        close_under_tasks(loop)
    with override(app, {int: lambda: 1}):
        before = living()
        del task
        gc.collect()
        assert living() == before != ()
    assert len(entered) == 1
    client.close()
