"""`Ledger`: requests may end anywhere, even inside of what counts them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hawkapi.middleware import AdaptiveConcurrencyMiddleware, CircuitBreakerMiddleware, DebugMiddleware
from hawkapi.middleware._ledger import Ledger


def test_ends_are_applied_in_order_before_the_next_beginning() -> None:
    """Also those that were noted while the lock was held."""
    applied: list[int] = []
    ledger = Ledger("test", applied.append)
    ledger.note(1)
    with ledger:
        assert applied == [1]
        ledger.note(2)
        ledger.note(3)
        assert applied == [1]
    with ledger:
        assert applied == [1, 2, 3]


def test_end_that_cannot_be_applied() -> None:
    """The lock is free again."""

    def fail(end: int) -> None:
        raise ZeroDivisionError

    ledger = Ledger("test", fail)
    ledger.note(1)
    with pytest.raises(ZeroDivisionError), ledger:
        pass
    with ledger:
        pass


class Forever:
    """Something to await that never comes."""

    def __await__(self) -> Any:
        yield


async def wait(scope: Any, receive: Any, send: Any) -> None:
    """Never answer."""
    await Forever()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: DebugMiddleware(wait, enabled=True), id="debug"),
        pytest.param(lambda: CircuitBreakerMiddleware(wait), id="circuit-breaker"),
        pytest.param(lambda: AdaptiveConcurrencyMiddleware(wait), id="adaptive-concurrency"),
    ],
)
def test_request_that_is_destroyed_while_others_are_counted(make: Callable[[], Any]) -> None:
    """The garbage collector may end one in a thread that is just counting; that thread does not wait for itself."""
    middleware = make()
    request = middleware({"type": "http", "method": "GET", "path": "/", "headers": []}, None, None)
    request.send(None)

    def destroy() -> None:
        with middleware._ledger:
            request.close()

    thread = threading.Thread(target=destroy, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
