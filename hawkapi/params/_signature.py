"""What a handler asks for: its signature, read once at registration.

Where each parameter comes from, first match wins:

1. its name is in the path template: the path;
2. its type is one that a text can hold (`str`, `int`, `float`, `bool`, `UUID`, optional ones, or no annotation): the
   query string;
3. its type has structure (a dataclass, a list, a dict): the JSON body.

Everything else is refused here, with the name of the route and of the parameter, so that nothing that registers works
only partly.
"""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from hawkapi.codec import Description, Kind, describe
from hawkapi.codec._model import is_marker, type_name
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.params._extract import ABSENT
from hawkapi.routing._parse import Parameter, Template
from hawkapi.routing.route import Route

CONVERTED_TYPES: Final[dict[str, object]] = {"int": int, "float": float, "uuid": UUID}
"""What a path converter has already made of a text when the handler's argument is filled."""

POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Source(enum.Enum):
    """Where an argument comes from."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class HandlerParameter:
    """One parameter of a handler."""

    name: str
    source: Source
    description: Description
    default: object
    """Its default value, or `ABSENT`."""
    keyword_only: bool
    converted: bool = False
    """Whether the path converter already gives a value of the right type."""


def read_signature(route: Route, template: Template) -> tuple[HandlerParameter, ...]:
    """Return the parameters of a route's handler, positional ones first.

    Raises:
        UnsupportedTypeError: a parameter cannot be filled.
    """
    parameters = tuple(
        _read_parameter(parameter, route, template) for parameter in signature_of(route.handler).parameters.values()
    )
    bodies = [parameter.name for parameter in parameters if parameter.source is Source.BODY]
    if len(bodies) > 1:
        raise refusal(route, f"parameters {', '.join(bodies)} all come from the body; only one can, for now")
    return parameters


def signature_of(handler: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a handler, annotations as written.

    Raises:
        UnsupportedTypeError: it has none.
    """
    try:
        return inspect.signature(handler)
    except (TypeError, ValueError) as exc:
        raise UnsupportedTypeError(f"handler {handler!r} has no signature to read: {exc}") from exc


def refusal(route: Route, reason: str) -> UnsupportedTypeError:
    """Return the error that refuses a route, naming it."""
    methods = ",".join(sorted(route.methods - {"HEAD"} or route.methods))
    return UnsupportedTypeError(f"{methods} {route.path} ({route.name}): {reason}")


def _read_parameter(parameter: inspect.Parameter, route: Route, template: Template) -> HandlerParameter:
    name = parameter.name
    if parameter.kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        raise refusal(route, f"parameter {parameter} takes any number of arguments; name each parameter")
    annotation = resolve_annotation(
        parameter.annotation, route.handler, lambda why: refusal(route, f"parameter {name}: {why}")
    )
    segment = next((part for part in template.segments if isinstance(part, Parameter) and part.name == name), None)
    try:
        description = describe(annotation)
    except UnsupportedTypeError as exc:
        raise refusal(route, f"parameter {name}: {exc}") from exc
    if is_marker(parameter.default):
        raise refusal(route, f"parameter {name}: default {parameter.default!r} is not supported yet")
    source = _choose_source(name, segment, description, route)
    return HandlerParameter(
        name=name,
        source=source,
        description=description,
        default=ABSENT if parameter.default is inspect.Parameter.empty else parameter.default,
        keyword_only=parameter.kind not in POSITIONAL,
        converted=segment is not None and _is_converted(segment, description, route),
    )


def _choose_source(name: str, segment: Parameter | None, description: Description, route: Route) -> Source:
    holds_text = description.is_scalar or description.kind is Kind.ANY
    if segment is not None:
        if not holds_text:
            raise refusal(
                route, f"parameter {name} comes from the path, which cannot hold {type_name(description.type)}"
            )
        return Source.PATH
    if name == "request":
        raise refusal(route, "parameter request: request objects are not supported yet")
    return Source.QUERY if holds_text else Source.BODY


def _is_converted(segment: Parameter, description: Description, route: Route) -> bool:
    """Whether the template's type is the handler's; refuse two types that contradict each other."""
    produced = CONVERTED_TYPES.get(segment.converter.name)
    if description.kind is Kind.ANY:
        return True
    if produced is None:
        return description.type is str
    wanted = description.item.type if description.item is not None else description.type
    if wanted is not produced:
        kind = segment.converter.name
        raise refusal(
            route, f"parameter {segment.name} is {kind} in the path but {type_name(description.type)} in the handler"
        )
    return True


def resolve_annotation(annotation: Any, handler: Callable[..., Any], error: Callable[[str], Exception]) -> Any:
    """Return what an annotation means; none at all means any type.

    Raises:
        Exception: what `error` makes of the reason why a name in it cannot be found.
    """
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    function = unwrap_handler(handler)
    names = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
    try:
        return eval(annotation, getattr(function, "__globals__", {}), names)  # noqa: S307 - the handler's own source
    except NameError as exc:
        raise error(f"{exc}; define the type at the top level of the module") from exc
    except Exception as exc:
        raise error(f"annotation {annotation!r} cannot be read: {exc}") from exc


def unwrap_handler(handler: Callable[..., Any]) -> Any:
    """Return the function whose source holds a handler's annotations."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    handler = inspect.unwrap(handler)
    if not (inspect.isroutine(handler) or inspect.isclass(handler)):
        handler = inspect.unwrap(type(handler).__call__)
    return getattr(handler, "__func__", handler)
