"""`HookRegistry`: functions to run at start-up and at shutdown."""

from __future__ import annotations

import asyncio
import re
import types
from collections.abc import Iterator
from typing import Any

import pytest

from hawkapi.lifespan import HookRegistry


def noting(events: list[str], what: str) -> Any:
    """Return a hook that writes down that it ran."""
    return lambda: events.append(what)


def test_hooks_are_listed_and_returned() -> None:
    """Registering gives the function back, and the lists hold the functions in order."""
    hooks = HookRegistry()
    first, second = noting([], "1"), noting([], "2")
    assert [hooks.on_startup(first), hooks.on_startup(second), hooks.on_shutdown(first)] == [first, second, first]
    assert (hooks.startup_hooks, hooks.shutdown_hooks) == ([first, second], [first])


@pytest.mark.parametrize("where", ["on_startup", "on_shutdown"])
def test_hook_that_cannot_be_called(where: str) -> None:
    """What cannot be called is refused at once."""
    with pytest.raises(TypeError, match=f"{where} needs a function, not 5"):
        getattr(HookRegistry(), where)(5)


def test_plain_and_async_hooks_run_in_order() -> None:
    """Start-up goes forwards, shutdown backwards; both kinds of functions are waited for."""
    events: list[str] = []
    hooks = HookRegistry()

    async def slow() -> None:
        await asyncio.sleep(0)
        events.append("slow")

    for hook in (noting(events, "first"), slow, noting(events, "last")):
        hooks.on_startup(hook)
        hooks.on_shutdown(hook)
    asyncio.run(hooks.run_startup())
    asyncio.run(hooks.run_shutdown())
    assert events == ["first", "slow", "last", "last", "slow", "first"]


def test_failing_startup_stops() -> None:
    """The first failure at start-up reaches the caller, and later hooks do not run."""
    events: list[str] = []
    hooks = HookRegistry()

    @hooks.on_startup
    def fail() -> None:
        raise OSError("no database")

    hooks.on_startup(noting(events, "later"))
    with pytest.raises(OSError, match="no database"):
        asyncio.run(hooks.run_startup())
    assert events == []


def test_failing_shutdown_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """Every hook runs whatever others raise; the failures are logged and come together at the end."""
    events: list[str] = []
    hooks = HookRegistry()
    hooks.on_shutdown(noting(events, "last"))
    for text in ("second", "first"):

        @hooks.on_shutdown
        async def fail(text: str = text) -> None:
            raise OSError(text)

    with pytest.raises(ExceptionGroup, match="shutdown hooks failed") as caught:
        asyncio.run(hooks.run_shutdown())
    assert [str(error) for error in caught.value.exceptions] == ["first", "second"]
    assert events == ["last"]
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_cancelled_shutdown_goes_on() -> None:
    """A cancellation ends the hook that waits; the others run before it is passed on."""
    events: list[str] = []
    hooks = HookRegistry()
    hooks.on_shutdown(noting(events, "last"))

    @hooks.on_shutdown
    async def wait_for_ever() -> None:
        asyncio.get_running_loop().call_soon(task[0].cancel)
        await asyncio.Event().wait()

    async def main() -> None:
        task.append(asyncio.ensure_future(hooks.run_shutdown()))
        await task[0]

    task: list[asyncio.Future[None]] = []
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert events == ["last"]


def test_merge_appends_what_is_there_now() -> None:
    """The hooks of another registry come after one's own; what that gets later is not seen."""
    hooks, other = HookRegistry(), HookRegistry()
    first, second, late = (noting([], str(number)) for number in range(3))
    hooks.on_startup(first)
    other.on_startup(second)
    other.on_shutdown(second)
    hooks.merge(other)
    other.on_startup(late)
    assert (hooks.startup_hooks, hooks.shutdown_hooks) == ([first, second], [second])
    hooks.merge(hooks)
    assert hooks.startup_hooks == [first, second] * 2


def test_hook_without_a_name(caplog: pytest.LogCaptureFixture) -> None:
    """An object is named by its class when it fails."""

    class Closer:
        def __call__(self) -> None:
            raise OSError("stuck")

    hooks = HookRegistry()
    hooks.on_shutdown(Closer())
    with pytest.raises(ExceptionGroup):
        asyncio.run(hooks.run_shutdown())
    assert re.fullmatch(r"shutdown: hook .*\.Closer failed", caplog.messages[0])


def test_shutdown_whose_loop_was_closed() -> None:
    """Nothing more can be awaited, so the hook that waits is the last."""
    events: list[str] = []
    hooks = HookRegistry()
    hooks.on_shutdown(noting(events, "later"))

    @types.coroutine
    def wait() -> Iterator[None]:
        yield

    hooks.on_shutdown(wait)
    running = hooks.run_shutdown()
    running.send(None)
    running.close()
    assert events == []
