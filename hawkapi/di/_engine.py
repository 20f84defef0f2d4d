"""The shared state of a container: its published view, its overrides for everyone, its instances.

Registration builds the next view beside the current one and publishes it with one store. Overrides for everyone are a
dict that is changed by single atomic operations and copied to be read. Resolving loads what it needs once and takes no
lock but the cell of an instance that is being made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, final

from hawkapi.di._active import ACTIVE, ActiveOverride, living
from hawkapi.di._graph import Key, Lifecycle, Provider, View
from hawkapi.di._keeping import Keeper, Outcome
from hawkapi.di._making import Lives, Period, Resolver
from hawkapi.di._needs import is_type

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


@final
class Engine:
    """What a container, its scopes and its overrides share. Thread-safe."""

    __slots__ = ("_guard", "everywhere", "lives", "view")

    def __init__(self) -> None:
        # Protects that no registration and no new period is lost to another that is published at the same time. Held
        # for a comparison and a store; readers do not take it, as a load is atomic. Reentrant, because the garbage
        # collector may run under it and destroy a task that then leaves the container.
        self._guard = threading.RLock()
        self.view = View({}, {})
        # THREADS: relies on item assignment, `pop` and `copy` of a dict being atomic.
        self.everywhere: dict[Any, ActiveOverride] = {}
        """The overrides that count for everyone: of `overrides_everywhere` by key, of `override()` by themselves."""
        self.lives = Lives()

    def register(self, provider: Provider) -> None:
        """Publish a view that has one provider more; the errors are those of `View.with_provider`."""
        while True:
            view = self.view
            # Without the lock: reading annotations runs users' code. If somebody else was faster, once more.
            extended = view.with_provider(provider)
            with self._guard:
                if self.view is view:
                    self.view = extended
                    return

    def overrides(self) -> tuple[ActiveOverride, ...]:
        """Return the overrides that count here and now, the innermost last."""
        everywhere = self.everywhere.copy().values()
        return (*everywhere, *(override for override in living() if override.engine is self))

    def current_view(self) -> View:
        """Return the providers as they are here and now."""
        if not (ACTIVE.get() or self.everywhere):
            return self.view
        overrides = self.overrides()
        return self.view.with_overrides(overrides) if overrides else self.view

    def provides(self, wanted: Any, name: str | None) -> bool:
        """Whether there is something for a type here and now, overrides included."""
        providers = self.current_view().providers
        try:
            return (wanted, name) in providers or (wanted, None) in providers
        except TypeError:  # An annotation that cannot be hashed cannot be registered.
            return False

    def begin_override(self, replacements: Mapping[Key, Callable[..., Any]]) -> ActiveOverride:
        """Return what replaces providers and callables, checked and not yet active.

        Raises:
            TypeError: a key is neither a type nor callable, or a replacement is not callable.
            CircularDependencyError: a replacement would need itself.
            LifecycleError: something would keep what lives shorter.
        """
        view = self.view
        providers: dict[Key, Provider] = {}
        for key, factory in replacements.items():
            check_replacement(key[0], factory)
            original = view.find(*key)
            providers[key] = Provider(key, factory, original.lifecycle if original else Lifecycle.TRANSIENT)
        callables = {wanted: factory for (wanted, name), factory in replacements.items() if name is None}
        override = ActiveOverride(self, providers, {key: made for key, made in callables.items() if callable(key)})
        replaced = view.with_overrides((*self.overrides(), override))
        for provider in providers.values():
            replaced.check(provider)
        return override

    def end_override(self, override: ActiveOverride) -> None:
        """Let an override count no more, in whatever context it is held."""
        override.ended = True
        ACTIVE.set(living())

    async def resolve(self, wanted: Any, name: str | None, scope: Keeper | None = None) -> Any:
        """Return the instance of a type; the errors are those of `Resolver.resolve`."""
        return await Resolver(self.lives, self.current_view(), scope).resolve(wanted, name)

    async def aclose(self) -> None:
        """Begin a new period, and close the old one and what the running loop has.

        Raises:
            ExceptionGroup: instances failed to close; all were tried.
        """
        with self._guard:
            period, self.lives.period = self.lives.period, Period()
        outcome = Outcome("closing the container failed")
        await self.lives.close_loop(outcome)
        await self.lives.close_period(period, outcome)
        outcome.finish()


def check_replacement(key: object, factory: object) -> None:
    """Refuse what cannot be replaced or cannot replace it.

    Raises:
        TypeError: the key is neither a type nor callable, or the replacement is not callable.
    """
    if not (is_type(key) or callable(key)):
        raise TypeError(f"override: {key!r} is neither a type nor a function that something depends on")
    if not callable(factory):
        raise TypeError(f"override: {factory!r} cannot be called; give a function that returns the replacement")
