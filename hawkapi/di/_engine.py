"""The shared state of a container: its published view, its overrides for everyone, its instances.

Registration builds the next view beside the current one and publishes it with one store; overrides for everyone are
published in the same way. Resolving loads what it needs once and takes no lock but the cell of an instance that is
being made. A request loads the overrides for everyone once for all that it resolves, so it sees either all or nothing
of a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, final

from hawkapi._threading import named_rlock
from hawkapi.di._active import ACTIVE, ActiveOverride, living
from hawkapi.di._graph import Key, Lifecycle, Provider, View
from hawkapi.di._keeping import Keeper, Outcome
from hawkapi.di._making import Lives, Period, Resolver
from hawkapi.di._needs import is_type

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})

type Everyone = Mapping[Any, ActiveOverride]
"""The overrides that count for everyone, in order: of `overrides_everywhere` by key, of `override()` by themselves.
Never changed; a change is another one."""


def none(_: object) -> bool:
    """Return False."""
    return False


@final
class Engine:
    """What a container, its scopes and its overrides share. Thread-safe."""

    __slots__ = ("_guard", "everywhere", "lives", "view")

    def __init__(self) -> None:
        # Protects that no registration, no overrides and no new period are lost to others that are published at the
        # same time. Held for a comparison and a store; readers do not take it, as a load is atomic. Reentrant, because
        # the garbage collector may run under it and destroy a task that then leaves the container.
        self._guard = named_rlock("container")
        self.view = View({}, {})
        self.everywhere: Everyone = {}
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

    def overrides(self, everyone: Everyone) -> tuple[ActiveOverride, ...]:
        """Return the overrides that count here, beside those for everyone, the innermost last."""
        return (*everyone.values(), *(override for override in living() if override.engine is self))

    def current_view(self, everyone: Everyone) -> View:
        """Return the providers as they are here."""
        if not (ACTIVE.get() or everyone):
            return self.view
        overrides = self.overrides(everyone)
        return self.view.with_overrides(overrides) if overrides else self.view

    def provides(self, wanted: Any, name: str | None, everyone: Everyone) -> bool:
        """Whether there is something for a type here, overrides included."""
        providers = self.current_view(everyone).providers
        try:
            return (wanted, name) in providers or (wanted, None) in providers
        except TypeError:  # An annotation that cannot be hashed cannot be registered.
            return False

    def make_override(self, replacements: Mapping[Key, Callable[..., Any]]) -> ActiveOverride:
        """Return what replaces providers and callables, neither checked against others nor active.

        Raises:
            TypeError: a key is neither a type nor callable, or a replacement is not callable.
        """
        view = self.view
        providers: dict[Key, Provider] = {}
        for key, factory in replacements.items():
            check_replacement(key[0], factory)
            original = view.find(*key)
            providers[key] = Provider(key, factory, original.lifecycle if original else Lifecycle.TRANSIENT)
        callables = {wanted: factory for (wanted, name), factory in replacements.items() if name is None}
        return ActiveOverride(self, providers, {key: made for key, made in callables.items() if callable(key)})

    def check_overrides(self, overrides: tuple[ActiveOverride, ...], made: Iterable[ActiveOverride]) -> None:
        """Refuse overrides with which something could not be made.

        Args:
            overrides: what would count, the innermost last.
            made: those of them that are new.

        Raises:
            CircularDependencyError: a replacement would need itself.
            LifecycleError: something would keep what lives shorter.
        """
        replaced = self.view.with_overrides(overrides)
        for override in made:
            for provider in override.providers.values():
                replaced.check(provider)

    def change_everywhere(self, begun: Everyone, drops: Callable[[Any], bool] = none) -> list[Any]:
        """Replace overrides for everyone in one step: whoever looks sees all of it or nothing.

        Args:
            begun: the new ones; they count before those that are there, and take the place of those of the same key.
            drops: whether an override of a key is to count no more, default none is.

        Returns:
            The keys of those that count no more.

        Raises:
            CircularDependencyError, LifecycleError: as `check_overrides`; nothing has changed.
        """
        while True:
            before = self.everywhere
            gone = [key for key in before if key in begun or drops(key)]
            after = {**{key: before[key] for key in before if key not in gone}, **begun}
            # Without the lock: reading annotations runs users' code. If somebody else was faster, once more.
            self.check_overrides(self.overrides(after), begun.values())
            # A block may be left by the garbage collector, here too: it is started by calls, of which there is none
            # between the comparison and the store.
            with self._guard:
                if self.everywhere is not before:
                    continue
                self.everywhere = after
            for key in gone:
                self.end_override(before[key])
            return gone

    def end_override(self, override: ActiveOverride) -> None:
        """Let an override count no more, in whatever context it is held."""
        override.ended = True
        ACTIVE.set(living())

    async def resolve(self, wanted: Any, name: str | None, everyone: Everyone, scope: Keeper | None = None) -> Any:
        """Return the instance of a type; the errors are those of `Resolver.resolve`."""
        return await Resolver(self.lives, self.current_view(everyone), scope).resolve(wanted, name)

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
