"""Making instances: exactly once in each life, from a plan, with what goes wrong undone.

**Lives.** A `Lives` is a container's store: the *period* between two closings, with the singletons, those made from
overrides apart; and for each event loop its own instances. Scopes bring a keeper of their own.

**Exactly once.** Each slot of a keeper has a `Once`: whoever comes first makes the instance, tasks of all loops wait
for it, and a failure is the maker's alone. The exits of what was made on the way, transient yield factories, are
collected apart and handed to the keeper when the instance is complete; when it fails they are left at once, with the
error.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, final

from hawkapi._once import CircularWaitError
from hawkapi.di._graph import Kind, Lifecycle, Provider, Step, View, capture_message
from hawkapi.di._keeping import (
    ABSENT,
    AsyncGeneratorExit,
    Exit,
    InstanceExit,
    Keeper,
    Outcome,
    PlainGeneratorExit,
    is_awaitable,
)
from hawkapi.di._needs import MISSING, label_of
from hawkapi.di.errors import CircularDependencyError, LifecycleError, ProviderNotFoundError, ScopeRequiredError

if TYPE_CHECKING:
    from hawkapi.di._active import ActiveOverride

logger = logging.getLogger("hawkapi")


@final
class Period:
    """The time between two closings of a container."""

    __slots__ = ("layers", "root")

    def __init__(self) -> None:
        self.root = Keeper("the container")
        # THREADS: relies on `setdefault`, `pop` and `copy` of a dict being atomic.
        self.layers: dict[ActiveOverride, Keeper] = {}
        """Singletons that are made from overrides, by the innermost of these."""

    def keeper(self, home: ActiveOverride | None) -> Keeper:
        """Return who keeps the singletons that are made from an override, or from none."""
        if home is None:
            return self.root
        keeper = self.layers.get(home)
        if keeper is None:
            keeper = self.layers.setdefault(home, Keeper("the override"))
        return keeper


@final
class Lives:
    """The instances of a container that are not a scope's. Thread-safe."""

    __slots__ = ("_of_loops", "period")

    def __init__(self) -> None:
        # THREADS: replaced as a whole by `aclose`; whoever resolves loads it once.
        self.period = Period()
        # THREADS: relies on `setdefault`, `pop` and `copy` of a dict being atomic. Only tasks of a loop use its own.
        self._of_loops: dict[tuple[asyncio.AbstractEventLoop, Period, ActiveOverride | None], Keeper] = {}

    def of_loop(self, period: Period, home: ActiveOverride | None) -> Keeper:
        """Return who keeps the instances of the running loop."""
        key = (asyncio.get_running_loop(), period, home)
        keeper = self._of_loops.get(key)
        if keeper is None:
            self._forget_closed_loops()
            keeper = self._of_loops.setdefault(key, Keeper("the event loop's part of the container"))
        return keeper

    async def close_loop(self, outcome: Outcome) -> None:
        """End the lives of the running loop's instances."""
        loop = asyncio.get_running_loop()
        for key in reversed([key for key in self._of_loops.copy() if key[0] is loop]):
            keeper = self._of_loops.pop(key, None)
            if keeper is not None:
                await keeper.leave(outcome)

    async def close_period(self, period: Period, outcome: Outcome) -> None:
        """End the lives of a period's singletons."""
        for keeper in (*reversed(period.layers.copy().values()), period.root):
            await keeper.leave(outcome)

    def end_override(self, home: ActiveOverride) -> None:
        """Close what was made from an override, unless that needs a loop: then the container's closing does it.

        Raises:
            ExceptionGroup: something failed to close.
        """
        layers = self.period.layers
        keeper = layers.get(home)
        if keeper is not None and keeper.close_now():
            layers.pop(home, None)

    def _forget_closed_loops(self) -> None:
        for key in self._of_loops.copy():
            keeper = self._of_loops.pop(key, None) if key[0].is_closed() else None
            if keeper is not None and keeper.has_to_close():
                logger.warning("%r was closed without close_loop(): its per_loop instances were not closed", key[0])


