"""What stands in for locks, thread-local data and clocks in the code under test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Self

from stepping.machine import Actor, Machine


class SteppedLock:
    """A `threading.Lock` for which a thread waits by handing over."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._is_held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; return whether that was possible in time."""
        if self._is_held:
            limit = None if timeout < 0 else timeout
            if not blocking or limit == 0 or not self._machine.wait_until(lambda: not self._is_held, limit):
                return False
        self._is_held = True
        return True

    def release(self) -> None:
        """Free the lock."""
        if not self._is_held:
            raise RuntimeError("release unlocked lock")
        self._is_held = False

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._is_held

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()


class SteppedRLock:
    """The same for `threading.RLock`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._owner: Actor | None = None
        self._count = 0

    def __enter__(self) -> Self:
        if self._count and self._owner is not self._machine.running:
            self._machine.wait_until(lambda: self._count == 0)
        self._owner = self._machine.running
        self._count += 1
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._count -= 1


class Unlocked:
    """A lock that excludes nobody."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Say that it worked."""
        return True

    def release(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Do nothing."""


class SteppedLocal:
    """A `threading.local` whose data ends with an actor, as part of what that thread does."""

    def __init__(self, machine: Machine) -> None:
        vars(self).update(_machine=machine, _data={})

    def __getattr__(self, name: str) -> Any:
        try:
            return self._data[self._machine.running][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: object) -> None:
        actor = self._machine.running
        if actor not in self._data:
            self._data[actor] = {}
            if actor is not None:
                actor.at_end.append(lambda: self._data.pop(actor).clear())
        self._data[actor][name] = value


class Namespace:
    """A module of which a few names are replaced."""

    def __init__(self, module: ModuleType, replaced: Mapping[str, object]) -> None:
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@contextmanager
def doubled(modules: list[ModuleType], machine: Machine) -> Iterator[None]:
    """Have modules find stand-ins in `threading` and `time`, and for named locks."""
    stand_ins: dict[str, object] = {
        "threading": Namespace(
            threading,
            {
                "Lock": lambda: SteppedLock(machine),
                "RLock": lambda: SteppedRLock(machine),
                "local": lambda: SteppedLocal(machine),
            },
        ),
        "time": Namespace(time, {"monotonic": lambda: machine.now}),
        "named_lock": lambda _: SteppedLock(machine),
        "named_rlock": lambda _: SteppedRLock(machine),
    }
    saved = [(module, name, vars(module)[name]) for module in modules for name in stand_ins if name in vars(module)]
    for module, name, _ in saved:
        setattr(module, name, stand_ins[name])
    try:
        yield
    finally:
        for module, name, value in saved:
            setattr(module, name, value)
