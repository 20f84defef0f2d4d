"""What needs what: providers, the plans of their factories, and what may not be.

**Publication.** A `View` is an immutable table of providers. Registering makes a new view beside the old one, checks
it, and publishes it with one store; whoever resolves takes the view once and sees all of a registration or nothing of
it. With overrides a view is made of the table and the overrides of the moment.

**Plans.** A plan is a flat tuple: for each parameter of a factory how it is passed, the provider, the default. It is
made when it is first asked for, from what a provider's signature said at registration, and kept in the view.

**Checks.** New edges of the graph always touch the provider that is new: from it to what it needs, and to it from
factories that named its type before. So a cycle is looked for from there only, and a longer life that would keep a
shorter one there and among those who get it, directly or through transients.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hawkapi._callables import is_async_generator_callable, is_generator_callable
from hawkapi.di._needs import MISSING, Need, is_type, label_of, read_need, read_parameters, unreadable
from hawkapi.di.errors import CircularDependencyError, LifecycleError

if TYPE_CHECKING:
    from hawkapi.di._active import ActiveOverride

type Key = tuple[Any, str | None]
"""A type, or a function that factories depend on, and the name of a named provider."""


class Lifecycle(enum.Enum):
    """How long an instance lives, from longest to shortest; a transient lives with who asked for it."""

    SINGLETON = "singleton"
    """One for all threads and loops, until the container is closed."""
    PER_LOOP = "per_loop"
    """One for each event loop, until that loop's instances are closed."""
    SCOPED = "scoped"
    """One for each scope, as a request has one."""
    TRANSIENT = "transient"
    """A new one each time."""

    @classmethod
    def of(cls, value: Lifecycle | str) -> Lifecycle:
        """Return the member that a string names.

        Raises:
            ValueError: none has that name.
        """
        try:
            return cls(value)
        except ValueError:
            allowed = ", ".join(repr(member.value) for member in cls)
            raise ValueError(f"lifecycle is {value!r}; it is one of {allowed}") from None


RANKS: Final = {Lifecycle.SINGLETON: 3, Lifecycle.PER_LOOP: 2, Lifecycle.SCOPED: 1, Lifecycle.TRANSIENT: 0}
"""Who lives longer has the higher rank; a transient is judged by what it needs."""


class Kind(enum.Enum):
    """What calling a factory gives."""

    PLAIN = 0
    """The instance, or an awaitable of it."""
    GENERATOR = 1
    ASYNC_GENERATOR = 2


@final
class Provider:
    """One factory under one key. Immutable."""

    __slots__ = ("factory", "key", "kind", "label", "lifecycle", "needs", "parameters", "rank")

    def __init__(self, key: Key, factory: Callable[..., Any], lifecycle: Lifecycle) -> None:
        self.key = key
        self.factory = factory
        self.lifecycle = lifecycle
        self.rank = RANKS[lifecycle]
        self.kind = _kind_of(factory)
        self.label = label_of(*key)
        self.parameters = read_parameters(factory)
        needs = [read_need(parameter, factory) for parameter in self.parameters]
        self.needs: tuple[Need | None, ...] = tuple(needs)
        """None for a parameter whose annotation could not be read at registration."""


class Step(NamedTuple):
    """How one parameter is filled."""

    keyword: str | None
    provider: Provider | None
    default: Any
    """What is passed without a provider; MISSING: this is an error."""
    need: Need


type Plan = tuple[Step, ...]


