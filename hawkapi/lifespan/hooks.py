"""`HookRegistry`: the functions that run at start-up and at shutdown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hawkapi._callables import callable_name
from hawkapi.lifespan._undo import call, run_all

__all__ = ["Hook", "HookRegistry"]

type Hook = Callable[[], Awaitable[None] | None]
"""A function without arguments, plain or async; plain ones run on the event loop."""


class HookRegistry:
    """Functions to run at start-up and at shutdown.

    Thread-safe: hooks may be registered at any time, from any thread; those registered while hooks run are for later.
    """

    def __init__(self) -> None:
        # THREADS: relies on `append` and `copy` of a list being atomic.
        self._startup: list[Hook] = []
        self._shutdown: list[Hook] = []

    @property
    def startup_hooks(self) -> list[Hook]:
        """The start-up hooks in order of registration."""
        return self._startup

    @property
    def shutdown_hooks(self) -> list[Hook]:
        """The shutdown hooks in order of registration, which is the reverse of the order they run in."""
        return self._shutdown

    def on_startup[F: Hook](self, hook: F) -> F:
        """Run a function at start-up; it is returned as it is.

        Raises:
            TypeError: it cannot be called.
        """
        self._startup.append(check_callable(hook, "on_startup"))
        return hook

    def on_shutdown[F: Hook](self, hook: F) -> F:
        """Run a function at shutdown; it is returned as it is.

        Raises:
            TypeError: it cannot be called.
        """
        self._shutdown.append(check_callable(hook, "on_shutdown"))
        return hook

    def merge(self, other: HookRegistry) -> None:
        """Add the hooks that another registry has now after those that are here."""
        self._startup.extend(other.startup_hooks.copy())
        self._shutdown.extend(other.shutdown_hooks.copy())

    async def run_startup(self) -> None:
        """Run the start-up hooks in order of registration, up to the first that fails.

        Raises:
            Exception: whatever a hook raises.
        """
        for hook in self._startup.copy():
            await call(hook)

    async def run_shutdown(self) -> None:
        """Run every shutdown hook, the last registered first, whether or not others fail; each failure is logged.

        Raises:
            ExceptionGroup: what the hooks raised.
        """
        errors = await self.undo()
        if errors:
            raise ExceptionGroup("shutdown hooks failed", errors)

    async def undo(self) -> list[Exception]:
        """Do what `run_shutdown` does, and return what the hooks raised."""
        return await run_all((f"hook {callable_name(hook)}", hook) for hook in reversed(self._shutdown.copy()))


def check_callable[F](function: F, what: str) -> F:
    """Return what can be called.

    Raises:
        TypeError: it cannot; the message says what it was given as.
    """
    if not callable(function):
        raise TypeError(f"{what} needs a function, not {function!r}")
    return function
