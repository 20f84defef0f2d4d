"""`RouteTree`: which route of a router answers a path and a method."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hawkapi.routing._tree import Table
from hawkapi.routing.route import Route

__all__ = ["RouteMatch", "RouteTree"]


class RouteMatch(NamedTuple):
    """A route that answers, and what its path's parameters are."""

    route: Route
    params: dict[str, object]
    """The converted values by name, in the order of the path."""


class RouteTree:
    """A router's routes as requests find them. Thread-safe; it always shows the newest state of its router.

    Args:
        insert: what registers a route with the router.
        table: what returns the router's newest table.
        routes: what returns the router's routes, in a new list.
    """

    __slots__ = ("_insert", "_routes", "_table")

    def __init__(
        self, insert: Callable[[Route], None], table: Callable[[], Table], routes: Callable[[], list[Route]]
    ) -> None:
        self._insert = insert
        self._table = table
        self._routes = routes

    @property
    def routes(self) -> list[Route]:
        """The routes in order of registration; a new list at each access."""
        return self._routes()

    def insert(self, route: Route) -> None:
        """Register a route with the router as it is: no prefix is put in front of its path.

        Raises:
            RouteConflictError: another route answers one of the methods at this path.
            InvalidPathError: the template has no meaning.
        """
        self._insert(route)

    def lookup(self, path: str, method: str) -> RouteMatch | None:
        """Return the route that answers a request, or `None`.

        Args:
            path: percent-decoded, with its leading slash, without the query.
            method: in either case.
        """
        match = self._table().find(method.upper(), path)
        if match is None:
            return None
        endpoint, values = match
        return RouteMatch(endpoint.route, dict(zip(endpoint.names, values, strict=True)))

    def find_allowed_methods(self, path: str) -> frozenset[str]:
        """Return every method that some route answers at a path."""
        return self._table().allowed(path)