class View:
    """The providers as they are at one moment. Immutable but for the plans, which are made when they are needed.

    Args:
        providers: by key.
        users: who names a type, by the type; None: who has annotations that cannot be read yet.
        homes: the override that each replaced provider came with.
    """

    __slots__ = ("_beneath", "_functions", "_homes", "_order", "_plans", "_resolved_homes", "_users", "providers")

    def __init__(
        self,
        providers: Mapping[Key, Provider],
        users: Mapping[Any, tuple[Provider, ...]],
        homes: Mapping[Provider, ActiveOverride] | None = None,
        beneath: Mapping[Provider, Provider | None] | None = None,
    ) -> None:
        self.providers = providers
        self._beneath = beneath or {}
        """What the providers of overrides have replaced."""
        self._users = users
        self._homes = homes or {}
        self._order = {override: number for number, override in enumerate(dict.fromkeys(self._homes.values()))}
        # THREADS: these three are filled by whoever comes first, with `setdefault` or a store that CPython makes
        # atomic. Two threads may both work an entry out; they find the same.
        self._plans: dict[Provider, Plan] = {}
        self._functions: dict[Any, Provider] = {}
        self._resolved_homes: dict[Provider, ActiveOverride | None] = {}

    def find(self, wanted: Any, name: str | None = None) -> Provider | None:
        """Return the provider of a type under a name, or else its unnamed one; a function provides itself."""
        provider = self.providers.get((wanted, name))
        if provider is None and name is not None:
            provider = self.providers.get((wanted, None))
        if provider is None and wanted is not MISSING and not is_type(wanted) and callable(wanted):
            return self._function(wanted)
        return provider

    def plan_of(self, provider: Provider) -> Plan:
        """Return how the parameters of a factory are filled."""
        plan = self._plans.get(provider)
        if plan is None:
            plan = tuple(self._steps(provider))
            # One that cannot be followed may be better next time: a name in it may be defined by then.
            if all(step.provider is not None or step.default is not MISSING for step in plan):
                plan = self._plans.setdefault(provider, plan)
        return plan

    def home_of(self, provider: Provider) -> ActiveOverride | None:
        """Return the innermost override that an instance is made from, itself or through what it needs."""
        if not self._homes:
            return None
        if provider not in self._resolved_homes:
            homes = [self._homes.get(provider), *(self.home_of(needed) for needed in self.needed_by(provider))]
            overrides = [home for home in homes if home is not None]
            self._resolved_homes[provider] = max(overrides, key=self._order.__getitem__, default=None)
        return self._resolved_homes[provider]

    def needed_by(self, provider: Provider) -> list[Provider]:
        """Return the providers that a factory's parameters are filled from."""
        return [step.provider for step in self.plan_of(provider) if step.provider is not None]

    def with_provider(self, provider: Provider) -> View:
        """Return a checked view that has one provider more.

        Raises:
            ValueError: the key is taken.
            CircularDependencyError: something would need itself.
            LifecycleError: something would keep what lives shorter.
        """
        if provider.key in self.providers:
            raise ValueError(f"Provider already registered for {provider.label}")
        view = View({**self.providers, provider.key: provider}, _with_user(self._users, provider, self._function))
        view._functions.update(self._functions.copy())
        view.check(provider)
        return view

    def with_overrides(self, overrides: tuple[ActiveOverride, ...]) -> View:
        """Return the view in which overrides replace providers, the last one first of all."""
        providers = dict(self.providers)
        homes: dict[Provider, ActiveOverride] = {}
        beneath: dict[Provider, Provider | None] = {}
        for override in overrides:
            beneath.update((made, providers.get(key)) for key, made in override.providers.items())
            providers.update(override.providers)
            homes.update(dict.fromkeys(override.providers.values(), override))
        return View(providers, self._users, homes, beneath)

    def check(self, provider: Provider) -> None:
        """Refuse what a provider closes or breaks.

        Raises:
            CircularDependencyError: something would need itself.
            LifecycleError: something would keep what lives shorter.
        """
        cycle = self._way_back(provider, provider, set())
        if cycle is not None:
            way = " -> ".join(each.label for each in (provider, *cycle))
            raise CircularDependencyError(f"{provider.label} needs itself: {way}. Break the cycle: let one ask later.")
        for keeper in (provider, *self._keepers_of(provider)):
            self._refuse_capture(keeper)

    def _steps(self, provider: Provider) -> Iterator[Step]:
        for need in self._needs_of(provider):
            found = None if need.wanted is MISSING else self.find(need.wanted, need.name)
            if provider in self._beneath and need.wanted is provider.key[0]:
                found = self._replaced_by(provider)
            # Left out where it can be, so that a default means what it means when a person calls the factory.
            if found is not None or need.keyword is None or need.default is MISSING or need.default is None:
                yield Step(need.keyword, found, need.default, need)

    def _replaced_by(self, provider: Provider) -> Provider:
        """Return what an override replaces, which its replacement may ask for; itself if there was nothing."""
        wanted = provider.key[0]
        beneath = self._beneath[provider]
        if beneath is None and not is_type(wanted) and callable(wanted):
            beneath = self._function(wanted)
        return beneath or provider

    def _needs_of(self, provider: Provider) -> Iterator[Need]:
        known: dict[str, Any] | None = None
        for parameter, need in zip(provider.parameters, provider.needs, strict=True):
            if need is None:
                known = self._types_by_name() if known is None else known
                need = read_need(parameter, provider.factory, known)  # noqa: PLW2901 - what it is when read late
            yield unreadable(parameter) if need is None else need

    def _types_by_name(self) -> dict[str, Any]:
        """Return the types that only one provided type has the name of."""
        types: dict[str, Any] = {}
        twice: set[str] = set()
        for wanted in dict.fromkeys(wanted for wanted, _ in self.providers):
            name = getattr(wanted, "__name__", None)
            if isinstance(name, str):
                twice.update({name} & types.keys())
                types[name] = wanted
        return {name: wanted for name, wanted in types.items() if name not in twice}

    def _function(self, function: Callable[..., Any]) -> Provider:
        """Return the provider of what a function returns each time it is called."""
        provider = self._functions.get(function)
        if provider is not None:
            return provider
        return self._functions.setdefault(function, Provider((function, None), function, Lifecycle.TRANSIENT))

    def _way_back(self, start: Provider, goal: Provider, seen: set[Provider]) -> list[Provider] | None:
        """Return the providers on a way from one to another, the last included, or None."""
        for needed in self.needed_by(start):
            if needed is goal:
                return [needed]
            if needed not in seen:
                seen.add(needed)
                way = self._way_back(needed, goal, seen)
                if way is not None:
                    return [needed, *way]
        return None

    def _keepers_of(self, provider: Provider) -> Iterator[Provider]:
        """Yield who would keep an instance: who needs it, directly or through transients."""
        pending, seen = [provider], {provider}
        while pending:
            kept = pending.pop()
            for user in (*self._users.get(kept.key[0], ()), *self._users.get(None, ())):
                if user not in seen and kept in self.needed_by(user):
                    seen.add(user)
                    if user.lifecycle is Lifecycle.TRANSIENT:
                        pending.append(user)
                    else:
                        yield user

    def _refuse_capture(self, keeper: Provider) -> None:
        """Refuse a life that would keep a shorter one, directly or through transients."""
        if keeper.lifecycle is Lifecycle.TRANSIENT:
            return
        through: dict[Provider, str] = {keeper: ""}
        pending = [keeper]
        while pending:
            user = pending.pop()
            for needed in self.needed_by(user):
                if needed.lifecycle is not Lifecycle.TRANSIENT and needed.rank < keeper.rank:
                    raise LifecycleError(capture_message(keeper, needed, through[user]))
                if needed.lifecycle is Lifecycle.TRANSIENT and needed not in through:
                    through[needed] = f"{through[user]} through {needed.label}"
                    pending.append(needed)


