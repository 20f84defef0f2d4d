"""`hawkapi routes`: what an application answers, in the order of registration."""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Iterable
from typing import Any, Final

from hawkapi.cli._application import describe, load
from hawkapi.cli._arguments import add_target
from hawkapi.cli._errors import CommandError
from hawkapi.routing import Router

DESCRIPTION: Final = (
    "List the routes, WebSocket routes and mounts of an application in the order of registration, with the handler and "
    "the route's own middleware, the outermost first."
)
COLUMNS: Final = ("methods", "path", "name", "handler", "middleware")

type Row = dict[str, Any]
"""`kind` (route, websocket or mount), `methods`, `path`, `name`, `handler`, `middleware`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_target(parser)
    parser.add_argument("--json", action="store_true", help="print a list of JSON objects instead of a table")


def execute(options: argparse.Namespace) -> int:
    """Print the routes.

    Raises:
        CommandError: there is no such application, or it is none of hawkapi's.
    """
    loaded = load(options.app, factory=options.factory)
    if not isinstance(loaded.app, Router):
        raise CommandError(f"{loaded.reference} is {describe(loaded.app)}, whose routes hawkapi does not know")
    rows = rows_of(loaded.app)
    print(json.dumps(rows, indent=2) if options.json else as_table(rows))  # noqa: T201 - this is the command's output
    return 0


def rows_of(router: Router) -> list[Row]:
    """Return the routes, then the WebSocket routes, then the mounts."""
    routes = [
        row("route", sorted(route.methods), route.path, route.name, route.handler, route.middleware or ())
        for route in router.routes
    ]
    websockets = [
        row("websocket", [], route.path, route.name, route.handler, route.middleware or ())
        for route in getattr(router, "websocket_routes", ())
    ]
    mounts = [row("mount", [], mount.path or "/", mount.name, mount.app, ()) for mount in router.mounts]
    return [*routes, *websockets, *mounts]


def row(kind: str, methods: list[str], path: str, name: str | None, handler: object, middleware: Iterable[Any]) -> Row:
    """Return the facts about one route."""
    return {
        "kind": kind,
        "methods": methods,
        "path": path,
        "name": name,
        "handler": qualified_name(handler),
        "middleware": [qualified_name(entry.cls) for entry in middleware],
    }


def qualified_name(what: Any) -> str:
    """Return `module.qualname` of a function or a class, and of the class of any other object."""
    while issubclass(type(what), functools.partial):
        what = what.func
    if not hasattr(what, "__qualname__"):
        what = what.__class__
    return f"{what.__module__}.{what.__qualname__}"


def as_table(rows: list[Row]) -> str:
    """Lay the routes out for a person, one line for each."""
    cells = [tuple(column.upper() for column in COLUMNS), *(cells_of(row) for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(COLUMNS))]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def cells_of(row: Row) -> tuple[str, ...]:
    """Return the texts of one line; a kind that has no methods stands in their place."""
    methods = ",".join(row["methods"]) or row["kind"].upper()
    middleware = ",".join(name.rpartition(".")[2] for name in row["middleware"])
    return methods, row["path"], row["name"] or "", row["handler"], middleware
