"""Start-up and shutdown of an application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgi import call
from lifespans import COMPLETE, TIMEOUT_S, LoopThread, run_events, run_events_with_request

from hawkapi import HawkAPI


def recording_app(events: list[Any], **options: Any) -> HawkAPI:
    """Return an app whose hooks and context manager write down when, and in which task, they run."""

    def note(what: str) -> None:
        events.append(what)

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        task = asyncio.current_task()
        note(f"enter {app.title}")
        yield
        note("leave")
        assert asyncio.current_task() is task

    app = HawkAPI(title="app", lifespan=lifespan, **options)

    @app.on_startup
    async def first() -> None:
        note("start 1")

    @app.on_startup
    def second() -> None:
        note("start 2")

    @app.on_shutdown
    def last() -> None:
        note("stop 1")

    @app.on_shutdown
    async def before_last() -> None:
        note("stop 2")

    return app


ALL = ["start 1", "start 2", "enter app", "leave", "stop 2", "stop 1"]


def test_order() -> None:
    """Start-up hooks in order, then the context manager; at the end the other way round."""
    events: list[Any] = []
    app = recording_app(events)
    assert asyncio.run(run_events(app, lambda: events.append("serve"))) == COMPLETE
    assert events == [*ALL[:3], "serve", *ALL[3:]]


def test_next_period_starts_again() -> None:
    """After the last loop has stopped, the next start runs everything again."""
    events: list[Any] = []
    app = recording_app(events)
    for _ in range(2):
        assert asyncio.run(run_events(app)) == COMPLETE
    assert events == ALL * 2


def test_hooks_are_returned() -> None:
    """The decorators leave the functions as they are."""

    def hook() -> None:
        """Do nothing."""

    app = HawkAPI()
    assert app.on_startup(hook) is hook
    assert app.on_shutdown(hook) is hook


def test_without_anything() -> None:
    """An app without hooks answers the events."""
    assert asyncio.run(run_events(HawkAPI())) == COMPLETE


@pytest.mark.parametrize(
    ("messages", "answers", "done"),
    [
        pytest.param(["lifespan.unknown"], [], [], id="first"),
        pytest.param(["lifespan.startup", "lifespan.unknown"], COMPLETE[:1], ALL, id="second"),
        pytest.param(["lifespan.shutdown"], COMPLETE[1:], [], id="shutdown-alone"),
    ],
)
def test_unexpected_messages(messages: list[str], answers: list[Any], done: list[str]) -> None:
    """An unknown event ends the handler without an answer, and what was started is stopped; nothing else is."""
    events: list[Any] = []
    assert asyncio.run(run_events(recording_app(events), messages=messages)) == answers
    assert events == done


def test_state_from_a_mapping() -> None:
    """What the context manager yields goes into the dict that the server supplied."""

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[dict[str, int]]:
        yield {"answer": 42}

    state = {"server": 1}
    assert asyncio.run(run_events(HawkAPI(lifespan=lifespan), state=state)) == COMPLETE
    assert state == {"server": 1, "answer": 42}


def test_async_generator() -> None:
    """An async generator function does as well as a context manager."""
    events: list[str] = []

    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        events.append("enter")
        yield
        events.append("leave")

    assert asyncio.run(run_events(HawkAPI(lifespan=lifespan))) == COMPLETE
    assert events == ["enter", "leave"]


async def without_yield(app: HawkAPI) -> None:
    """Forget to yield."""


def plain_generator(app: HawkAPI) -> Iterator[None]:
    """Forget to be async."""
    yield


@pytest.mark.parametrize(
    ("lifespan", "message"),
    [
        (lambda _: None, "lifespan must return an async context manager, not None; "),
        (without_yield, "lifespan must yield once, between start-up and shutdown: write `yield` and "),
        (plain_generator, "lifespan must be async: write `async def` and "),
        (contextlib.contextmanager(plain_generator), "lifespan must be async: write `async def` and "),
    ],
    ids=["nothing", "coroutine", "generator", "sync-context-manager"],
)
def test_lifespan_of_another_kind(lifespan: Any, message: str) -> None:
    """A lifespan that is no async context manager fails the start with what to do."""
    assert asyncio.run(run_events(HawkAPI(lifespan=lifespan))) == [
        {
            "type": "lifespan.startup.failed",
            "message": message + "decorate it with contextlib.asynccontextmanager",
        }
    ]


@pytest.mark.parametrize("where", ["hook", "lifespan"])
def test_failed_start(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """A failed start is answered with its reason, what was started is stopped, and the next period tries again."""
    events: list[Any] = []
    failing = [True]

    def fail() -> None:
        if failing and failing.pop():
            raise OSError("no database")

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        if where == "lifespan":
            fail()
        yield

    app = HawkAPI(lifespan=lifespan)
    if where == "hook":
        app.on_startup(fail)
    app.on_shutdown(lambda: events.append("stop"))
    assert asyncio.run(run_events(app)) == [{"type": "lifespan.startup.failed", "message": "no database"}]
    assert events == ["stop"]
    assert caplog.messages == ["start-up failed"]
    assert asyncio.run(run_events(app)) == COMPLETE


def test_failed_start_without_words() -> None:
    """A reason without text is named by its type."""

    def fail() -> None:
        raise TimeoutError

    app = HawkAPI()
    app.on_startup(fail)
    assert asyncio.run(run_events(app)) == [{"type": "lifespan.startup.failed", "message": "TimeoutError"}]


def test_failed_start_that_cannot_say_why() -> None:
    """An exception whose text cannot be had is named by its type too."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    def fail() -> None:
        raise Mute

    app = HawkAPI()
    app.on_startup(fail)
    assert asyncio.run(run_events(app)) == [{"type": "lifespan.startup.failed", "message": "Mute"}]


