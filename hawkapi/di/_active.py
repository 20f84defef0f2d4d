"""Overrides as they are held: by context, each with its own providers.

Which overrides are active is a tuple in a `ContextVar`, so tests in parallel do not see each other's. Undoing one needs
no token, which would only be good in the context that made it: the override is marked as ended, which every context
sees, and is taken out of the tuple of the context at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from hawkapi.di._engine import Engine
    from hawkapi.di._graph import Key, Provider


@final
class ActiveOverride:
    """What one `with override(...)` replaces, from its beginning to its end. Thread-safe."""

    __slots__ = ("callables", "ended", "engine", "providers")

    def __init__(
        self,
        engine: Engine,
        providers: Mapping[Key, Provider],
        callables: Mapping[Callable[..., Any], Callable[..., Any]],
    ) -> None:
        self.engine = engine
        """Of the container that it is about."""
        self.providers = providers
        """By what they replace there."""
        self.callables = callables
        """What is called instead of a `Depends(callable)`."""
        # THREADS: goes from False to True once; a reader that comes a moment too early may use the override once more.
        self.ended = False


ACTIVE: ContextVar[tuple[ActiveOverride, ...]] = ContextVar("hawkapi_overrides", default=())


def living() -> tuple[ActiveOverride, ...]:
    """Return the overrides of this context that have not ended, the innermost last."""
    held = ACTIVE.get()
    return tuple(override for override in held if not override.ended) if held else held