def capture_message(keeper: Provider, kept: Provider, through: str = "") -> str:
    """Return the sentence that refuses a longer life keeping a shorter one."""
    long, short = keeper.lifecycle.value, kept.lifecycle.value
    return (
        f"{long} {keeper.label} needs {short} {kept.label}{through} and would keep it for longer than it lives. "
        f"Make {keeper.label} {short} or {kept.label} {long}."
    )


def _with_user(
    users: Mapping[Any, tuple[Provider, ...]], provider: Provider, provider_of: Callable[[Any], Provider]
) -> Mapping[Any, tuple[Provider, ...]]:
    """Return who names a type, with one more who does; what its functions name is named too."""
    users = dict(users)
    pending, seen = [provider], {provider}
    while pending:
        user = pending.pop()
        for need in user.needs:
            wanted = None if need is None else need.wanted
            users[wanted] = tuple(dict.fromkeys((*users.get(wanted, ()), user)))
            if wanted not in {None, MISSING} and not is_type(wanted) and callable(wanted):
                function = provider_of(wanted)
                if function not in seen:
                    seen.add(function)
                    pending.append(function)
    return users


def _kind_of(factory: Callable[..., Any]) -> Kind:
    if is_async_generator_callable(factory):
        return Kind.ASYNC_GENERATOR
    return Kind.GENERATOR if is_generator_callable(factory) else Kind.PLAIN