def test_failed_start_and_failed_undoing(caplog: pytest.LogCaptureFixture) -> None:
    """The server hears why the start failed, also when stopping what was started fails too."""

    def fail_start() -> None:
        raise OSError("no database")

    def fail_stop() -> None:
        raise OSError("nothing to close")

    app = HawkAPI()
    app.on_startup(fail_start)
    app.on_shutdown(fail_stop)
    assert asyncio.run(run_events(app)) == [{"type": "lifespan.startup.failed", "message": "no database"}]
    fail_stop_failed = f"shutdown: hook {fail_stop.__qualname__} failed"
    assert caplog.messages == ["start-up failed", fail_stop_failed]
    assert all(record.exc_info for record in caplog.records)


def test_failed_shutdown(caplog: pytest.LogCaptureFixture) -> None:
    """Every hook runs whatever others do; failures are logged and the server still hears that it is over."""
    events: list[str] = []

    def fail() -> None:
        raise OSError("cannot close")

    app = HawkAPI()
    app.on_shutdown(lambda: events.append("last"))
    app.on_shutdown(fail)
    assert asyncio.run(run_events(app)) == COMPLETE
    assert (events, caplog.messages) == (["last"], [f"shutdown: hook {fail.__qualname__} failed"])
    assert asyncio.run(run_events(app)) == COMPLETE


def test_cancelled_start() -> None:
    """A start that is cancelled ends its period: the next one starts anew."""
    events: list[str] = []

    async def scenario() -> None:
        app = HawkAPI()
        entered = asyncio.Event()

        @app.on_startup
        async def wait_the_first_time() -> None:
            events.append("start")
            if not entered.is_set():
                entered.set()
                await asyncio.Event().wait()

        app.on_shutdown(lambda: events.append("stop"))
        task = asyncio.create_task(run_events(app))
        await entered.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert await run_events(app) == COMPLETE

    asyncio.run(scenario())
    assert events == ["start", "stop", "start", "stop"]


def test_other_loops_fail_when_the_start_is_cancelled() -> None:
    """A loop that waits for a start-up that is cancelled fails with the reason."""

    async def scenario() -> Any:
        app = HawkAPI()
        entered = asyncio.Event()

        @app.on_startup
        async def wait() -> None:
            entered.set()
            await asyncio.Event().wait()

        owner = asyncio.create_task(run_events(app))
        await entered.wait()
        other = asyncio.create_task(run_events(app))
        await asyncio.sleep(0)  # One turn of the loop takes it to where it waits for the owner.
        owner.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await owner
        return await other

    message = "start-up failed in another event loop: start-up was cancelled"
    assert asyncio.run(scenario()) == [{"type": "lifespan.startup.failed", "message": message}]


