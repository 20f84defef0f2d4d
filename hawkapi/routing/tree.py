"""`RouteTree`: which route of a router answers a path and a method."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from hawkapi.routing._tree import Table
from hawkapi.routing.route import Route

__all__ = ["RouteMatch", "RouteTree"]


class RouteMatch(NamedTuple):
    """A route that answers, and what its path's parameters are."""

    route: Route
    params: dict[str, object]
    """The converted values by name, in the order of the path."""


class _Registering(Protocol):
    """What the tree needs of its router."""

    @property
    def _table(self) -> Table: ...
    @property
    def routes(self) -> list[Route]: ...
    def _insert(self, route: Route) -> None: ...


class RouteTree:
    """A router's routes as requests find them. Thread-safe; it always shows the newest state of its router."""

    __slots__ = ("_router",)

    def __init__(self, router: _Registering) -> None:
        self._router = router

    @property
    def routes(self) -> list[Route]:
        """The routes in order of registration; a new list at each access."""
        return self._router.routes

    def insert(self, route: Route) -> None:
        """Register a route with the router as it is: no prefix is put in front of its path.

        Raises:
            RouteConflictError: another route answers one of the methods at this path.
            InvalidPathError: the template has no meaning.
        """
        self._router._insert(route)

    def lookup(self, path: str, method: str) -> RouteMatch | None:
        """Return the route that answers a request, or `None`.

        Args:
            path: percent-decoded, with its leading slash, without the query.
            method: in either case.
        """
        match = self._router._table.find(method.upper(), path)
        if match is None:
            return None
        endpoint, values = match
        return RouteMatch(endpoint.route, dict(zip(endpoint.names, values, strict=True)))

    def find_allowed_methods(self, path: str) -> frozenset[str]:
        """Return every method that some route answers at a path."""
        return self._router._table.allowed(path)
