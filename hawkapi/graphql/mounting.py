"""The routes of a GraphQL endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hawkapi.exceptions import PathNotFoundError
from hawkapi.graphql._page import ASSETS
from hawkapi.graphql.handler import make_graphql_handler
from hawkapi.openapi._assets import answer_asset
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

    route = router.add_route(path, graphql, methods=("GET", "POST"), name=f"graphql:{path}", include_in_schema=False)
    if graphiql:
        # The same name, so that removing the endpoint by its name takes both.
        assets = f"{path.rstrip('/')}{ASSETS}/{{address}}"
        router.add_route(assets, graphiql_asset, methods=("GET",), name=route.name, include_in_schema=False)
    return route


def graphiql_asset(request: Request, address: str) -> Response:
    """Answer with a script or a style sheet of GraphiQL; a plain function, so that a worker thread reads the file.

    Raises:
        PathNotFoundError: there is none at the address.
    """
    response = answer_asset(address, request.headers)
    if response is None:
        raise PathNotFoundError(request.method, request.path)
    return response