def test_loop_that_comes_while_a_period_ends_begins_the_next() -> None:
    """A loop that starts while hooks of the last period still run waits, then runs start-up of the next period."""
    events: list[str] = []
    stopping, go_on = threading.Event(), threading.Event()

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        events.append("enter")
        yield
        stopping.set()
        await asyncio.to_thread(go_on.wait, TIMEOUT_S)
        events.append("leave")

    app = HawkAPI(lifespan=lifespan)
    first = LoopThread(app)
    assert first.wait_started() == "lifespan.startup.complete"
    first.request_stop()
    assert stopping.wait(TIMEOUT_S)
    second = LoopThread(app)
    assert not second.started.done()
    go_on.set()
    assert second.wait_started() == "lifespan.startup.complete"
    first.join()
    second.stop()
    assert events == ["enter", "leave", "enter", "leave"]


def test_late_loops_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """A loop that does not stop in time is named in the log, and shutdown goes on without it."""
    events: list[Any] = []
    app = recording_app(events, shutdown_timeout_s=0.05)
    owner = LoopThread(app, "first")
    assert owner.wait_started() == "lifespan.startup.complete"
    late = LoopThread(app, "the-late-one")
    assert late.wait_started() == "lifespan.startup.complete"
    owner.stop()
    assert events == ALL
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "these event loops are still running: the-late-one (<" in record.getMessage()
    late.stop()


def test_drain_comes_before_shutdown_hooks() -> None:
    """Requests that are running when shutdown begins end before anything is closed."""
    events: list[Any] = []
    app = recording_app(events)

    asyncio.run(run_events_with_request(app, events))
    assert events == [*ALL[:3], "request", *ALL[3:]]


def test_drain_gives_up(caplog: pytest.LogCaptureFixture) -> None:
    """A request that does not end in time is counted in the log, and shutdown goes on."""
    events: list[Any] = []
    app = recording_app(events, shutdown_timeout_s=0.01)

    async def scenario() -> None:
        begun = asyncio.Event()

        @app.get("/")
        async def endless() -> None:
            begun.set()
            await asyncio.Event().wait()

        async def serve() -> None:
            running.append(asyncio.create_task(call(app, "GET", "/")))
            await begun.wait()

        running: list[asyncio.Task[Any]] = []
        assert await run_events(app, serve) == COMPLETE
        running[0].cancel()

    asyncio.run(scenario())
    assert events == ALL
    assert caplog.record_tuples == [("hawkapi", logging.WARNING, "shutting down while 1 requests are still running")]


def test_serving_without_lifespan_events() -> None:
    """A loop that never receives a lifespan event serves without start-up."""
    events: list[Any] = []
    app = recording_app(events)
    assert asyncio.run(call(app, "GET", "/")).status == 404
    assert events == []


def test_a_loop_that_was_closed_without_a_shutdown_is_not_waited_for() -> None:
    """The owner's shutdown does not wait for somebody who cannot come."""
    app = HawkAPI(shutdown_timeout_s=3600)
    owner = LoopThread(app, "owner")
    assert owner.wait_started() == "lifespan.startup.complete"
    loop = asyncio.new_event_loop()
    received = iter([{"type": "lifespan.startup"}])
    started = loop.create_future()

    async def receive() -> dict[str, str]:
        message = next(received, None)
        return message if message is not None else await loop.create_future()

    async def send(message: Any) -> None:
        started.set_result(message["type"])

    task = loop.create_task(app({"type": "lifespan"}, receive, send))
    assert loop.run_until_complete(started) == "lifespan.startup.complete"
    loop.close()
    owner.stop()
    task._log_destroy_pending = False  # type: ignore[attr-defined]


async def _lifespan_beside(app: HawkAPI, go_on: asyncio.Event, began: asyncio.Queue[str]) -> None:
    messages = ["lifespan.startup", "lifespan.shutdown"]

    async def receive() -> dict[str, str]:
        if len(messages) == 1:
            await go_on.wait()
        return {"type": messages.pop(0)}

    async def send(message: Any) -> None:
        began.put_nowait(message["type"])

    await app({"type": "lifespan"}, receive, send)


def test_lifespans_on_one_loop_are_counted_one_by_one() -> None:
    """Shutdown hooks wait for every lifespan, also when several run on one loop."""
    app = HawkAPI()
    left: list[str] = []
    app.on_shutdown(lambda: left.append("hook"))

    async def main() -> None:
        gates = [asyncio.Event() for _ in range(3)]
        began: asyncio.Queue[str] = asyncio.Queue()
        tasks = [asyncio.ensure_future(_lifespan_beside(app, gate, began)) for gate in gates]
        for _ in gates:
            await began.get()
        gates[0].set()
        gates[1].set()
        await tasks[1]
        assert left == []
        gates[2].set()
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert left == ["hook"]
