"""Who keeps instances, and how they are given back.

A `Keeper` holds the instances of one life: of a container between two closings, of an event loop, of a scope, of an
override. What has to be done at its end are *exits*, in the order in which the instances were complete; something is
complete after all that it needs, so going backwards gives back users before what they use.

An exit is the rest of a yield factory, or else the instance's `aclose()` or `close()`. Every exit is tried. What goes
wrong is collected; an error that a yield factory makes of the one that was thrown into it takes that one's place.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final, NoReturn, Protocol, cast, final

from hawkapi._threading import Once
from hawkapi.di.errors import ScopeClosedError
from hawkapi.exceptions import exit_details


class _Absent:
    """Stands for an instance that is not there; None is one that is."""


ABSENT: Final = _Absent()


class Exit(Protocol):
    """What is to be done at the end of an instance's life."""

    def leave_now(self, exc: BaseException | None) -> Awaitable[object] | None:
        """Do what can be done without a loop; return what remains."""
        ...

    def needs_loop(self) -> bool:
        """Whether something has to be awaited."""
        ...

    def does_something(self) -> bool:
        """Whether there is anything to do at all."""
        ...


@final
class InstanceExit:
    """Closes an instance."""

    __slots__ = ("_instance",)

    def __init__(self, instance: object) -> None:
        self._instance = instance

    def needs_loop(self) -> bool:
        """Whether closing it is async."""
        method = closing_method(self._instance)
        if method is None:
            return False
        return getattr(method, "__name__", "aclose") == "aclose" or inspect.iscoroutinefunction(method)

    def does_something(self) -> bool:
        """Whether the instance can be closed."""
        return closing_method(self._instance) is not None

    def leave_now(self, exc: BaseException | None) -> Awaitable[object] | None:
        """Call the method; return what it wants to have awaited."""
        method = closing_method(self._instance)
        result = None if method is None else method()
        return cast("Awaitable[object]", result) if is_awaitable(result) else None


@final
class PlainGeneratorExit:
    """Lets a generator go on after its `yield`."""

    __slots__ = ("_manager",)

    def __init__(self, manager: AbstractContextManager[Any]) -> None:
        self._manager = manager

    def needs_loop(self) -> bool:
        """Return False."""
        return False

    def does_something(self) -> bool:
        """Return True."""
        return True

    def leave_now(self, exc: BaseException | None) -> None:
        """Run the rest, or throw the error in; one that it swallows goes on all the same."""
        self._manager.__exit__(*exit_details(exc))


@final
class AsyncGeneratorExit:
    """Lets an async generator go on after its `yield`."""

    __slots__ = ("_manager",)

    def __init__(self, manager: AbstractAsyncContextManager[Any]) -> None:
        self._manager = manager

    def needs_loop(self) -> bool:
        """Return True."""
        return True

    def does_something(self) -> bool:
        """Return True."""
        return True

    def leave_now(self, exc: BaseException | None) -> Awaitable[object]:
        """Return what runs the rest, or throws the error in."""
        return self._manager.__aexit__(*exit_details(exc))


def closing_method(instance: object) -> Callable[[], object] | None:
    """Return `aclose` or else `close` of an instance, whichever can be called without arguments first."""
    for name in ("aclose", "close"):
        method: Any = getattr(instance, name, None)
        if callable(method) and _needs_no_arguments(method):
            return cast("Callable[[], object]", method)
    return None


def is_awaitable(value: object) -> bool:
    """Whether a value can be awaited."""
    # PERF: `inspect.isawaitable` asks an abstract class, which takes ten times as long.
    return hasattr(type(value), "__await__")


def _needs_no_arguments(method: Any) -> bool:
    function = getattr(method, "__func__", None)
    if isinstance(function, types.FunctionType):
        # PERF: a signature takes some 15 us to make, which every scope would pay for every instance.
        positional = function.__code__.co_argcount - len(function.__defaults__ or ())
        named = function.__code__.co_kwonlyargcount - len(function.__kwdefaults__ or {})
        return positional <= 1 and named <= 0
    try:
        inspect.signature(method).bind()
    except TypeError:
        return False
    except ValueError:  # A builtin that does not say what it takes; what is called close() takes nothing.
        return True
    return True


