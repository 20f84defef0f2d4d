"""What begins and what changes while loops in several threads serve one application."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from apps import NO_PROBES
from asgi import call
from loops import run_in_loops

from hawkapi import Container, Depends, HawkAPI, JSONResponse, Request, Response
from hawkapi._threading import ShardedCounter
from hawkapi.background import BackgroundTask
from hawkapi.types import Receive, Scope, Send

THREADS = 8


@dataclass
class Order:
    """What is sent."""

    name: str
    count: int = 1


class Store:
    """What is made at the first request."""

    made = ShardedCounter()

    def __init__(self) -> None:
        self.made.add()


def check(order: Order) -> int:
    """Depend on the body too."""
    return order.count


type Checked = Annotated[int, Depends(check)]


def fresh_application() -> HawkAPI:
    """Return an application that nobody has asked yet, with plans of several kinds to be made."""
    container = Container()
    container.singleton(Store, factory=Store)
    app = HawkAPI(container=container)

    @app.post("/orders/{shop}", status_code=200)
    async def order(shop: int, order: Order, store: Annotated[Store, Depends()], n: Checked) -> Any:
        return [shop, order.name, n, id(store)]

    return app


@pytest.mark.race
def test_first_requests_of_many_loops() -> None:
    """Requests that are the first anywhere all get the right answer, of one singleton."""
    apps = [fresh_application() for _ in range(25)]
    before, barrier = Store.made.value, threading.Barrier(THREADS)

    async def main(index: int) -> list[list[Any]]:
        answers = []
        for app in apps:
            # The loop has nothing else to do.
            barrier.wait(30)
            body = b'{"name":"%d","count":%d}' % (index, index)
            reply = await call(app, "POST", f"/orders/{index}", body=body)
            assert (reply.status, reply.json()[:3]) == (200, [index, str(index), index])
            assert (await call(app, "GET", "/nowhere")).status == 404
            assert (await call(app, "POST", "/orders/x", body=body)).status == 400
            answers.append(reply.json()[3])
        return answers

    stores = run_in_loops(THREADS, main)
    assert stores == [stores[0]] * THREADS
    assert Store.made.value - before == len(apps)


class Tag:
    """Middleware that adds its number to those that are in the scope."""

    def __init__(self, app: Any, number: int) -> None:
        self.app = app
        self.number = number

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "tags": [*scope.get("tags", ()), self.number]}, receive, send)


@pytest.mark.race
def test_middleware_that_is_added_while_serving() -> None:
    """A request goes through what was there when it began, each once, in order, and never through a half of it."""
    app, added, barrier = HawkAPI(**NO_PROBES), [0], threading.Barrier(4)

    @app.get("/")
    async def tags(request: Request) -> list[int]:
        return list(request.scope.get("tags", ()))

    async def main(index: int) -> None:
        barrier.wait(30)
        if index == 0:
            for number in range(1, 31):
                app.add_middleware(Tag, number=number)
                added[0] = number
            return
        while (before := added[0]) < 30:
            seen = (await call(app, "GET", "/")).json()
            # The first is the outermost.
            assert seen == [*range(1, len(seen) + 1)]
            assert before <= len(seen) <= added[0] + 1

    run_in_loops(4, main)
    assert asyncio.run(call(app, "GET", "/")).json() == [*range(1, 31)]


class Failure(Exception):
    """What the handler raises."""


@pytest.mark.race
def test_exception_handlers_that_are_replaced_while_serving() -> None:
    """Each failure is answered by the handler of its moment; between two there is none without."""
    app, current, barrier = HawkAPI(**NO_PROBES), [0], threading.Barrier(4)

    def use(number: int) -> None:
        async def handle(request: Request, exc: Failure) -> Response:
            return JSONResponse(number, status_code=418)

        app.exception_handler(Failure)(handle)
        current[0] = number

    @app.get("/")
    async def fail() -> None:
        raise Failure

    use(0)

    async def main(index: int) -> None:
        barrier.wait(30)
        if index == 0:
            for number in range(1, 201):
                use(number)
            return
        while (before := current[0]) < 200:
            reply = await call(app, "GET", "/")
            assert reply.status == 418
            assert before <= reply.json() <= current[0] + 1

    run_in_loops(4, main)
    assert asyncio.run(call(app, "GET", "/")).json() == 200


@pytest.mark.race
def test_background_tasks_of_many_loops() -> None:
    """Each runs once, after its response, an async one in the loop of its request, a plain one in a worker thread."""
    app, ran = HawkAPI(worker_threads=3, **NO_PROBES), ShardedCounter()
    done: list[tuple[str, int, int]] = []

    @app.get("/{kind}/{number:int}")
    async def answer(kind: str, number: int) -> Response:
        thread = threading.get_ident()

        async def on_loop() -> None:
            ran.add()
            done.append((kind, number, threading.get_ident() - thread))

        def in_worker() -> None:
            ran.add()
            done.append((kind, number, int(threading.current_thread().name.startswith("hawkapi-worker"))))

        return JSONResponse(number, background=BackgroundTask(on_loop if kind == "loop" else in_worker))

    async def main(index: int) -> None:
        for number in range(20):
            for kind in ("loop", "worker"):
                reply = await call(app, "GET", f"/{kind}/{index * 100 + number}")
                assert reply.json() == index * 100 + number

    run_in_loops(THREADS, main)
    numbers = [index * 100 + number for index in range(THREADS) for number in range(20)]
    assert sorted(done) == [*(("loop", n, 0) for n in numbers), *(("worker", n, 1) for n in numbers)]
    assert ran.value == len(done)


closed = ShardedCounter()


def held() -> Iterator[int]:
    """Count the end of each."""
    yield 1
    closed.add()


type Held = Annotated[int, Depends(held)]


@pytest.mark.race
def test_plain_handlers_of_many_loops_share_few_threads() -> None:
    """More requests than threads are all answered, by no more threads than were allowed, and nothing stays queued."""
    app, before = HawkAPI(worker_threads=2, **NO_PROBES), closed.value
    used: set[int] = set()

    @app.get("/{number:int}")
    def answer(number: int, one: Held) -> int:
        used.add(threading.get_ident())
        return number + one

    async def main(index: int) -> list[int]:
        replies = await asyncio.gather(*(call(app, "GET", f"/{index * 10 + number}") for number in range(10)))
        return [reply.json() for reply in replies]

    answers = run_in_loops(THREADS, main)
    assert answers == [[index * 10 + number + 1 for number in range(10)] for index in range(THREADS)]
    assert (len(used) <= 2, closed.value - before, app.in_flight) == (True, 10 * THREADS, 0)
    assert {lane.queued for lane in app._workers.lanes()} == {0}


given_back = threading.Event()


def lent() -> Iterator[int]:
    """Tell when it is over."""
    yield 1
    given_back.set()


type Lent = Annotated[int, Depends(lent)]


@pytest.mark.race
def test_clean_up_has_threads_of_its_own() -> None:
    """The only thread for handlers waits for what the end of another request gives back; that comes all the same."""
    app, waiting = HawkAPI(worker_threads=1, **NO_PROBES), threading.Event()
    given_back.clear()

    @app.get("/wait")
    def wait() -> bool:
        waiting.set()
        return given_back.wait(10)

    @app.get("/lend")
    async def lend(one: Lent) -> bool:
        return await asyncio.to_thread(waiting.wait, 10)

    async def main(index: int) -> bool:
        return bool((await call(app, "GET", ("/wait", "/lend")[index])).json())

    assert run_in_loops(2, main) == [True, True]
