"""Hooks of event loops: they run in every loop, inside start-up and shutdown of the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from lifespans import COMPLETE, TIMEOUT_S, LoopThread, run_events, run_events_with_request

from hawkapi import HawkAPI


def recording_app(events: list[Any], **options: Any) -> HawkAPI:
    """Return an app whose hooks write down in which thread they run."""

    def note(what: str) -> None:
        events.append((what, threading.current_thread().name))

    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        note("enter")
        yield
        note("leave")

    app = HawkAPI(lifespan=lifespan, **options)
    app.on_startup(lambda: note("start"))
    app.on_shutdown(lambda: note("stop"))
    app.on_loop_startup(lambda: note("loop start"))
    app.on_loop_shutdown(lambda: note("loop stop"))
    return app


def started(app: HawkAPI, name: str) -> LoopThread:
    """Return a loop that has started."""
    loop = LoopThread(app, name)
    assert loop.wait_started() == "lifespan.startup.complete"
    return loop


def test_order_in_two_loops() -> None:
    """A loop starts after the process, and stops before it."""
    events: list[Any] = []
    app = recording_app(events)
    first, second = started(app, "first"), started(app, "second")
    first.request_stop()
    second.stop()
    first.join()
    assert events == [
        ("start", "first"),
        ("enter", "first"),
        ("loop start", "first"),
        ("loop start", "second"),
        ("loop stop", "second"),
        ("loop stop", "first"),
        ("leave", "first"),
        ("stop", "first"),
    ]


def test_hooks_are_returned() -> None:
    """The decorators leave functions as they are, and refuse what is none."""

    def hook() -> None:
        """Do nothing."""

    app = HawkAPI()
    assert app.on_loop_startup(hook) is hook
    assert app.on_loop_shutdown(hook) is hook
    with pytest.raises(TypeError, match="on_loop_startup needs a function, not None"):
        app.on_loop_startup(None)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="on_loop_shutdown needs a function, not None"):
        app.on_loop_shutdown(None)  # type: ignore[type-var]


def test_failure_in_another_loop(caplog: pytest.LogCaptureFixture) -> None:
    """A loop that cannot start fails alone; what it had started is stopped, and the first one goes on."""
    events: list[Any] = []
    app = recording_app(events)

    @app.on_loop_startup
    def fail_in_the_second() -> None:
        if threading.current_thread().name == "second":
            raise OSError("no pool")

    first = started(app, "first")
    second = LoopThread(app, "second")
    assert second.started.result(TIMEOUT_S) == {"type": "lifespan.startup.failed", "message": "no pool"}
    second.thread.join(TIMEOUT_S)
    assert [what for what, thread in events if thread == "second"] == ["loop start", "loop stop"]
    third = started(app, "third")
    third.stop()
    first.stop()
    assert [what for what, _ in events][-3:] == ["loop stop", "leave", "stop"]
    assert caplog.messages == ["start-up failed"]


def test_failure_in_the_first_loop() -> None:
    """Where the first loop cannot start nothing does, and start-up of the process is undone."""
    events: list[Any] = []
    app = recording_app(events)

    @app.on_loop_startup
    async def fail() -> None:
        raise OSError("no pool")

    assert asyncio.run(run_events(app)) == [{"type": "lifespan.startup.failed", "message": "no pool"}]
    assert [what for what, _ in events] == ["start", "enter", "loop start", "loop stop", "leave", "stop"]


def test_loop_shutdown_waits_for_the_requests_of_its_loop() -> None:
    """Requests of a loop that stops end before its hooks run."""
    events: list[Any] = []
    app = recording_app(events)

    async def stop_first() -> None:
        first.request_stop()
        while app._lifespan.obstacle is None:  # noqa: ASYNC110 - what another loop does has no event here
            await asyncio.sleep(0)

    first = started(app, "first")
    assert asyncio.run(run_events_with_request(app, events, stop_first)) == COMPLETE
    first.join()
    name = threading.current_thread().name
    assert [event for event in events if event == "request" or event[1] == name] == [
        ("loop start", name),
        "request",
        ("loop stop", name),
    ]
