"""Reading what a handler's source says: its signature, and what the names in its annotations mean."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from hawkapi._callables import evaluate_annotation, unwrap_callable, without_arguments
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.routing.route import Route


def signature_of(handler: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a handler, annotations as written.

    Raises:
        UnsupportedTypeError: it has none.
    """
    try:
        return inspect.signature(without_arguments(handler))
    except (TypeError, ValueError) as exc:
        raise UnsupportedTypeError(f"handler {handler!r} has no signature to read: {exc}") from exc


def refusal(route: Route, reason: str) -> UnsupportedTypeError:
    """Return the error that refuses a route, naming it."""
    methods = ",".join(sorted(route.methods - {"HEAD"} or route.methods))
    return UnsupportedTypeError(f"{methods} {route.path} ({route.name}): {reason}")


def resolve_annotation(annotation: Any, handler: Callable[..., Any], error: Callable[[str], Exception]) -> Any:
    """Return what an annotation means, quoted names inside it included; none at all means any type.

    Raises:
        Exception: what `error` makes of the reason why a name in it cannot be found.
    """
    if annotation is inspect.Parameter.empty:
        return Any
    try:
        return evaluate_annotation(annotation, unwrap_callable(handler))
    except NameError as exc:
        raise error(f"{exc}; define the type at the top level of the module") from exc
    except Exception as exc:
        raise error(f"annotation {annotation!r} cannot be read: {exc}") from exc