@final
class Outcome:
    """What leaving one exit after the other comes to.

    Args:
        action: the beginning of the message when several things went wrong.
        exc: what ended the life, thrown into yield factories.
    """

    __slots__ = ("_action", "_failures", "_given", "exc")

    def __init__(self, action: str, exc: BaseException | None = None) -> None:
        self._action = action
        self._given = exc
        self.exc = exc
        self._failures: list[BaseException] = []

    async def leave(self, exits: list[Exit]) -> None:
        """Leave all exits, the last one first, whatever they raise."""
        for leaving in _backwards(exits):
            try:
                remaining = leaving.leave_now(self.exc)
                if remaining is not None:
                    await remaining
            except BaseException as exc:  # noqa: BLE001 - the others are left all the same, and `finish` raises it
                self._note(leaving, exc)

    def leave_now(self, exits: list[Exit]) -> None:
        """Do the same without a loop; none of the exits may need one."""
        for leaving in _backwards(exits):
            try:
                remaining = leaving.leave_now(self.exc)
                if remaining is not None:
                    raise RuntimeError(f"{remaining!r} could not be awaited; make close() a coroutine function")
            except BaseException as exc:  # noqa: BLE001 - as above
                self._note(leaving, exc)

    def finish(self) -> None:
        """Raise what there is to raise.

        Raises:
            ExceptionGroup: exits failed.
            BaseException: the one error that a yield factory made of the one that was thrown into it, or an
                interruption, such as a cancellation, that came while leaving.
        """
        errors = [exc for exc in self._failures if isinstance(exc, Exception)]
        if isinstance(self.exc, Exception) and self.exc is not self._given:
            errors.insert(0, self.exc)
        interruptions = [exc for exc in self._failures if not isinstance(exc, Exception)]
        if interruptions:
            raise interruptions[0] from (ExceptionGroup(self._action, errors) if errors else None)
        if len(errors) == 1 and errors[0] is self.exc:
            raise errors[0]
        if errors:
            raise ExceptionGroup(self._action, errors)

    def _note(self, leaving: Exit, exc: BaseException) -> None:
        translated = self.exc is not None and not isinstance(leaving, InstanceExit) and isinstance(exc, Exception)
        if exc is self.exc:
            return
        if translated:
            self.exc = exc
        else:
            self._failures.append(exc)


def _backwards(exits: list[Exit]) -> Iterable[Exit]:
    """Take exits from the end of a list until it is empty."""
    while exits:
        # THREADS: relies on `pop` of a list being atomic, so that each exit is left once however many close; another
        # may have taken the last one since the look above.
        try:
            yield exits.pop()
        except IndexError:
            return


@final
class Keeper:
    """The instances of one life. Thread-safe.

    Args:
        what: whose life it is, for messages.
    """

    __slots__ = ("_cells", "_closed", "_exits", "_what", "values")

    def __init__(self, what: str) -> None:
        self._what = what
        # THREADS: written by the one attempt of the slot's cell; get and set of a dict are atomic.
        self.values: dict[object, Any] = {}
        """Complete instances by slot: the provider, where it matters with the override that it is made from."""
        # THREADS: relies on `setdefault` being atomic. A cell stays, so nobody who missed the value makes another.
        self._cells: dict[object, Once[Any]] = {}
        # THREADS: relies on `extend` and `pop` of a list being atomic. Who keeps appends first and looks at `_closed`
        # then, who closes sets `_closed` first and pops then: whichever comes second finds what the other left.
        self._exits: list[Exit] = []
        self._closed = False

    def cell(self, slot: object) -> Once[Any]:
        """Return the cell in which a slot's instance is made exactly once."""
        cell = self._cells.get(slot)
        return cell if cell is not None else self._cells.setdefault(slot, Once())

    def check_open(self) -> None:
        """Refuse to begin what could not be kept.

        Raises:
            ScopeClosedError: the life is over.
        """
        if self._closed:
            raise ScopeClosedError(f"{self._what} is closed and makes no new instances")

    async def keep(self, exits: list[Exit]) -> None:
        """Take the exits of something complete.

        Raises:
            ScopeClosedError: the life has ended meanwhile; the exits have been left.
        """
        self._exits.extend(exits)
        if self._closed:
            await self._refuse()

    async def keep_value(self, slot: object, value: object, exits: list[Exit]) -> None:
        """Take the complete instance of a slot, and its exits.

        Raises:
            ScopeClosedError: the life has ended meanwhile; the exits have been left, and the instance is not kept.
        """
        # THREADS: who closes sets `_closed`, then leaves the exits, then clears the values. So the value comes before
        # its exits and the look at `_closed` last: what somebody finds here is open, and nothing closed stays.
        self.values[slot] = value
        self._exits.extend(exits)
        if self._closed:
            self.values.pop(slot, None)
            await self._refuse()

    async def _refuse(self) -> NoReturn:
        """Leave what came too late."""
        await self.aclose()
        raise ScopeClosedError(f"{self._what} was closed while something was being made for it")

    async def leave(self, outcome: Outcome) -> None:
        """End the life: leave all exits. A second call finds nothing to do."""
        self._closed = True
        await outcome.leave(self._exits)
        self.values.clear()

    async def aclose(self) -> None:
        """End the life on its own.

        Raises:
            ExceptionGroup: exits failed.
        """
        outcome = Outcome(f"closing {self._what} failed")
        await self.leave(outcome)
        outcome.finish()

    def has_to_close(self) -> bool:
        """Whether ending the life now would do anything."""
        return any(leaving.does_something() for leaving in self._exits.copy())

    def close_now(self) -> bool:
        """End the life without a loop, if that can be done; return whether it could.

        Raises:
            ExceptionGroup: exits failed.
        """
        if any(leaving.needs_loop() for leaving in self._exits.copy()):
            return False
        self._closed = True
        outcome = Outcome(f"closing {self._what} failed")
        outcome.leave_now(self._exits)
        self.values.clear()
        outcome.finish()
        return True
