"""`Router`: where routes are registered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from hawkapi.exceptions import check_status
from hawkapi.routing import _tree
from hawkapi.routing._parse import Template, join_paths, parse_template
from hawkapi.routing.route import Route

__all__ = ["Router"]


class Router:
    """Registers handlers by method and path.

    Thread-safe: routes may be registered at any time, from any thread. When a registering call returns, every request
    that begins later sees the route, in whatever thread it runs; a request sees all of a registration or nothing.

    Args:
        prefix: put in front of the path of every route.
    """

    def __init__(self, *, prefix: str = "") -> None:
        self.prefix = prefix.rstrip("/")
        # Held while the table is changed and published, never by a request: it makes "take the newest table, add a
        # route, publish" one step. It does not cover readers, who see every published table whole.
        self._registration = threading.RLock()
        self._table = _tree.empty_table()
        self._routes: list[Route] = []

    @property
    def routes(self) -> list[Route]:
        """The routes in order of registration; a new list at each access."""
        with self._registration:
            return list(self._routes)

    def add_route(
        self,
        path: str,
        handler: Callable[..., Any],
        *,
        methods: Iterable[str],
        name: str | None = None,
        status_code: int = 200,
    ) -> Route:
        """Register a handler and return its route.

        Args:
            path: the template; `{name}` and `{name:type}` segments are parameters (types: `str`, `int`, `float`,
                `uuid`, `path`).
            handler: a function or coroutine function; a plain function runs in the pool of worker threads.
            methods: the HTTP methods it answers, in either case; `GET` brings `HEAD` with it.
            name: what the route is called, default the handler's name.
            status_code: the status of responses that the handler does not make itself, default 200.

        Raises:
            RouteConflictError: another route answers one of the methods at this path.
            InvalidPathError: the template has no meaning.
            UnsupportedTypeError: the handler has a parameter that hawkapi cannot fill; the message names it.
            TypeError: the path is not a text.
            ValueError: there is no method, or one is not a token (RFC 9110 section 5.6.2), or the status is no status.
        """
        if not isinstance(path, str):
            raise TypeError(f"a route needs a path, not {path!r}; with a decorator write @app.get('/path')")
        template = parse_template(join_paths(self.prefix, path))
        route = Route(
            path=template.path,
            handler=handler,
            methods=normalise_methods(methods),
            name=name or str(getattr(handler, "__name__", type(handler).__name__)),
            status_code=check_status(status_code, lowest=200),
        )
        self._check_route(route, template)
        with self._registration:
            self._table = _tree.add(self._table, route, template)
            self._routes.append(route)
            self._publish()
        return route

    def get[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, name: str | None = None
    ) -> Callable[[F], F]:
        """Register the decorated handler for `GET` and `HEAD`; it is returned as it is."""
        return self._decorator(path, "GET", status_code, name)

    def post[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 201, name: str | None = None
    ) -> Callable[[F], F]:
        """Register the decorated handler for `POST`; it is returned as it is."""
        return self._decorator(path, "POST", status_code, name)

    def put[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, name: str | None = None
    ) -> Callable[[F], F]:
        """Register the decorated handler for `PUT`; it is returned as it is."""
        return self._decorator(path, "PUT", status_code, name)

    def patch[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, name: str | None = None
    ) -> Callable[[F], F]:
        """Register the decorated handler for `PATCH`; it is returned as it is."""
        return self._decorator(path, "PATCH", status_code, name)

    def delete[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 204, name: str | None = None
    ) -> Callable[[F], F]:
        """Register the decorated handler for `DELETE`; it is returned as it is."""
        return self._decorator(path, "DELETE", status_code, name)

    def _decorator[F: Callable[..., Any]](
        self, path: str, method: str, status_code: int, name: str | None
    ) -> Callable[[F], F]:
        if not isinstance(path, str):
            raise TypeError(f"a route needs a path: write @app.{method.lower()}('/path'), not @app.{method.lower()}")

        def register(handler: F) -> F:
            self.add_route(path, handler, methods=(method,), status_code=status_code, name=name)
            return handler

        return register

    def _check_route(self, route: Route, template: Template) -> None:
        """Refuse a route that could not be served; called before anything is changed."""

    def _publish(self) -> None:
        """Make the newest table visible to requests; called with the registration lock held."""


TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def normalise_methods(methods: Iterable[str]) -> frozenset[str]:
    """Return methods in upper case, with `HEAD` beside `GET`.

    Raises:
        ValueError: there is none, it is one string instead of several, or one is not a token.
    """
    if isinstance(methods, str):
        raise ValueError(f"methods must be a collection of names, not the string {methods!r}")
    names = frozenset(method.upper() for method in methods)
    if not names:
        raise ValueError("methods must name at least one HTTP method")
    for name in names:
        if not name or not TOKEN_CHARACTERS.issuperset(name):
            raise ValueError(f"{name!r} is not an HTTP method: a token (RFC 9110 section 5.6.2) is needed")
    return names | {"HEAD"} if "GET" in names else names
