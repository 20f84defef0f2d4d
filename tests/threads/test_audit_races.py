"""What the audit found without a race test of its own: each object under threads that come to it at one moment."""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any

import pytest
from apps import NO_PROBES
from asgi import call, request
from interleaving import at_line, elsewhere, for_every_line, interrupted
from loops import run_in_loops, run_in_threads
from subprocesses import output_of

import hawkapi.codec._portable as portable
from hawkapi import HawkAPI, JSONResponse, Request, Response, Router, State
from hawkapi.codec import describe, encode
from hawkapi.codec._generated import sources
from hawkapi.middleware._outage import Outage
from hawkapi.middleware._route_keys import MAX_PATHS, RouteKeys
from hawkapi.middleware.session_stores import FileSessionStore, MemorySessionStore
from hawkapi.observability.logger import setup_structured_logging
from hawkapi.responses import base
from hawkapi.responses._generated import _made, build_writer
from hawkapi.types import ASGIApp, Receive, Scope, Send
from hawkapi.validation.decoder import get_decoder

THREADS = 8

pytestmark = pytest.mark.race


def test_first_requests_meet() -> None:
    """Threads whose first request comes at one moment, to an application that has served nobody, all get an answer."""
    for _ in range(10):
        app = HawkAPI(**NO_PROBES)

        @app.get("/{number}", response_model_exclude_none=True)
        async def answer(number: int, word: str = "none") -> dict[str, Any]:
            return {"number": number, "word": word, "nothing": None}

        async def ask(index: int, app: HawkAPI = app) -> tuple[int, object]:
            reply = await call(app, "GET", f"/{index}?word=w{index}")
            return reply.status, reply.json()

        replies = run_in_loops(THREADS, ask)
        assert replies == [(200, {"number": index, "word": f"w{index}"}) for index in range(THREADS)]


class Counted:
    """Middleware that leaves its number in the scope."""

    def __init__(self, app: ASGIApp, number: int) -> None:
        self.app = app
        self.number = number

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("numbers", []).append(self.number)
        await self.app(scope, receive, send)


def test_middleware_added_from_many_threads() -> None:
    """None is lost, and a request goes through each once."""
    for _ in range(10):
        app = HawkAPI(**NO_PROBES)

        @app.get("/")
        async def numbers(request: Request) -> list[int]:
            found: list[int] = request.scope["numbers"]
            return found

        def add(index: int, app: HawkAPI = app) -> None:
            for number in range(10):
                app.add_middleware(Counted, number=index * 10 + number)

        run_in_threads(THREADS, add)
        assert sorted(request(app, "GET", "/").json()) == list(range(THREADS * 10))


def test_exception_handlers_added_from_many_threads() -> None:
    """None is lost."""
    app = HawkAPI(**NO_PROBES)
    errors = [type(f"Error{number}", (Exception,), {}) for number in range(THREADS * 100)]

    @app.get("/{number}")
    async def fail(number: int) -> None:
        raise errors[number]

    async def answer(number: int, request: Request, exc: Exception) -> Response:
        return JSONResponse(number, status_code=418)

    def add(index: int) -> None:
        for number in range(index * 100, index * 100 + 100):
            app.exception_handler(errors[number])(functools.partial(answer, number))

    run_in_threads(THREADS, add)
    replies = [request(app, "GET", f"/{number}") for number in range(len(errors))]
    assert [(reply.status, reply.json()) for reply in replies] == [(418, number) for number in range(len(errors))]


def test_hooks_added_from_many_threads() -> None:
    """None is lost, and those of one thread keep their order."""
    app = HawkAPI()
    hooks = [[lambda: None for _ in range(50)] for _ in range(THREADS)]

    def add(index: int) -> None:
        for hook in hooks[index]:
            app.on_startup(hook)

    run_in_threads(THREADS, add)
    kept = app._lifespan.hooks.startup_hooks.copy()
    assert len(kept) == THREADS * 50
    assert [[hook for hook in kept if hook in own] for own in hooks] == hooks


def test_names_of_the_application_state() -> None:
    """Names that threads set in `app.state` are all there, and reading another meanwhile gives one of its values."""
    state = State({"shared": 0})

    def change(index: int) -> None:
        for number in range(500):
            setattr(state, f"n{index}_{number}", number)
            state.shared = index
            assert state.shared in range(THREADS)

    run_in_threads(THREADS, change)
    assert len(state) == THREADS * 500 + 1


def test_one_response_for_all_requests() -> None:
    """A response that handlers of all threads return, and whose headers they read, keeps its fields."""
    for _ in range(200):
        shared = Response("pong", headers={"x-answer": "42"})

        def read(index: int, shared: Response = shared) -> tuple[str | None, bool]:
            return shared.headers.get("x-answer"), (b"x-answer", b"42") in shared.header_pairs()

        assert run_in_threads(4, read) == [("42", True)] * 4


def test_fields_of_a_response_that_another_thread_reads() -> None:
    """Whatever line of it one thread has come to, the other thread's reading of the headers loses no field."""

    def scenario(line: int) -> bool:
        shared = Response("pong", headers={"x-answer": "42"})
        with interrupted(base, at_line(line, lambda: elsewhere(lambda: shared.headers))) as lines:
            assert shared.headers.get("x-answer") == "42"
        assert shared.header_pairs()[0] == (b"x-answer", b"42")
        return len(lines) > line

    assert for_every_line(scenario) > 2


