"""`generate_openapi`: routes in, an OpenAPI 3.1 document out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hawkapi.openapi._build import build_document
from hawkapi.routing.route import Route

__all__ = ["generate_openapi"]


def generate_openapi(
    routes: Iterable[Route],
    *,
    title: str = "HawkAPI",
    version: str = "0.1.0",
    description: str = "",
    api_version: str | None = None,
    validation_error_status: int = 400,
    has_provider: Callable[[Any], bool] | None = None,
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of routes, as new dicts and lists that may be changed.

    The same routes give the same document, in the same order, with every codec. WebSockets and routes with
    `include_in_schema=False` are left out; `HEAD` is too, because `GET` says it.

    Args:
        routes: in order.
        title: what the API is called, default "HawkAPI".
        version: the API's own version, default "0.1.0".
        description: what it is for; left out when empty, the default.
        api_version: only routes of this version, default all.
        validation_error_status: the status of requests that do not fit a handler, default 400.
        has_provider: whether the container makes a type; by default that is taken for true of classes that cannot be
            read from a request.

    Raises:
        UnsupportedTypeError: a handler asks for something that cannot be read from a request.
    """
    info = {"title": title, "version": version} | ({"description": description} if description else {})
    shown = [
        route for route in routes if route.include_in_schema and (api_version is None or route.version == api_version)
    ]
    return build_document(shown, info, validation_error_status, has_provider)
