"""Start-up and shutdown, once per period, whatever number of loops asks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgi import call

from hawkapi import HawkAPI

COMPLETE = [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
TIMEOUT_S = 30
"""How long a test waits for what must happen; only a failing test takes it."""


class LoopThread:
    """A server's worker: a thread with a loop that sends the lifespan events of one application."""

    def __init__(self, app: HawkAPI, name: str = "worker") -> None:
        self.started: Future[dict[str, Any]] = Future()
        self.stopped: Future[dict[str, Any]] = Future()
        self.state: dict[str, Any] = {}
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._answers = iter([self.started, self.stopped])
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self._loop.run_until_complete(self._app({"type": "lifespan", "state": self.state}, self._receive, self._send))
        self._loop.close()

    async def _receive(self) -> dict[str, Any]:
        if self.started.done():
            await self._stop.wait()
            return {"type": "lifespan.shutdown"}
        return {"type": "lifespan.startup"}

    async def _send(self, message: Any) -> None:
        next(self._answers).set_result(message)

    def wait_started(self) -> str:
        """Return the type of the answer to the start event."""
        return str(self.started.result(TIMEOUT_S)["type"])

    def request_stop(self) -> None:
        """Send the shutdown event."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        """Send the shutdown event and wait for the thread to end."""
        self.request_stop()
        self.join()

    def join(self) -> None:
        """Wait for the thread to end as it should."""
        assert self.stopped.result(TIMEOUT_S) == COMPLETE[1]
        self.thread.join(TIMEOUT_S)


async def run_events(app: HawkAPI, between: Callable[[], Any] = lambda: None, **scope: Any) -> list[Any]:
    """Send start-up and shutdown on the running loop and return the answers; `between` is called, or awaited."""
    sent: list[Any] = []
    incoming = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        kind = next(incoming)
        if kind == "lifespan.shutdown" and asyncio.iscoroutine(made := between()):
            await made
        return {"type": kind}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan", **scope}, receive, send)
    return sent


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


@pytest.mark.parametrize("first", ["lifespan.shutdown", "lifespan.unknown"])
def test_unknown_first_message(first: str) -> None:
    """An event that the protocol does not have here ends the handler without an answer."""

    async def scenario() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": first}

        async def send(message: Any) -> None:
            sent.append(message)

        await HawkAPI()({"type": "lifespan"}, receive, send)
        return sent

    assert asyncio.run(scenario()) == []


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


def test_lifespan_of_another_kind(caplog: pytest.LogCaptureFixture) -> None:
    """A lifespan that is no context manager fails the start with what to do."""
    app = HawkAPI(lifespan=lambda _: None)  # type: ignore[arg-type, return-value]
    (answer,) = asyncio.run(run_events(app))
    assert answer["type"] == "lifespan.startup.failed"
    assert answer["message"].startswith("lifespan must return an async context manager; decorate it with")


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
    assert caplog.messages == ["start-up failed", "undoing start-up did not go well"]


def test_failed_shutdown(caplog: pytest.LogCaptureFixture) -> None:
    """Every hook runs whatever others do; failures are logged and the server still hears that it is over."""
    events: list[str] = []

    def fail() -> None:
        raise OSError("cannot close")

    app = HawkAPI()
    app.on_shutdown(lambda: events.append("last"))
    app.on_shutdown(fail)
    assert asyncio.run(run_events(app)) == COMPLETE
    assert (events, caplog.messages) == (["last"], ["shutdown did not go well"])
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


@pytest.mark.race
@pytest.mark.parametrize("stop_owner_first", [True, False])
def test_many_loops_start_once(stop_owner_first: bool) -> None:
    """Of loops in four threads one starts up; all of them begin after it, share its state, and it is left last."""
    events: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[dict[str, object]]:
        owner = threading.current_thread()
        events.append("enter")
        yield {"owner": owner}
        events.append("leave")
        assert threading.current_thread() is owner

    loops = start_together(HawkAPI(lifespan=lifespan), 4)
    assert [loop.wait_started() for loop in loops] == ["lifespan.startup.complete"] * 4
    assert events == ["enter"]
    owner = next(loop for loop in loops if loop.state["owner"] is loop.thread)
    assert all(loop.state["owner"] is owner.thread for loop in loops)
    if stop_owner_first:
        owner.request_stop()
    for loop in loops:
        if loop is not owner:
            assert events == ["enter"]
            loop.stop()
    if not stop_owner_first:
        owner.request_stop()
    owner.join()
    assert events == ["enter", "leave"]


def start_together(app: HawkAPI, count: int) -> list[LoopThread]:
    """Start as many loops at once."""
    return [LoopThread(app, f"worker-{number}") for number in range(count)]


@pytest.mark.race
def test_many_loops_fail_together() -> None:
    """When start-up fails every loop that waited for it fails; then all of them may start again."""
    failing = [True]

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        if failing[0]:
            raise OSError("no database")
        yield

    app = HawkAPI(lifespan=lifespan)
    loops = start_together(app, 4)
    answers = [loop.started.result(TIMEOUT_S) for loop in loops]
    assert {answer["type"] for answer in answers} == {"lifespan.startup.failed"}
    assert all(answer["message"].endswith("no database") for answer in answers)
    failing[0] = False
    loops = start_together(app, 4)
    assert [loop.wait_started() for loop in loops] == ["lifespan.startup.complete"] * 4
    for loop in loops:
        loop.request_stop()
    for loop in loops:
        loop.join()


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
    assert record.exc_info is not None
    assert "these event loops were still running at shutdown: the-late-one (<" in str(record.exc_info[1])
    late.stop()


def test_drain_comes_before_shutdown_hooks() -> None:
    """Requests that are running when shutdown begins end before anything is closed."""
    events: list[Any] = []
    app = recording_app(events)

    async def scenario() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        @app.get("/")
        async def slow() -> None:
            begun.set()
            await go_on.wait()
            events.append("request")

        async def serve() -> None:
            running.append(asyncio.create_task(call(app, "GET", "/")))
            await begun.wait()
            asyncio.get_running_loop().call_later(0.02, go_on.set)

        running: list[asyncio.Task[Any]] = []
        await run_events(app, serve)
        assert (await running[0]).status == 204

    asyncio.run(scenario())
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
