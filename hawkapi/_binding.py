"""The binding of a handler: where its arguments come from, and those of everything that it depends on.

Every parameter of the handler and of each dependency has a place of its own in one list of arguments, the handler's
first. So the request is read once for all of them, and its errors are found together. What has to be called for them
is one flat list of *steps*: a dependency comes after those it asks for, and before who asks for it; what is asked for
several times is one step that fills several places. A request walks the list.

Order of the steps: the route's `dependencies=` first, which are its guards, then what the handler's parameters need,
depth-first, in the order of the signatures. The body is read just before the first step that needs it: who is turned
away by a guard has not made the server read anything.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Final, final

from hawkapi._arguments import Arguments, build_json_body
from hawkapi._callables import (
    callable_name,
    is_async_callable,
    is_async_generator_callable,
    is_generator_callable,
    is_hashable,
)
from hawkapi._forms import FormArguments, build_form_arguments
from hawkapi.di.depends import Dependency, check_guard
from hawkapi.di.security import SecurityDependency, SecurityScopes
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.params._extract import ABSENT
from hawkapi.params._groups import build_text_arguments
from hawkapi.params._signature import Consumer, HandlerParameter, Source, read_signature

type Replacements = Mapping[Callable[..., Any], Callable[..., Any]]
"""What is called in place of dependencies."""

NOTHING_REPLACED: Final[Replacements] = MappingProxyType({})

OBJECTS: Final = frozenset(
    {
        Source.REQUEST,
        Source.RESPONSE,
        Source.BACKGROUND,
        Source.SCOPE,
        Source.CONNECTION,
        Source.SECURITY_SCOPES,
    }
)
"""What may be asked for that is made for a request, rather than read from it."""

IN_BODIES: Final = frozenset({Source.BODY, Source.FORM, Source.FORM_DATA})


class StepKind(enum.Enum):
    """What a step does."""

    ASYNC = enum.auto()
    """Await a call."""
    SYNC = enum.auto()
    """Call in a worker thread."""
    ASYNC_GENERATOR = enum.auto()
    GENERATOR = enum.auto()
    PROVIDER = enum.auto()
    """Ask the container."""
    BODY = enum.auto()
    """Read the body."""


@final
class Step:
    """One thing that is done before the handler is called. Never changed once the binding is made."""

    __slots__ = ("default", "end", "first", "function", "keywords", "kind", "leaves_early", "name", "targets")

    def __init__(self, kind: StepKind, function: Any = None) -> None:
        self.kind = kind
        self.function = function
        """What is called; of a generator a function that makes its context manager; of a provider the type."""
        self.name: str | None = None
        """Of a provider."""
        self.default: object = ABSENT
        """In place of a provider that the container does not have."""
        self.first = 0
        """The place of the first argument of the call."""
        self.end = 0
        """One after the place of the last positional one; those passed by name follow."""
        self.keywords: tuple[str, ...] = ()
        self.targets: list[int] = []
        """The places that get the result."""
        self.leaves_early = False
        """Whether a generator is closed before the response is sent."""

    def lacks_arguments(self, arguments: list[object]) -> bool:
        """Whether an argument of the call could not be read."""
        return ABSENT in arguments[self.first : self.end + len(self.keywords)]


@final
class Binding:
    """How the arguments of a handler are found. Never changed, but its readers belong to one thread."""

    __slots__ = (
        "calls",
        "end",
        "form",
        "gather",
        "keeps_body",
        "keywords",
        "objects",
        "parameters",
        "read_body",
        "read_texts",
        "reads_body",
        "security_scopes",
        "size",
        "steps",
    )

    def __init__(
        self,
        size: int,
        parameters: tuple[HandlerParameter, ...],
        steps: list[Step],
        names: tuple[str, ...],
        scopes: Iterable[str] = (),
    ) -> None:
        body = build_json_body(parameters)
        arguments = Arguments(len(parameters), build_text_arguments(parameters, names), body)
        # PERF: what a request calls is at hand; the objects behind are compiled, and slow to look into from here.
        self.gather = arguments.gather
        self.read_texts = arguments.read_texts
        self.read_body = arguments.read_body
        self.reads_body = body is not None
        self.form: FormArguments | None = build_form_arguments(parameters)
        self.parameters = parameters
        """Those of the handler, then those of each dependency."""
        self.size = size
        """How many of them are the handler's."""
        self.keywords = tuple(item.name for item in parameters[:size] if item.keyword_only)
        self.end = size - len(self.keywords)
        self.objects: list[tuple[int, Source, Any]] = [
            (place, item.source, item.annotation) for place, item in enumerate(parameters) if item.source in OBJECTS
        ]
        self.security_scopes = SecurityScopes(tuple(sorted(set(scopes))))
        """Those of all dependencies."""
        self.calls = bool(steps)
        """Whether a dependency is called, or the container is asked."""
        self.keeps_body = self.calls and self.reads_body
        """Whether a dependency that streams the body may come before who takes arguments from it."""
        self.steps = with_body(steps, parameters, self.reads_body or self.form is not None)


def named_arguments(arguments: list[object], end: int, keywords: tuple[str, ...]) -> dict[str, object]:
    """Return the arguments of a call that are passed by name, which follow the positional ones."""
    return dict(zip(keywords, arguments[end : end + len(keywords)], strict=True))


def with_body(steps: list[Step], parameters: tuple[HandlerParameter, ...], needed: bool) -> list[Step]:
    """Return steps with the one that reads the body before the first that needs it, or at the end."""
    if not needed:
        return steps
    needing = (
        number
        for number, step in enumerate(steps)
        if any(item.source in IN_BODIES for item in parameters[step.first : step.end + len(step.keywords)])
    )
    position = next(needing, len(steps))
    return [*steps[:position], Step(StepKind.BODY), *steps[position:]]


