"""`Bulkhead`: how many are in it, who waits, and that no slot is lost."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from typing import Any

import pytest
from apps import app_with
from asgi import call, request
from loops import close_under_tasks, let_run

from hawkapi import HTTPException
from hawkapi.middleware import Bulkhead, BulkheadBackend, BulkheadFullError
from hawkapi.middleware.bulkhead import LocalBulkheadBackend, bulkhead


def make(limit: int = 1, max_wait: float = 0.0) -> Bulkhead:
    """Return a bulkhead with slots of its own."""
    return Bulkhead("x", limit, max_wait, backend=LocalBulkheadBackend())


def free_slots(guard: Bulkhead) -> int:
    """Return how many can be entered, by entering."""

    async def main() -> int:
        count = 0
        try:
            while True:
                await guard.__aenter__()
                count += 1
        except BulkheadFullError:
            for _ in range(count):
                await guard.__aexit__(None, None, None)
        return count

    return asyncio.run(main())


def test_full() -> None:
    """Without waiting, who finds it full is told so at once."""
    guard = make(2)

    async def main() -> BulkheadFullError:
        async with guard as entered, guard:
            assert entered is guard
            with pytest.raises(BulkheadFullError) as caught:
                await guard.__aenter__()
        return caught.value

    exc = asyncio.run(main())
    assert (exc.name, exc.limit, exc.waited < 1) == ("x", 2, True)
    assert (guard.name, guard.limit, free_slots(guard)) == ("x", 2, 2)


def test_waiting() -> None:
    """With `max_wait` one waits for who leaves, and not longer than that."""
    guard = make(max_wait=30)
    short = Bulkhead("x", 1, 0.01, backend=guard._backend)

    async def main() -> None:
        async with guard:
            waiting = asyncio.create_task(guard.__aenter__())
            await asyncio.sleep(0)
            with pytest.raises(BulkheadFullError) as caught:
                await short.__aenter__()
            assert caught.value.waited >= 0.009
        await waiting

    asyncio.run(main())


def test_exception_inside() -> None:
    """The slot is free again."""
    guard = make()

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            async with guard:
                raise ZeroDivisionError

    asyncio.run(main())
    assert free_slots(guard) == 1


def test_waiter_that_is_cancelled() -> None:
    """It takes no slot with it."""
    guard = make(max_wait=30)

    async def main() -> None:
        async with guard:
            waiting = asyncio.create_task(guard.__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(main())
    assert free_slots(Bulkhead("x", 1, backend=guard._backend)) == 1


def test_release_by_another_task() -> None:
    """Who did not enter cannot leave, also a task that was started inside."""
    guard = make(2)

    async def main() -> None:
        async with guard:
            task = asyncio.create_task(guard.__aexit__(None, None, None))
            with pytest.raises(RuntimeError, match="unpaired bulkhead release"):
                await task
        with pytest.raises(RuntimeError, match="unpaired bulkhead release"):
            await guard.__aexit__(None, None, None)

    asyncio.run(main())
    assert free_slots(guard) == 2


def test_one_name_is_one_bulkhead() -> None:
    """In this process it has one set of slots, and one limit."""
    name = f"test of names {threading.get_ident()}"

    async def main() -> None:
        async with Bulkhead(name, 1):
            with pytest.raises(BulkheadFullError):
                await Bulkhead(name, 1).__aenter__()
            with pytest.raises(ValueError, match="already registered with limit 1, not 2"):
                await Bulkhead(name, 2).__aenter__()

    asyncio.run(main())


@pytest.mark.parametrize("collects", [True, False], ids=["destroyed", "kept"])
def test_loop_that_is_closed_inside(collects: bool) -> None:
    """The slots of tasks that died with their loop come back."""
    guard = make(2)

    async def stay() -> None:
        async with guard:
            await asyncio.Event().wait()

    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(stay()) for _ in range(2)]
    let_run(loop)
    assert free_slots(guard) == 0
    close_under_tasks(loop)
    if collects:
        tasks.clear()
        gc.collect()
    assert free_slots(guard) == 2


def test_other_threads_wait_too() -> None:
    """Who leaves in one loop lets in who waits in another."""
    guard = make(max_wait=30)
    entered, leave, waits = threading.Event(), threading.Event(), threading.Event()

    async def first() -> None:
        async with guard:
            entered.set()
            await asyncio.to_thread(leave.wait, 30)

    async def second() -> None:
        entered.wait(30)
        task = asyncio.create_task(guard.__aenter__())
        await asyncio.sleep(0)
        waits.set()
        await task
        await guard._backend.release("x", guard._leases[-1].token)

    threads = [threading.Thread(target=lambda main=main: asyncio.run(main())) for main in (first, second)]
    for thread in threads:
        thread.start()
    assert waits.wait(30)
    leave.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_decorator() -> None:
    """A handler that is full answers 503 with `Retry-After`; its parameters are still its own."""

    async def scenario() -> list[Any]:
        gate = asyncio.Event()

        @bulkhead(f"test of the decorator {threading.get_ident()}", 1, retry_after=2.5)
        async def handler(number: int) -> int:
            """Wait."""
            await gate.wait()
            return number

        assert list(inspect.signature(handler).parameters) == ["number"]
        app = app_with(handler, "/{number}")
        first = asyncio.create_task(call(app, "GET", "/1"))
        for _ in range(5):
            await asyncio.sleep(0)
        refused = await call(app, "GET", "/2")
        gate.set()
        return [refused, (await first).json()]

    refused, first = asyncio.run(scenario())
    assert (refused.status, refused.header("retry-after"), refused.json()["detail"], first) == (
        503,
        "3",
        "bulkhead_full",
        1,
    )


def test_decorator_and_another_bulkhead() -> None:
    """A bulkhead inside the handler that is full is answered in the same way."""

    @bulkhead(f"test of two {threading.get_ident()}", 1, status_code=429)
    async def handler() -> None:
        """Find another one full."""
        raise BulkheadFullError("other", 1, 0.0)

    with pytest.raises(HTTPException) as caught:
        asyncio.run(_call(handler))
    assert caught.value.status_code == 429


async def _call(handler: Any) -> None:
    await handler()


def test_full_without_the_decorator() -> None:
    """It is a failure of the handler."""

    async def handler() -> None:
        """Be full."""
        raise BulkheadFullError("x", 1, 0.0)

    assert request(app_with(handler), "GET", "/").status == 500


def test_backend_of_ones_own() -> None:
    """What has the two methods is a backend."""
    calls: list[Any] = []

    class Backend:
        async def acquire(self, name: str, limit: int, max_wait: float) -> object | None:
            calls.append((name, limit, max_wait))
            return "token"

        async def release(self, name: str, token: object) -> None:
            calls.append((name, token))

    backend = Backend()
    assert isinstance(backend, BulkheadBackend)

    async def main() -> None:
        async with Bulkhead("y", 3, 1.5, backend=backend):
            pass

    asyncio.run(main())
    assert calls == [("y", 3, 1.5), ("y", "token")]


def test_token_of_another_backend() -> None:
    """It is refused."""
    with pytest.raises(TypeError, match="no token of a LocalBulkheadBackend"):
        asyncio.run(LocalBulkheadBackend().release("x", "token"))


@pytest.mark.parametrize(("limit", "max_wait", "match"), [(0, 0, "limit is 0"), (1, -1, "max_wait is -1")])
def test_wrong_options(limit: int, max_wait: float, match: str) -> None:
    """They are refused when the bulkhead is made."""
    with pytest.raises(ValueError, match=match):
        Bulkhead("x", limit, max_wait)


def test_wrong_time_to_come_again() -> None:
    """It is refused when the handler is decorated."""
    with pytest.raises(ValueError, match="retry_after is -1"):
        bulkhead("x", 1, retry_after=-1)


def test_metrics() -> None:
    """Who is in, who could be, and who was refused is counted in the global registry."""
    prometheus = pytest.importorskip("prometheus_client", reason="it is optional")
    guard = Bulkhead("measured", 1, backend=LocalBulkheadBackend(), metrics=True)
    Bulkhead("measured too", 1, metrics=True)

    def value(name: str, **labels: str) -> float | None:
        sample: float | None = prometheus.REGISTRY.get_sample_value(name, {"name": "measured", **labels})
        return sample

    async def main() -> float | None:
        async with guard:
            with pytest.raises(BulkheadFullError):
                await guard.__aenter__()
            return value("hawkapi_bulkhead_in_flight")

    assert (asyncio.run(main()), value("hawkapi_bulkhead_in_flight")) == (1, 0)
    assert value("hawkapi_bulkhead_capacity") == 1
    assert value("hawkapi_bulkhead_rejections_total", reason="fail_fast") == 1
    assert value("hawkapi_bulkhead_acquire_latency_seconds_count") == 1


def test_metrics_without_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    from hawkapi._threading import Once
    from hawkapi.middleware import _bulkhead_metrics

    monkeypatch.setattr(_bulkhead_metrics, "_collectors", Once())
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    with pytest.raises(ImportError, match=r"pip install 'hawkapi\[metrics\]'"):
        Bulkhead("x", 1, metrics=True)
