"""What a route asks its requests for: the parameters of its handler, and of everything that the handler depends on.

The same walk as that of the binding that serves the route, without what only a request needs; a test compares them.
Overrides do not count: the document is about the application, not about a test of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, final

from hawkapi._callables import is_hashable
from hawkapi.codec import describe
from hawkapi.di.depends import Dependency, check_guard
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.params._annotations import refusal
from hawkapi.params._signature import Consumer, HandlerParameter, HasProvider, read_signature, upload_shape
from hawkapi.routing._parse import Template, parse_template
from hawkapi.routing.route import Route, WebSocketRoute


class Needs(NamedTuple):
    """What a route asks for."""

    template: Template
    parameters: tuple[HandlerParameter, ...]
    """The handler's, then those of each dependency."""
    dependencies: tuple[Dependency, ...]
    """Every marker with something to call: guards first, then as they are met."""


def read_needs(route: Route, has_provider: HasProvider) -> Needs:
    """Return what a route asks for.

    Raises:
        UnsupportedTypeError: a parameter cannot be filled.
    """
    template = parse_template(route.path)
    refuse, is_websocket = partial(refusal, route), isinstance(route, WebSocketRoute)
    walk = _Walk(Consumer(route.handler, template, refuse, has_provider, is_websocket))
    own = read_signature(walk.consumer)
    for guard in route.dependencies:
        walk.add(check_guard(guard))
    walk.follow(own)
    return Needs(template, (*own, *walk.parameters), tuple(walk.dependencies))


@final
class _Walk:
    """The dependencies that were met."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.parameters: list[HandlerParameter] = []
        self.dependencies: list[Dependency] = []
        self._met: set[object] = set()

    def follow(self, parameters: tuple[HandlerParameter, ...]) -> None:
        """Add what parameters depend on."""
        for parameter in parameters:
            if parameter.dependency is not None and parameter.dependency.dependency is not None:
                self.add(parameter.dependency)

    def add(self, marker: Dependency) -> None:
        """Add a dependency and what it needs itself; a second time only its marker, which may name other scopes."""
        function: Callable[..., Any] | None = marker.dependency
        assert function is not None
        self.dependencies.append(marker)
        key = function if is_hashable(function) else id(function)
        if key in self._met:
            return
        self._met.add(key)
        parameters = read_signature(self.consumer._replace(function=function))
        self.parameters.extend(parameters)
        self.follow(parameters)


def is_provided(annotation: Any) -> bool:
    """Whether a type can only come from a container: what a document takes for true where it knows of none."""
    if upload_shape(annotation)[0]:
        return False
    try:
        describe(annotation)
    except (UnsupportedTypeError, TypeError, ValueError):
        return True
    return False