def test_paths_that_are_told_apart_stay_few() -> None:
    """Threads that bring new paths at one moment may each add one too many, and no more."""
    keys = RouteKeys()

    def bring(index: int) -> None:
        for number in range(MAX_PATHS):
            keys.key_of({"type": "http", "path": f"/{index}/{number}"})

    run_in_threads(THREADS, bring)
    assert MAX_PATHS <= len(keys._paths) <= MAX_PATHS + THREADS


def test_one_caller_tries_again() -> None:
    """While a server is away one caller may ask at each time; failures of one moment are one failure."""
    now = [0.0]
    outage = Outage("a server", logging.getLogger("hawkapi.tests"), "nothing", lambda: now[0])
    epochs = run_in_threads(THREADS, lambda _: outage.begin())
    run_in_threads(THREADS, lambda index: outage.failed(epochs[index] or 0, ConnectionError()))
    assert (epochs, outage._epoch, outage._wait_s) == ([0] * THREADS, 1, 0.2)
    for _ in range(200):
        now[0] += 10
        tries = [epoch for epoch in run_in_threads(THREADS, lambda _: outage.begin()) if epoch is not None]
        assert tries == [1]


def test_sessions_in_memory() -> None:
    """Of what threads keep at one moment as much stays as there may be."""
    store = MemorySessionStore(max_sessions=THREADS)

    async def use(index: int) -> None:
        for number in range(1000):
            await store.create(f"{index}-{number}", str(number), 60)
            await store.replace(f"{index}-{number}", str(index), 60)

    async def count() -> int:
        keys = [f"{index}-{number}" for index in range(THREADS) for number in range(1000)]
        return sum([await store.read(key) is not None for key in keys])

    run_in_loops(THREADS, use)
    assert asyncio.run(count()) == len(store) == THREADS


def test_sessions_in_files(tmp_path: Path) -> None:
    """A session that threads replace is always whole; one of them cleans up when it is time."""
    ticks = itertools.count(1_000_000)
    store = FileSessionStore(tmp_path, cleanup_interval=5, clock=lambda: float(next(ticks)))
    texts = {str(index) * 1000 for index in range(THREADS)}
    asyncio.run(store.create("shared", "0" * 1000, 10**9))

    async def use(index: int) -> set[str | None]:
        found = set()
        for _ in range(10):
            assert await store.replace("shared", str(index) * 1000, 10**9)
            found.add(await store.read("shared"))
        return found

    assert set().union(*run_in_loops(THREADS, use)) <= texts
    assert [place.name for place in tmp_path.iterdir()] == ["shared"]
    assert [place.name for place in (tmp_path / "shared").iterdir()] == ["session"]


def test_log_is_set_up_by_many_threads() -> None:
    """There is one handler, not one for each thread."""
    logger = logging.getLogger("hawkapi")
    before, level = logger.handlers[:], logger.level
    try:
        for _ in range(20):
            logger.handlers[:] = []
            run_in_threads(THREADS, lambda _: setup_structured_logging())
            assert len(logger.handlers) == 1
    finally:
        logger.handlers[:] = before
        logger.setLevel(level)


def test_decoders_of_many_types() -> None:
    """Threads that ask for the decoders of new types get ones that work."""
    types: list[Any] = [make_dataclass(f"Type{number}", [("number", int)]) for number in range(50)]

    def read(index: int) -> list[int]:
        return [get_decoder(each)(b'{"number": %d}' % number).number for number, each in enumerate(types)]

    assert run_in_threads(THREADS, read) == [list(range(50))] * THREADS


def test_code_of_a_shape_is_made_once() -> None:
    """Threads that meet a shape at one moment use the same code, and each has a function of its own."""

    def build(tag: tuple[tuple[str, object], ...], _: int) -> object:
        return build_writer(Router, tag, (), repr, repr)

    for number in range(20):
        tag = (("kind", f"audit {number}"),)
        writers: list[Any] = run_in_threads(THREADS, functools.partial(build, tag))
        assert len({id(writer.__code__) for writer in writers}) == 1
        assert len({id(writer) for writer in writers}) == THREADS
        assert (tag, ()) in _made


def test_generated_codec_is_made_once() -> None:
    """Threads that meet a type at one moment use the same generated code, and each has a function of its own."""

    def build(cls: type, _: int) -> object:
        return portable.build_decoder(describe(cls))

    for number in range(20):
        name = f"audit_{number}"
        cls = make_dataclass("Audited", [(name, int)])
        decoders: list[Any] = run_in_threads(THREADS, functools.partial(build, cls))
        assert len({id(decoder.__code__) for decoder in decoders}) == 1
        assert len({id(decoder) for decoder in decoders}) == THREADS
        assert sum(repr(name) in source for source in sources()) == 1


LAZY = """
import importlib, threading
import hawkapi, hawkapi.middleware, hawkapi.observability, hawkapi.responses

names = [(module, name) for module in (hawkapi, hawkapi.middleware, hawkapi.observability, hawkapi.responses)
         for name in module.__all__]
found = [[] for _ in range(8)]
barrier = threading.Barrier(8)

def look(own):
    barrier.wait(30)
    own.extend(getattr(module, name) for module, name in names)

threads = [threading.Thread(target=look, args=(own,)) for own in found]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert all(len(own) == len(names) for own in found)
print(all(one is other for own in found for one, other in zip(own, found[0])))
"""


def test_lazy_names() -> None:
    """Threads that use names for the first time at one moment get the same objects."""
    assert output_of(LAZY) == "True"


def test_encoder_of_each_thread() -> None:
    """Threads that encode for the first time at one moment write what one alone does."""
    expected = b'{"numbers":[0,1,2]}'
    assert run_in_threads(THREADS, lambda _: encode({"numbers": [0, 1, 2]})) == [expected] * THREADS
