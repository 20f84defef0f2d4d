"""Which route a request is for, as middleware may ask before and after the handler has run."""

from __future__ import annotations

from typing import Final

from hawkapi.routing._tree import Table
from hawkapi.routing.mounts import route_path
from hawkapi.routing.route import Route
from hawkapi.types import Scope

__all__ = ["UNMATCHED", "matched_template"]

TABLE_KEY: Final = "hawkapi.table"
"""Where the scope of a request holds, behind the application's middleware, the route table that it began with."""

ROUTE_KEY: Final = "hawkapi.route"
"""Where the scope holds the route inside whose middleware a request is."""

UNMATCHED: Final = "<unmatched>"
"""What stands for the path of requests that no route takes: they have no template, and clients make them up."""


def matched_template(scope: Scope) -> str | None:
    """Return the path template of the route that a request is for, or of the mount; `UNMATCHED` where there is neither.

    What counts by this grows with the application, not with what clients send. It is `None` outside an application's
    middleware, where nobody knows its routes.
    """
    route: Route | None = scope.get(ROUTE_KEY)
    if route is not None:
        return route.path
    table: Table | None = scope.get(TABLE_KEY)
    if table is None:
        return None
    path = route_path(scope)
    match = table.find(scope["method"], path)
    if match is not None:
        return match[0].route.path
    mount = table.find_mount(path)
    return UNMATCHED if mount is None else mount.path or "/"
