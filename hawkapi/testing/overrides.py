"""`override`, and how a test client carries overrides to where it runs an application.

Overrides are held by context (`hawkapi.di.overrides`). A call of a client runs the application in a copy of its
caller's context, which brings those of the caller along; added are those that were active when the client was made, and
the client's own. From the outermost to the innermost, in the order in which a test came by them: when the client was
made, the client's, the caller's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import copy_context
from typing import Any, NamedTuple

from hawkapi.di._active import ACTIVE, ActiveOverride, living
from hawkapi.di.overrides import override

__all__ = ["ClientOverrides", "Replacements", "override"]

type Replacements = Mapping[Any, Callable[..., Any]]
"""Types and functions, and what is called instead of them."""


class ClientOverrides:
    """The overrides of one client. Thread-safe.

    Args:
        app: the application that the replacements are for.
        replacements: the client's own, from the first request until it is closed, and again if it is used again.

    Raises:
        TypeError, ValueError: as `override`.
    """

    def __init__(self, app: Any, replacements: Replacements | None) -> None:
        self._app = app
        self._replacements = replacements
        self._inherited = living()
        # THREADS: protects which overrides are the client's own, so that all threads have the same. Held for a look and
        # a store: beginning them reads annotations, which runs users' code, and so does ending them. A request that has
        # them when they end is not waited for.
        self._guard = threading.Lock()
        self._own: Own | None = None
        self._begin()

    @contextmanager
    def entering(self) -> Generator[None]:
        """Make the overrides active in this context, around those that are."""
        before = living()
        carried = (*(held for held in self._inherited if not held.ended), *self._begin())
        token = ACTIVE.set((*carried, *(held for held in before if held not in carried)))
        try:
            yield
        finally:
            # What the garbage collector ends, of a closed loop, is in another context, and leaves that as it is.
            with suppress(ValueError):
                ACTIVE.reset(token)

    def close(self) -> None:
        """End the client's own overrides.

        Raises:
            ExceptionGroup: something that was made from them failed to close.
        """
        with self._guard:
            own, self._own = self._own, None
        if own is not None:
            own.manager.__exit__(None, None, None)

    def _begin(self) -> tuple[ActiveOverride, ...]:
        """Return the client's own overrides; they are begun if they are not active."""
        own = self._own
        if own is None and self._replacements:
            # In a context of its own: the caller's is to know nothing of them.
            begun = copy_context().run(enter, override(self._app, self._replacements))
            with self._guard:
                if self._own is None:
                    self._own = begun
                own = self._own
            if own is not begun:
                copy_context().run(begun.manager.__exit__, None, None, None)
        return (own.active,) if own is not None else ()


class Own(NamedTuple):
    """Overrides that have begun, and what ends them."""

    manager: AbstractContextManager[None]
    active: ActiveOverride


def enter(manager: AbstractContextManager[None]) -> Own:
    """Begin overrides in this context."""
    manager.__enter__()
    return Own(manager, living()[-1])
