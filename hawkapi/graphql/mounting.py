"""The routes of a GraphQL endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hawkapi._html_pages.assets import serve_asset
from hawkapi.graphql._page import ASSETS
from hawkapi.graphql.handler import make_graphql_handler
from hawkapi.requests import Request
from hawkapi.responses.base import Response
from hawkapi.routing.route import Route
from hawkapi.routing.router import Router

__all__ = ["add_graphql_routes", "make_graphql_handler"]


def add_graphql_routes(
    router: Router, path: str, handler: Callable[[Request], Awaitable[Response]], *, graphiql: bool
) -> Route:
    """Register a handler for GET and POST, and what GraphiQL loads.

    Raises:
        RouteConflictError: another route answers there.
    """

    async def graphql(request: Request) -> Response:
        """Answer a GraphQL request."""
        return await handler(request)

    made = router.add_route(path, graphql, methods=("GET", "POST"), name=f"graphql:{path}", include_in_schema=False)
    # SPEC: `Allow` lists what is supported (RFC 9110, section 10.2.1), and HEAD, which comes with GET, is not.
    router.remove_route(made, ("HEAD",))
    route = next(each for each in router.routes if (each.path, each.name) == (made.path, made.name))
    if graphiql:
        # The same name, so that removing the endpoint by its name takes both.
        assets = f"{path.rstrip('/')}{ASSETS}/{{address}}"
        router.add_route(assets, serve_asset, methods=("GET",), name=route.name, include_in_schema=False)
    return route
