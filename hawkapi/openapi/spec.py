"""`generate_openapi`: routes in, an OpenAPI 3.1 document out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hawkapi.openapi._build import build_document, copy_json
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
    summary: str | None = None,
    terms_of_service: str | None = None,
    contact: Mapping[str, Any] | None = None,
    license_info: Mapping[str, Any] | None = None,
    servers: Sequence[Mapping[str, Any]] | None = None,
    tags: Sequence[Mapping[str, Any]] | None = None,
    external_docs: Mapping[str, Any] | None = None,
    webhooks: Iterable[Route] = (),
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
        summary, terms_of_service, contact, license_info: members of the info object (OpenAPI 3.1, section 4.8.2), as
            they are; default none.
        servers: server objects, default none.
        tags: tag objects, which come first and in this order; default those that routes have, sorted.
        external_docs: an external documentation object, default none.
        webhooks: routes that describe what the application sends of itself, named by their paths; default none.

    Raises:
        UnsupportedTypeError: a handler asks for something that cannot be read from a request.
    """
    told = {
        "summary": summary,
        "description": description,
        "termsOfService": terms_of_service,
        "contact": contact,
        "license": license_info,
    }
    info = {"title": title, "version": version} | {name: value for name, value in told.items() if value}
    shown = [
        route for route in routes if route.include_in_schema and (api_version is None or route.version == api_version)
    ]
    document = build_document(shown, info, validation_error_status, has_provider, webhooks, tags or ())
    more = {"servers": servers, "externalDocs": external_docs}
    return document | {name: copy_json(value) for name, value in more.items() if value}