@final
class Resolver:
    """One question to a container, with the view and the period that it began with."""

    __slots__ = ("_lives", "_period", "_scope", "_view")

    def __init__(self, lives: Lives, view: View, scope: Keeper | None = None) -> None:
        self._lives = lives
        self._period = lives.period
        self._view = view
        self._scope = scope

    async def resolve(self, wanted: Any, name: str | None) -> Any:
        """Return the instance of a type.

        Raises:
            ProviderNotFoundError: nothing makes the type, or what a factory needs.
            ScopeRequiredError: a scoped instance is needed and there is no scope.
            ScopeClosedError: the scope or the container was closed.
        """
        provider = self._view.find(wanted, name)
        if provider is None:
            raise ProviderNotFoundError(f"No provider registered for {label_of(wanted, name)}")
        if provider.lifecycle is not Lifecycle.TRANSIENT:
            return await self._instance(provider)
        if self._scope is not None:
            self._scope.check_open()
        exits: list[Exit] = []
        value = await self._attempt(provider, None, exits)
        if exits:
            await (self._scope or self._lives.of_loop(self._period, None)).keep(exits)
        return value

    async def _instance(self, provider: Provider) -> Any:
        """Return the one instance of a provider that is not transient."""
        keeper, slot = self._place(provider)
        value = keeper.values.get(slot, ABSENT)
        if value is ABSENT:
            keeper.check_open()
            try:
                value = await keeper.cell(slot).aget(partial(self._make, provider, keeper, slot))
            except CircularWaitError:
                raise CircularDependencyError(
                    f"{provider.label} needs itself: factories that ask the container by hand wait for each other. "
                    "Break the cycle: let one ask later."
                ) from None
            # The cell still has what was closed while this waited for it, or made it.
            keeper.check_open()
        return value

    def _place(self, provider: Provider) -> tuple[Keeper, object]:
        """Return who keeps a provider's instance, and where."""
        home = self._view.home_of(provider)
        if provider.lifecycle is Lifecycle.SINGLETON:
            return self._period.keeper(home), provider
        if provider.lifecycle is Lifecycle.PER_LOOP:
            return self._lives.of_loop(self._period, home), provider
        if self._scope is None:
            raise ScopeRequiredError(
                f"Cannot resolve scoped dependency {provider.label} without a scope. "
                "Use `async with container.scope() as scope` and resolve it there."
            )
        return self._scope, provider if home is None else (provider, home)

    async def _make(self, provider: Provider, keeper: Keeper, slot: object) -> Any:
        """Make the instance of a slot; the caller holds the slot's cell."""
        exits: list[Exit] = []
        value = await self._attempt(provider, provider, exits)
        await keeper.keep_value(slot, value, exits)
        return value

    async def _attempt(self, provider: Provider, user: Provider | None, exits: list[Exit]) -> Any:
        """Make an instance, or leave what was entered on the way."""
        try:
            return await self._build(provider, user, exits)
        except (Exception, asyncio.CancelledError) as exc:
            outcome = Outcome(f"making {provider.label} failed, and so did undoing it", exc)
            await outcome.leave(exits)
            outcome.finish()
            raise

    async def _build(self, provider: Provider, user: Provider | None, exits: list[Exit]) -> Any:
        """Call a factory with what it needs.

        Args:
            user: whose life the instance shares; None: only the caller's.
        """
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for step in self._view.plan_of(provider):
            needed = step.provider
            if needed is None:
                if step.default is MISSING:
                    raise ProviderNotFoundError(_missing(step, provider))
                value = step.default
            elif needed.lifecycle is Lifecycle.TRANSIENT:
                value = await self._build(needed, user, exits)
            elif user is not None and needed.rank < user.rank:  # By an override; registration refuses it.
                raise LifecycleError(capture_message(user, needed))
            else:
                value = await self._instance(needed)
            if step.keyword is None:
                positional.append(value)
            else:
                named[step.keyword] = value
        value = provider.factory(*positional, **named)
        if provider.kind is not Kind.PLAIN:
            outlives_loops = user is not None and user.lifecycle is Lifecycle.SINGLETON
            return await _enter(provider, value, exits, outlives_loops=outlives_loops)
        if is_awaitable(value):
            value = await value
        # What a factory was given and hands on is somebody else's to close, and a transient is its user's.
        if provider.lifecycle is not Lifecycle.TRANSIENT and not _is_among(value, (*positional, *named.values())):
            exits.append(InstanceExit(value))
        return value


async def _enter(provider: Provider, generator: Any, exits: list[Exit], *, outlives_loops: bool) -> Any:
    """Run a yield factory to its `yield`."""
    try:
        if provider.kind is Kind.GENERATOR:
            value = next(generator)
            exits.append(PlainGeneratorExit(contextmanager(lambda: generator)()))
        else:
            value = await (_first_of(generator) if outlives_loops else anext(generator))
            exits.append(AsyncGeneratorExit(asynccontextmanager(lambda: generator)()))
    except (StopIteration, StopAsyncIteration):
        raise RuntimeError(f"the factory of {provider.label} ended without a yield") from None
    return value


def _first_of(generator: AsyncGenerator[Any]) -> Any:
    """Begin an async generator that no event loop finishes at its own end: singletons outlive loops."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _is_among(value: object, others: tuple[object, ...]) -> bool:
    return any(value is other for other in others)


def _missing(step: Step, provider: Provider) -> str:
    need = step.need
    place = f"parameter {need.parameter!r} of the factory of {provider.label}"
    if need.reason:
        return f"{place}: {need.reason}"
    return f"No provider registered for {label_of(need.wanted, need.name)}, {place}"
