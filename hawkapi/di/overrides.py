"""`override`: puts something else in the place of a type or of a function, for a test or for everyone.

An override is held by context: the tasks and threads that a context is copied to see it, tests in parallel do not.
With `everywhere=True`, and in `app.dependency_overrides`, it counts for every thread and loop.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

from hawkapi.di._active import ACTIVE, ActiveOverride, living
from hawkapi.di._engine import NOTHING, Engine, Everyone, check_replacement

if TYPE_CHECKING:
    from hawkapi.di._graph import Key
    from hawkapi.di.container import Container

__all__ = ["ActiveOverride", "Overrides", "callables_for", "override"]

type Factory = Callable[..., Any]


class HasContainer(Protocol):
    """An application, or what stands for one."""

    @property
    def container(self) -> Container:
        """Its container."""
        ...


def override(
    target: Container | HasContainer,
    replacements: Mapping[Any, Factory] | Any,
    factory: Factory | None = None,
    *,
    everywhere: bool = False,
) -> AbstractContextManager[None]:
    """Replace types and functions inside a `with` block.

    A type is made by its replacement, with the life that its own provider has, or anew each time if it has none; a
    function that handlers or factories depend on is called by it. A replacement that asks for what it replaces gets the
    original. What needs an overridden type is made anew for the override; instances that were there before are
    untouched. Singletons made for it are closed at the end of the block; with the container if that needs an event
    loop, or if the override was for everyone and others may be using them. Blocks may be nested, and left in another
    context.

    Args:
        target: an application or its container.
        replacements: a dict of types and functions and what is called instead; or one type or function.
        factory: for one type or function, what is called instead.
        everywhere: count for all threads and loops, not only in this context; default no.

    Raises:
        TypeError: the second argument is neither a dict nor followed by a factory; a key is neither a type nor
            callable; a replacement is not callable; the target has no container.
        ValueError: a replacement needs itself, or would be kept for longer than what it needs lives.
        ExceptionGroup: at the end of the block, something failed to close.
    """
    given = replacements if factory is None else {cast("Any", replacements): factory}
    if not isinstance(given, Mapping):
        raise TypeError(f"override needs a dict, {{Type: factory}}, or a type and its factory, not {given!r} alone")
    made = cast("Mapping[Any, Factory]", given)
    return replacing(_engine_of(target), {(key, None): made[key] for key in made}, everywhere=everywhere)


def replacing(
    engine: Engine, replacements: Mapping[Key, Factory], *, everywhere: bool = False
) -> AbstractContextManager[None]:
    """Return the context manager of an override, for one `with` block; the errors are those of `override`."""
    for (wanted, _), factory in replacements.items():
        check_replacement(wanted, factory)
    return _replaced(engine, replacements, everywhere)


@contextmanager
def _replaced(engine: Engine, replacements: Mapping[Key, Factory], everywhere: bool) -> Generator[None]:
    begun = engine.make_override(replacements)
    if everywhere:
        engine.change_everywhere({begun: begun})
    else:
        engine.check_overrides((*engine.overrides(engine.everywhere), begun), [begun])
        ACTIVE.set((*living(), begun))
    try:
        yield
    finally:
        if everywhere:
            # Other threads may be using what it made; that is closed with the container.
            engine.change_everywhere({}, {begun}.__contains__)
        else:
            engine.end_override(begun)
            engine.lives.end_override(begun)


def callables_for(engine: Engine, everyone: Everyone) -> Mapping[Factory, Factory]:
    """Return what is called here instead of the callables that handlers depend on."""
    # PERF: on the path of every request with dependencies; without overrides it is one read.
    if not (ACTIVE.get() or everyone):
        return NOTHING
    merged: dict[Factory, Factory] = {}
    for override in engine.overrides(everyone):
        merged.update(override.callables)
    return merged


class Overrides(MutableMapping[Any, Factory]):
    """Overrides for every thread and loop, by the type or function that they replace: `app.dependency_overrides`.

    Setting a key begins an override, deleting it ends that; overrides of a context count before these. What
    `override(..., everywhere=True)` replaces is not shown here.

    Thread-safe: each change is made in one step, also that of `update`, `clear` and an assignment to
    `app.dependency_overrides`, and a request sees it from its beginning or not at all. `pop`, `popitem` and
    `setdefault` look first, and then change.
    """

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getitem__(self, key: Any) -> Factory:
        return self._engine.everywhere[key].providers[key, None].factory

    def __setitem__(self, key: Any, factory: Factory) -> None:
        self.update({key: factory})

    def __delitem__(self, key: Any) -> None:
        if not self._engine.change_everywhere({}, {key}.__contains__):
            raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return filter(_is_shown, self._engine.everywhere)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def update(self, given: Any = (), /, **named: Factory) -> None:
        """Set several keys in one step: those of a mapping, or of pairs."""
        self._engine.change_everywhere(self._begun(dict(given, **named)))

    def clear(self) -> None:
        """End all of them in one step."""
        self.replace({})

    def replace(self, given: Mapping[Any, Factory]) -> None:
        """Set several keys, and end all others, in one step."""
        self._engine.change_everywhere(self._begun(given), _is_shown)

    def _begun(self, given: Mapping[Any, Factory]) -> Everyone:
        return {key: self._engine.make_override({(key, None): given[key]}) for key in given}

    def __repr__(self) -> str:
        return f"Overrides({dict(self)!r})"


def _is_shown(key: object) -> bool:
    return not isinstance(key, ActiveOverride)


def _engine_of(target: Container | HasContainer) -> Engine:
    container = getattr(target, "container", target)
    engine = getattr(container, "engine", None)
    if not isinstance(engine, Engine):
        raise TypeError(f"override needs an application or a Container, not {target!r}")
    return engine
