"""`Router`: where routes are registered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Unpack, cast

from hawkapi._threading import named_rlock
from hawkapi.di.depends import check_guards
from hawkapi.routing._parse import join_paths, parse_template, require_path
from hawkapi.routing._registry import (
    Chain,
    Change,
    Contents,
    Context,
    Entry,
    Inclusion,
    MountEntry,
    Registry,
    is_below,
    mount_path,
)
from hawkapi.routing._tree import Table
from hawkapi.routing._url_path import build_mount_path, build_path, parameters_of
from hawkapi.routing.controllers import Controller, controller_routes
from hawkapi.routing.errors import RouteNotFoundError
from hawkapi.routing.mounts import Mount, wants_whole_path
from hawkapi.routing.options import (
    RouteOptions,
    WebSocketOptions,
    build_route,
    build_websocket_route,
    normalise_methods,
    normalise_route,
)
from hawkapi.routing.route import Route, WebSocketRoute, answering
from hawkapi.routing.tree import RouteTree

__all__ = ["Router"]


class Router:
    """Registers handlers by method and path.

    Thread-safe: routes may be registered, removed and replaced at any time, from any thread. When such a call on an
    application returns, every request that begins later sees the change, in whatever thread it runs; a request sees
    all of a change or nothing of it. A change that is refused leaves everything as it was.

    Args:
        prefix: put in front of the path of every route and mount.
        tags: put in front of the tags of every route.
        dependencies: each a `Depends(...)` with something to call, run before those of every route.

    What a router holds is copied into another one by `include_router`, as it is at that moment.
    """

    def __init__(
        self, *, prefix: str = "", tags: Sequence[str] | None = None, dependencies: Sequence[Any] | None = None
    ) -> None:
        self.prefix = prefix.rstrip("/")
        self.tags = list(check_tags(tags))
        self.dependencies: list[Any] = list(check_guards(dependencies))
        self._routes_version: str | None = None
        # Held while the registry is changed and published, never by a request: it makes "take the newest table, change
        # it, publish" one step. It does not cover readers, who see every published table whole.
        self._registration = named_rlock("registration")
        self._registry = Registry()

    @property
    def routes(self) -> list[Route]:
        """The routes of HTTP requests in order of registration; a new list at each access."""
        with self._registration:
            routes = [entry.route for entry in self._registry.entries.values()]
        return [route for route in routes if not isinstance(route, WebSocketRoute)]

    @property
    def websocket_routes(self) -> list[WebSocketRoute]:
        """The routes of WebSockets in order of registration; a new list at each access."""
        with self._registration:
            routes = [entry.route for entry in self._registry.entries.values()]
        return [route for route in routes if isinstance(route, WebSocketRoute)]

    @property
    def mounts(self) -> list[Mount]:
        """The mounted applications in order of registration; a new list at each access."""
        with self._registration:
            return [entry.mount for entry in self._registry.mounts]

    @property
    def tree(self) -> RouteTree:
        """The matcher: which route answers a path and a method."""
        return RouteTree(self._insert, lambda: self._table, lambda: self.routes)

    def add_route(
        self,
        path: str,
        handler: Callable[..., Any],
        *,
        methods: Iterable[str],
        status_code: int = 200,
        **options: Unpack[RouteOptions],
    ) -> Route:
        """Register a handler and return its route.

        Args:
            path: the template; `{name}` and `{name:type}` segments are parameters (types: `str`, `int`, `float`,
                `uuid`, `path`).
            handler: a function or coroutine function; a plain function runs in the pool of worker threads.
            methods: the HTTP methods it answers, in either case; `GET` brings `HEAD` with it.
            status_code: the status of responses that the handler does not make itself, default 200.
            options: as in `RouteOptions`.

        Raises:
            RouteConflictError: another route answers one of the methods at this path.
            InvalidPathError: the template has no meaning.
            UnsupportedTypeError: the handler has a parameter that hawkapi cannot fill; the message names it.
            TypeError: the path is not a text, or an option is unknown or of the wrong kind.
            ValueError: there is no method, or one is not a token (RFC 9110 section 5.6.2), or the status is no status.
        """
        require_path(path, f"a route needs a path, not {path!r}; with a decorator write @app.get('/path')")
        entry = self._place(build_route(path, handler, methods, status_code, options)).checked(self._check_route)
        self._apply(Change(added=Contents((entry,))))
        return entry.route

    def get[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `GET` and `HEAD`; it is returned as it is."""
        return self._decorator(path, "GET", status_code, options)

    def post[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 201, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `POST`; it is returned as it is."""
        return self._decorator(path, "POST", status_code, options)

    def put[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `PUT`; it is returned as it is."""
        return self._decorator(path, "PUT", status_code, options)

    def patch[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `PATCH`; it is returned as it is."""
        return self._decorator(path, "PATCH", status_code, options)

    def delete[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 204, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `DELETE`; it is returned as it is."""
        return self._decorator(path, "DELETE", status_code, options)

    def head[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `HEAD` alone; it is returned as it is."""
        return self._decorator(path, "HEAD", status_code, options)

    def options[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `OPTIONS`, instead of the automatic answer; it is returned as it is."""
        return self._decorator(path, "OPTIONS", status_code, options)

    def trace[F: Callable[..., Any]](
        self, path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
    ) -> Callable[[F], F]:
        """Register the decorated handler for `TRACE`; it is returned as it is."""
        return self._decorator(path, "TRACE", status_code, options)

    def route[F: Callable[..., Any]](
        self,
        path: str,
        *,
        methods: Iterable[str] = ("GET",),
        status_code: int = 200,
        **options: Unpack[RouteOptions],
    ) -> Callable[[F], F]:
        """Register the decorated handler for several methods, default `GET`; it is returned as it is."""

        def register(handler: F) -> F:
            self.add_route(path, handler, methods=methods, status_code=status_code, **options)
            return handler

        return register

    api_route = route

    def websocket[F: Callable[..., Any]](self, path: str, **options: Unpack[WebSocketOptions]) -> Callable[[F], F]:
        """Register the decorated handler for WebSockets; it is returned as it is.

        A path may have a WebSocket and HTTP methods. Options and errors: as `add_websocket_route`.
        """
        require_path(path, "a route needs a path: write @app.websocket('/path'), not @app.websocket")

        def register(handler: F) -> F:
            self.add_websocket_route(path, handler, **options)
            return handler

        return register

    def add_websocket_route(
        self, path: str, handler: Callable[..., Any], **options: Unpack[WebSocketOptions]
    ) -> WebSocketRoute:
        """Register a handler of WebSockets and return its route.

        Args:
            path: the template, as for `add_route`.
            handler: a coroutine function; it gets the connection as the parameter annotated `WebSocket`.
            options: as in `WebSocketOptions`.

        Raises:
            RouteConflictError: another handler takes the WebSockets at this path.
            InvalidPathError: the template has no meaning.
            UnsupportedTypeError: the handler has a parameter that hawkapi cannot fill; the message names it.
            TypeError: the handler is not a coroutine function, the path is not a text, or an option is unknown.
            ValueError: `max_message_size` is below 1.
        """
        require_path(path, f"a route needs a path, not {path!r}; with a decorator write @app.websocket('/path')")
        route = build_websocket_route(path, handler, options)
        entry = self._place(route).checked(self._check_route)
        self._apply(Change(added=Contents((entry,))))
        return cast("WebSocketRoute", entry.route)

    def include_router(
        self,
        router: Router,
        *,
        prefix: str = "",
        tags: Sequence[str] | None = None,
        dependencies: Sequence[Any] | None = None,
    ) -> None:
        """Copy the routes and mounts that a router has now below this one; what it gets later is not seen.

        This router's prefix, tags and dependencies come first, then those given here. A version stays in front of the
        prefix of the router that it was given to: `/v2/api/users` below `/root` is `/root/v2/api/users`.

        Args:
            router: what is included.
            prefix: put in front of every path, behind this router's.
            tags: put in front of the tags of every route, behind this router's.
            dependencies: run before those of every route, after this router's.

        Raises:
            RouteConflictError: a route or mount contradicts one that is there; including a router twice does, unless
                it is with another prefix.
            InvalidPathError: the prefix and a path have a parameter of the same name.
            TypeError: it is not a router, or a dependency is not a `Depends(...)`.
            ValueError: it is this router, or a dependency has nothing to call.
        """
        check_router(router)
        if router is self:
            raise ValueError("a router cannot include itself")
        context = self._context().extended(prefix, check_tags(tags), check_guards(dependencies))
        chain = (Inclusion(router, context),)
        self._apply(Change(added=self._checked(router._contents().below(chain))))

    def include_controller(self, controller: type[Controller]) -> None:
        """Register the decorated methods of a controller, all or nothing.

        Raises:
            TypeError: it is not a subclass of `Controller`, or an instance of it cannot be made without arguments.
            RouteConflictError: another route answers one of the methods at one of the paths.
        """
        entries = [self._place(route).checked(self._check_route) for route in controller_routes(controller)]
        self._apply(Change(added=Contents(tuple(entries))))

    def mount(self, path: str, app: Any, *, name: str | None = None, strip_path: bool | None = None) -> None:
        """Hand every `http` and `websocket` connection at or below a path to another ASGI application.

        Routes come first, then the mount with the longest path; `"/"` takes everything that no route answers. Lifespan
        events are not forwarded.

        Args:
            path: without parameters.
            app: an ASGI 3 application.
            name: what `url_path_for` calls it.
            strip_path: whether the application gets only what is below `path`, default yes, except for Starlette's
                and FastAPI's, which expect the whole path. In either case `root_path` says where it is mounted.

        Raises:
            RouteConflictError: another application is mounted there.
            ValueError: the path has parameters.
            TypeError: the application cannot be called, or the path is not a text.
        """
        require_path(path, f"a mount needs a path, not {path!r}")
        if not callable(app):
            raise TypeError(f"a mount needs an ASGI application, not {app!r}")
        strip = not wants_whole_path(app) if strip_path is None else strip_path
        mount = self._context().place_mount(Mount(mount_path(path), app, name, strip))
        self._apply(Change(added=self._checked(Contents(mounts=(MountEntry(mount),)))))

    def remove_route(self, route: str | Route, methods: Iterable[str] | None = None) -> list[Route]:
        """Take routes out again and return them; an application's requests that begin later do not find them.

        Args:
            route: a route, a path with its leading slash as it was registered here or as `Route.path` has it, or a
                name; of several routes with the path or the name all are taken.
            methods: take only these methods away, `HEAD` with `GET`, `WEBSOCKET` for WebSockets; the route goes on
                answering the others.

        Raises:
            RouteNotFoundError: there is no such route.
        """
        wanted = None if methods is None else normalise_methods(methods)
        with self._registration:
            entries = [
                entry for entry in self._find(route) if wanted is None or not wanted.isdisjoint(entry.route.methods)
            ]
            if not entries:
                raise RouteNotFoundError(f"there is no route {route!r} to remove{_for_methods(wanted)}")
            kept = [
                Entry(answering(entry.route, entry.route.methods - wanted), entry.template, entry.chain)
                for entry in entries
                if wanted is not None and not entry.route.methods <= wanted
            ]
            self._apply(Change(removed=Contents(tuple(entries)), added=Contents(tuple(kept))))
        return [entry.route for entry in entries]

    def unmount(self, path: str) -> None:
        """Take the application that is mounted at a path out again.

        Args:
            path: as it was given to `mount`, or as `Mount.path` has it.

        Raises:
            RouteNotFoundError: nothing is mounted there.
        """
        here = self._context().place_mount(Mount(mount_path(path), None)).path
        with self._registration:
            found = [
                entry
                for wanted in (here, mount_path(path))
                for entry in self._registry.mounts
                if entry.mount.path == wanted
            ]
            if not found:
                raise RouteNotFoundError(f"nothing is mounted at {path!r}")
            self._apply(Change(removed=Contents(mounts=(found[0],))))

    def replace_router(self, old: Router, new: Router) -> None:
        """Put the routes and mounts that one router has now in the place of those that came from another, in one step.

        They get the prefixes, tags and dependencies that those had, wherever `old` was included, directly or by a
        router that was. A request sees either all of the old ones or all of the new ones. `old` itself stays as it is.

        Raises:
            RouteNotFoundError: `old` was not included.
            RouteConflictError: a new route contradicts one that stays.
            TypeError: `new` is not a router.
        """
        check_router(new)
        contents = new._contents()
        parts: dict[Chain, Contents] = {}
        while True:
            chains = self._registry.chains
            places = outermost_places(chains, old)
            if not places:
                raise RouteNotFoundError(f"{old!r} was not included, or has been replaced")
            added = Contents()
            for place in places:
                if place not in parts:
                    chain = (*place[:-1], Inclusion(new, place[-1].context))
                    parts[place] = self._checked(contents.below(chain))
                part = parts[place]
                added = Contents(added.entries + part.entries, added.mounts + part.mounts, added.chains + part.chains)
            with self._registration:
                # Checking a route calls the user's code, so it is done without the lock; look again if something else
                # was included meanwhile, but check nothing twice.
                if self._registry.chains is chains:
                    self._apply(Change(self._below(places), added, in_place=True))
                    return

    def url_path_for(self, name: str, /, **params: Any) -> str:
        """Return the path of a route, percent-encoded, without the `root_path` of a server or of a mount.

        Args:
            name: of a route, the first registered where several have it and the parameters fit; of a mount, with
                `path` as its parameter; or of a route of an application mounted with a name: `mount:route`.
            params: the value of every parameter in the route's path.

        Raises:
            RouteNotFoundError: nothing has this name.
            URLPathError: a parameter is missing, unknown, or not of the type that the path names.
        """
        entry = self._registry.first_named.get(name)
        if entry is not None and parameters_of(entry.template) == params.keys():
            return build_path(entry.template, params)
        with self._registration:
            entries, mounts = self._registry.entries_named(name), self._registry.mounts
        for entry in entries:
            if parameters_of(entry.template) == params.keys():
                return build_path(entry.template, params)
        if entries:
            return build_path(entries[0].template, params)  # which says what does not fit
        return build_mount_path([entry.mount for entry in mounts], name, params)

    def _decorator[F: Callable[..., Any]](
        self, path: str, method: str, status_code: int, options: RouteOptions
    ) -> Callable[[F], F]:
        word = method.lower()
        require_path(path, f"a route needs a path: write @app.{word}('/path'), not @app.{word}")
        return self.route(path, methods=(method,), status_code=status_code, **options)

    @property
    def _table(self) -> Table:
        """The newest table."""
        return self._registry.table

    @property
    def _sockets(self) -> Table:
        """The newest table of WebSockets."""
        return self._registry.sockets

    def _context(self) -> Context:
        return Context(self.prefix, tuple(self.tags), tuple(self.dependencies), self._routes_version)

    def _place(self, route: Route) -> Entry:
        """Return the entry of a route that is registered with this router itself."""
        route = self._context().place(route, route.path, versioned=False)
        template = parse_template(route.path)
        return Entry(route, template)

    def _contents(self) -> Contents:
        with self._registration:
            return self._registry.contents()

    def _below(self, places: Sequence[Chain]) -> Contents:
        """Return what came through some inclusions; called with the registration lock held."""
        contents = self._registry.contents()
        return Contents(
            tuple(entry for entry in contents.entries if is_below(entry.chain, places)),
            tuple(entry for entry in contents.mounts if is_below(entry.chain, places)),
            tuple(chain for chain in contents.chains if is_below(chain, places)),
        )

    def _find(self, route: str | Route) -> list[Entry]:
        """Return the entries of a route, a path or a name; called with the registration lock held."""
        if isinstance(route, Route):
            entry = self._registry.entry_of(route)
            return [] if entry is None else [entry]
        if not route.startswith("/"):
            return self._registry.entries_named(route)
        here = self._registry.entries_at(join_paths(self.prefix, route))
        return here or self._registry.entries_at(join_paths("", route))

    def _apply(self, change: Change) -> None:
        with self._registration:
            self._registry.apply(change)
            self._publish()

    def _insert(self, route: Route) -> None:
        """Register a route as it is, without the prefix and everything else of this router."""
        route = normalise_route(route)
        self._apply(Change(added=self._checked(Contents((Entry(route, parse_template(route.path)),)))))

    def _checked(self, contents: Contents) -> Contents:
        return contents.checked(self._check_route, self._check_mount)

    def _check_route(self, route: Route) -> Route:
        """Refuse a route that could not be served, or return the one to register; nothing has been changed yet."""
        return route

    def _check_mount(self, mount: Mount) -> None:
        """Refuse a mount; nothing has been changed yet."""

    def _publish(self) -> None:
        """Make the newest table visible to requests; called with the registration lock held."""


def check_tags(tags: Sequence[str] | None) -> tuple[str, ...]:
    """Return tags, none for `None`.

    Raises:
        TypeError: it is one text instead of several.
    """
    if isinstance(tags, str):
        raise TypeError(f"tags must be a list of texts, not the text {tags!r}")
    return tuple(tags or ())


def check_router(router: object) -> None:
    """Refuse what is not a router.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(router, Router):
        raise TypeError(f"a router is needed, not {router!r}")


def outermost_places(chains: Iterable[Chain], router: Router) -> list[Chain]:
    """Return where a router was included, without the places inside itself."""
    places = [chain for chain in chains if chain[-1].router is router]
    return [place for place in places if not any(place is not other and is_below(place, [other]) for other in places)]


def _for_methods(methods: frozenset[str] | None) -> str:
    return "" if methods is None else f" for {', '.join(sorted(methods))}"