def build_binding(
    consumer: Consumer, guards: Iterable[object] = (), replaced: Replacements = NOTHING_REPLACED
) -> Binding:
    """Return the binding of a handler.

    Args:
        consumer: the handler.
        guards: the markers of what is called first, for its effect.
        replaced: what is called in place of dependencies.

    Raises:
        UnsupportedTypeError: a parameter cannot be filled, or dependencies need each other.
        ValueError: a guard has nothing to call.
        TypeError: a guard is no `Depends(...)`.
    """
    builder = _Builder(consumer, replaced)
    for guard in guards:
        builder.add(check_guard(guard))
    for place in range(builder.size):
        builder.fill(place)
    parameters = tuple(builder.parameters)
    check_bodies(consumer, parameters)
    try:
        return Binding(builder.size, parameters, builder.steps, consumer.template.names, builder.scopes)
    except ValueError as exc:
        raise consumer.refuse(str(exc)) from exc


def check_bodies(consumer: Consumer, parameters: tuple[HandlerParameter, ...]) -> None:
    """Refuse parameters that want both a JSON body and a form.

    Raises:
        UnsupportedTypeError: they do; the message names them.
    """
    bodies = [item.name for item in parameters if item.source is Source.BODY]
    forms = [item.name for item in parameters if item.source in {Source.FORM, Source.FORM_DATA}]
    if bodies and forms:
        raise consumer.refuse(
            f"parameters {', '.join(bodies)} come from a JSON body and {', '.join(forms)} from a form; one body is one"
        )


@final
class _Builder:
    """The parameters and the steps as they are found, while a binding is made."""

    def __init__(self, consumer: Consumer, replaced: Replacements) -> None:
        self.parameters: list[HandlerParameter] = list(read_signature(consumer))
        self.size = len(self.parameters)
        self.steps: list[Step] = []
        self.scopes: list[str] = []
        self._consumer = consumer
        self._replaced = replaced
        self._made: dict[object, Step] = {}
        self._open: list[Callable[..., Any]] = []
        """What is being added, the outermost first."""

    def fill(self, place: int) -> Step | None:
        """Add what the parameter at a place needs, and return the step that fills it."""
        parameter = self.parameters[place]
        marker = parameter.dependency
        if marker is None:
            return None
        if marker.dependency is None:
            self.scopes += scopes_asked_by(marker)
            step = self._provider(parameter, marker)
        else:
            step = self.add(marker)
        step.targets.append(place)
        return step

    def _provider(self, parameter: HandlerParameter, marker: Dependency) -> Step:
        step = Step(StepKind.PROVIDER, parameter.annotation)
        step.name = marker.name
        step.default = parameter.default.value
        self.steps.append(step)
        return step

    def add(self, marker: Dependency) -> Step:
        """Add the call of a dependency after those it needs, or find that it is there already."""
        assert marker.dependency is not None
        scopes = scopes_asked_by(marker)
        self.scopes += scopes
        function = self._replacement(marker.dependency)
        key = (key_of(function), marker.scope, scopes)
        if marker.use_cache and key in self._made:
            return self._made[key]
        if function in self._open:
            circle = " -> ".join(callable_name(item) for item in [*self._open[self._open.index(function) :], function])
            raise self._consumer.refuse(f"dependencies need each other: {circle}")
        self._open.append(function)
        step = self._call(function, marker)
        self._open.pop()
        self.steps.append(step)
        if marker.use_cache:
            self._made[key] = step
        return step

    def _replacement(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return what is called for a dependency; what replaces it may itself ask for the original."""
        replacement = self._replaced.get(function, function) if is_hashable(function) else function
        return function if replacement in self._open else replacement

    def _call(self, function: Callable[..., Any], marker: Dependency) -> Step:
        own = self._consumer._replace(function=function, refuse=partial(self._refuse_dependency, function))
        parameters = read_signature(own)
        step = Step(*call_of(function))
        step.first = len(self.parameters)
        step.keywords = tuple(item.name for item in parameters if item.keyword_only)
        step.end = step.first + len(parameters) - len(step.keywords)
        step.leaves_early = marker.scope == "function"
        self.parameters.extend(parameters)
        for place in range(step.first, step.first + len(parameters)):
            needed = self.fill(place)
            if needed is not None and needed.leaves_early and is_generator(needed) and not step.leaves_early:
                raise own.refuse(
                    f"parameter {self.parameters[place].name} is closed before the response is sent, but who asks for "
                    "it is not; give both the same scope"
                )
        return step

    def _refuse_dependency(self, function: Callable[..., Any], reason: str) -> UnsupportedTypeError:
        return self._consumer.refuse(f"dependency {callable_name(function)}: {reason}")


def scopes_asked_by(marker: Dependency) -> tuple[str, ...]:
    """Return the scopes that a `Security` has."""
    return tuple(marker.scopes) if isinstance(marker, SecurityDependency) else ()


def is_generator(step: Step) -> bool:
    """Whether a step opens something that is closed later."""
    return step.kind in {StepKind.GENERATOR, StepKind.ASYNC_GENERATOR}


def call_of(function: Callable[..., Any]) -> tuple[StepKind, Any]:
    """Return how a dependency is called, and what is called for it."""
    if is_async_generator_callable(function):
        return StepKind.ASYNC_GENERATOR, asynccontextmanager(function)
    if is_generator_callable(function):
        return StepKind.GENERATOR, contextmanager(function)
    return (StepKind.ASYNC if is_async_callable(function) else StepKind.SYNC), function


def key_of(function: Callable[..., Any]) -> object:
    """Return what tells a dependency apart: itself, so that two bound methods of one object are the same."""
    return function if is_hashable(function) else id(function)
