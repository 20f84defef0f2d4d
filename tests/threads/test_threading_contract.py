"""The pinned part of `hawkapi._threading`: the flag, the two functions, and a cheap import."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator

import pytest

from hawkapi import _threading
from hawkapi._threading import AsyncLock, NullAsyncLock, NullThreadLock

_LOAD_BY_PATH = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("alone", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(sorted({"asyncio", "logging", "hawkapi"} & sys.modules.keys()))
"""


@pytest.fixture
def reloaded_afterwards() -> Iterator[None]:
    """Compute the flag again from the real interpreter when the test is over."""
    yield
    importlib.reload(_threading)


def raises() -> bool:
    """Stand in for an interpreter that cannot answer."""
    raise RuntimeError("no answer")


def test_import_in_a_fresh_interpreter_loads_neither_asyncio_nor_hawkapi() -> None:
    """Importing the file is cheap whoever imports it."""
    command = [sys.executable, "-I", "-S", "-c", _LOAD_BY_PATH, str(_threading.__file__)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_all_names_the_contract_only() -> None:
    """The pinned names are public; the others can be imported, but nothing promises them."""
    assert _threading.__all__ == ["FREE_THREADED", "maybe_async_lock", "maybe_thread_lock"]


@pytest.mark.parametrize("name", ["AsyncEvent", "AsyncLock", "AsyncSemaphore", "Once", "ShardedCounter", "ThreadOwned"])
def test_other_names_can_be_imported(name: str) -> None:
    """Each primitive is had from this module, whatever file defines it."""
    assert getattr(_threading, name).__name__ == name


def test_unknown_name_is_an_attribute_error() -> None:
    """The module that loads names late still says which it does not have."""
    with pytest.raises(AttributeError, match=r"module 'hawkapi\._threading' has no attribute 'Nothing'"):
        _threading.Nothing  # type: ignore[attr-defined]  # noqa: B018


def test_gil_stays_off_on_a_build_without() -> None:
    """Nothing that these tests import switches the GIL on."""
    assert _threading.FREE_THREADED is bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        pytest.param(lambda: False, True, id="gil off"),
        pytest.param(lambda: True, False, id="gil on"),
        pytest.param(raises, False, id="call raises"),
    ],
)
@pytest.mark.usefixtures("reloaded_afterwards")
def test_flag_follows_the_interpreter_on_reload(
    monkeypatch: pytest.MonkeyPatch, probe: Callable[[], bool], expected: bool
) -> None:
    """Reloading computes the flag again; an interpreter that cannot say counts as one with the GIL."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "_is_gil_enabled", probe, raising=False)
        assert importlib.reload(_threading).FREE_THREADED is expected


@pytest.mark.usefixtures("reloaded_afterwards")
def test_flag_is_false_on_an_interpreter_without_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.12 has no way to ask and always has the GIL."""
    with monkeypatch.context() as patch:
        patch.delattr(sys, "_is_gil_enabled", raising=False)
        assert importlib.reload(_threading).FREE_THREADED is False


def test_maybe_thread_lock_without_gil_is_a_new_real_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag is read at each call."""
    monkeypatch.setattr(_threading, "FREE_THREADED", True)
    first, second = _threading.maybe_thread_lock(), _threading.maybe_thread_lock()
    assert type(first) is type(second) is type(threading.Lock())
    assert first is not second


def test_maybe_thread_lock_with_gil_is_a_new_null_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the GIL nothing is locked, and `as` binds None."""
    monkeypatch.setattr(_threading, "FREE_THREADED", False)
    first, second = _threading.maybe_thread_lock(), _threading.maybe_thread_lock()
    assert isinstance(first, contextlib.nullcontext)
    assert first is not second
    with first as bound, first:
        assert bound is None


def test_null_thread_lock_has_the_methods_of_the_real_one() -> None:
    """Code written for one form runs with the other."""
    lock = NullThreadLock()
    assert (lock.acquire(), lock.acquire(False), lock.acquire(blocking=True, timeout=1.5)) == (True, True, True)
    assert lock.locked() is False
    lock.release()
    lock.release()


async def use_async_lock(lock: AsyncLock | NullAsyncLock) -> tuple[object, bool, bool]:
    """Enter the lock; return what `as` bound, whether it was locked inside, and whether afterwards."""
    async with lock as bound:
        inside = lock.locked()
    return bound, inside, lock.locked()


def test_maybe_async_lock_without_gil_is_a_new_cross_loop_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real lock is locked inside `async with`, binds None, and is new each time."""
    monkeypatch.setattr(_threading, "FREE_THREADED", True)
    lock = _threading.maybe_async_lock()
    assert isinstance(lock, AsyncLock)
    assert lock is not _threading.maybe_async_lock()
    assert asyncio.run(use_async_lock(lock)) == (None, True, False)


def test_maybe_async_lock_with_gil_is_a_new_null_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The null lock is never locked and binds itself."""
    monkeypatch.setattr(_threading, "FREE_THREADED", False)
    lock = _threading.maybe_async_lock()
    assert isinstance(lock, _threading.NullAsyncLock)
    assert lock is not _threading.maybe_async_lock()
    assert asyncio.run(use_async_lock(lock)) == (lock, False, False)


def test_null_async_lock_has_the_methods_of_the_real_one() -> None:
    """`acquire` returns True, also twice; `release` never raises, also when nobody acquired."""

    async def main() -> list[object]:
        lock = NullAsyncLock()
        lock.release()
        return [await lock.acquire(), await lock.acquire(), lock.locked()]

    assert asyncio.run(main()) == [True, True, False]
