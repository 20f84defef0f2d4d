"""`HawkAPI`: the application."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from hawkapi._documentation_pages import Pages
from hawkapi._documents import Documents, Kind, check_about
from hawkapi._failures import NO_HANDLERS, Handler, check_key
from hawkapi._middleware_chain import Link, make_middleware, wrap
from hawkapi._permissions import permission_guard
from hawkapi._plan import check_route
from hawkapi._serving import Serving
from hawkapi._snapshot import Publication
from hawkapi._websocket_dispatch import WebSocketDispatcher
from hawkapi._workers import DEFAULT_SIZE, WorkerPool
from hawkapi.di.container import Container
from hawkapi.di.overrides import Overrides
from hawkapi.flags._hooks import HookTasks
from hawkapi.flags.flags import FlagProvider
from hawkapi.flags.providers import StaticFlagProvider
from hawkapi.lifespan.hooks import Hook, HookRegistry, check_callable
from hawkapi.lifespan.manager import DEFAULT_SHUTDOWN_TIMEOUT_S, Lifespan, LifespanManager
from hawkapi.observability._probes import Probe, give_way, place_probes
from hawkapi.observability._threads import PATH as THREADS_PATH
from hawkapi.observability._threads import Served, ThreadReport
from hawkapi.observability.health import DEFAULT_TIMEOUT_S, Check, Readiness, healthz, livez
from hawkapi.plugins import check_plugin, notify, notify_failure, route_to_register
from hawkapi.requests import State
from hawkapi.requests.body import DEFAULT_MAX_BODY_SIZE
from hawkapi.routing._registry import Change
from hawkapi.routing.middleware_entry import MiddlewareEntry
from hawkapi.routing.mounts import Mount
from hawkapi.routing.options import check_message_size, normalise_route
from hawkapi.routing.route import Route, WebSocketRoute
from hawkapi.routing.router import Router
from hawkapi.types import ASGIApp
from hawkapi.websocket.connection import DEFAULT_MAX_MESSAGE_SIZE

if TYPE_CHECKING:
    import asyncio

    from hawkapi._rsgi.protocols import RSGIScope
    from hawkapi.graphql import ContextFactory, GraphQLExecutor
    from hawkapi.grpc import GrpcMount
    from hawkapi.observability.config import ObservabilityConfig
    from hawkapi.observability.metrics import InMemoryMetrics
    from hawkapi.observability.middleware import ObservabilityMiddleware
    from hawkapi.security.permissions import PermissionPolicy

__all__ = ["HawkAPI"]

DEBUG_VARIABLE: Final = "HAWKAPI_DEBUG"
"""The environment variable by which `hawkapi dev` has an application show tracebacks: set to 1."""


class HawkAPI(Serving, Router):
    """An ASGI 3 application that any number of event loops, in any number of threads, may serve at the same time.

    Thread-safe: requests run, and routes may be registered, in all threads at once, with and without the GIL.

    Args:
        title: what the API is called, default "HawkAPI".
        version: the API's version, default "0.1.0".
        description: what it is for, default empty.
        summary, terms_of_service, contact, license_info: for the API's description (OpenAPI 3.1, section 4.8.2), as
            they are; default none.
        servers: server objects for the API's description, default none; a `root_path` comes before them.
        openapi_tags: tag objects for the API's description, which come first there; default none.
        openapi_external_docs: an external documentation object for the API's description, default none.
        webhooks: a router whose routes describe what the application sends of itself, default an empty one.
        debug: show what went wrong in 500 responses, with its traceback to clients that accept HTML or text; default
            off, and never for production. `hawkapi dev` switches it on, by the environment variable HAWKAPI_DEBUG=1.
            An application made with it answers `/_threads` with its threads, event loops and worker pools.
        validation_error_status: the status of requests that do not fit a handler, default 400.
        max_body_size: bytes allowed in a request body, default 10 MiB; more is answered with 413.
        max_message_size: bytes allowed in a message that comes on a WebSocket, default 1 MiB; more closes it with 1009.
        prefix: put in front of the path of every route.
        tags: for the API's description, of every route.
        dependencies: run before every handler of the application, those of its routers included, for their effect.
        container: makes what handlers ask for by type, default an empty one.
        request_timeout: seconds that a handler which is a coroutine function may take, default as long as it wants;
            more is answered with 504. A `TimeoutError` of its own is an error like others.
        lifespan: `app -> async context manager`, entered at start-up and left at shutdown; a mapping that it yields
            becomes the lifespan state.
        docs_url: where Swagger UI shows the API's description, default "/docs"; `None` or an empty text, as for each of
            the following, for nowhere.
        redoc_url: where ReDoc shows it, default "/redoc"; `None` for nowhere.
        scalar_url: where Scalar shows it, default "/scalar"; `None` for nowhere.
        openapi_url: where the API's description is served (OpenAPI 3.1, JSON), default "/openapi.json"; `None` for
            nowhere, and then there are no pages that show it either.
        asyncapi_url: where its WebSockets and server-sent events are described (AsyncAPI 3.0, JSON), default
            "/asyncapi.json"; `None`, or no `openapi_url`, for nowhere.
        docs_assets: where the pages load their scripts from: "package", the default, has the application serve them, so
            that they work without a network; "cdn" stands for jsDelivr, with hashes that browsers check.
        serverless: have no routes for the API's description and its pages, default off; health probes stay.
        health_url: where `{"status":"ok"}` is answered, default "/healthz"; `None` for nowhere.
        readyz_url: where the readiness checks are answered, default "/readyz"; `None` for nowhere.
        livez_url: where `{"status":"alive"}` is answered, default "/livez"; `None` for nowhere.
        observability: put `ObservabilityMiddleware` around everything: `True`, or its configuration; default off.
        worker_threads: threads at most for handlers that are plain functions, default 40.
        shutdown_timeout_s: seconds that shutdown waits for other loops and running requests, default 10.
        flags: where feature flags come from, default a provider without any.

    Raises:
        ValueError: a number is out of its range, `docs_assets` is something else, or a server, a tag, the license or
            the external documentation is without the member that it needs.
        TypeError: `lifespan` cannot be called, `observability` is something else, or what is an object for the API's
            description is none.
    """

    # THREADS: replaced as a whole, under the registration lock.
    _grpc_mounts: tuple[GrpcMount, ...] = ()

    def __init__(
        self,
        *,
        title: str = "HawkAPI",
        version: str = "0.1.0",
        description: str = "",
        debug: bool = False,
        validation_error_status: int = 400,
        max_body_size: int = DEFAULT_MAX_BODY_SIZE,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
        prefix: str = "",
        tags: Sequence[str] | None = None,
        dependencies: Sequence[Any] | None = None,
        container: Container | None = None,
        request_timeout: float | None = None,
        lifespan: Lifespan | None = None,
        docs_url: str | None = "/docs",
        redoc_url: str | None = "/redoc",
        scalar_url: str | None = "/scalar",
        openapi_url: str | None = "/openapi.json",
        asyncapi_url: str | None = "/asyncapi.json",
        docs_assets: Literal["package", "cdn"] = "package",
        serverless: bool = False,
        health_url: str | None = "/healthz",
        readyz_url: str | None = "/readyz",
        livez_url: str | None = "/livez",
        observability: bool | ObservabilityConfig | None = None,
        worker_threads: int = DEFAULT_SIZE,
        shutdown_timeout_s: float = DEFAULT_SHUTDOWN_TIMEOUT_S,
        flags: FlagProvider | None = None,
        summary: str | None = None,
        terms_of_service: str | None = None,
        contact: Mapping[str, Any] | None = None,
        license_info: Mapping[str, Any] | None = None,
        servers: Sequence[Mapping[str, Any]] | None = None,
        openapi_tags: Sequence[Mapping[str, Any]] | None = None,
        openapi_external_docs: Mapping[str, Any] | None = None,
        webhooks: Router | None = None,
    ) -> None:
        super().__init__(prefix=prefix, tags=tags, dependencies=dependencies)
        check_numbers(validation_error_status, max_body_size, request_timeout, worker_threads, shutdown_timeout_s)
        check_message_size(max_message_size)
        check_about(
            {"servers": servers, "openapi_tags": openapi_tags},
            {"contact": contact, "license_info": license_info, "openapi_external_docs": openapi_external_docs},
        )
        if lifespan is not None:
            check_callable(lifespan, "lifespan")
        self.title = title
        self.version = version
        self.description = description
        self.summary = summary
        self.terms_of_service = terms_of_service
        self.contact = contact
        self.license_info = license_info
        self.servers = servers
        self.openapi_tags = openapi_tags
        self.openapi_external_docs = openapi_external_docs
        self.webhooks = Router() if webhooks is None else webhooks
        self.debug = debug or os.environ.get(DEBUG_VARIABLE) == "1"
        self.validation_error_status = validation_error_status
        self.max_body_size = max_body_size
        self.max_message_size = max_message_size
        self.request_timeout = request_timeout
        self.serverless = serverless
        self.state = State()
        """Whatever the application wants to keep. All threads share it: setting a name is atomic, a check and a change
        of what is there are not."""
        self.container = Container() if container is None else container
        """Makes what handlers ask for by type. Providers are registered before the routes that need them."""
        self.flags: FlagProvider = StaticFlagProvider({}) if flags is None else flags
        self._flag_hooks = HookTasks()
        # THREADS: these three are replaced as a whole, under the registration lock. A request loads the exceptions when
        # something has failed, and the chain with its snapshot; whoever tells plugins something loads them once.
        self._exceptions = NO_HANDLERS
        self._chain: tuple[ASGIApp, ...] = ()
        self._plugins: tuple[Any, ...] = ()
        # THREADS: one store, one load by each request that needs it.
        self._permission_policy: PermissionPolicy | None = None
        self._workers = WorkerPool(size=worker_threads)
        self._websockets = WebSocketDispatcher(
            self.container,
            self._workers,
            lambda: self.max_message_size,
            lambda socket, exc: notify_failure(self._plugins, socket, exc),
        )
        self._readiness = Readiness(self._workers, lambda: self._lifespan.obstacle)
        self.docs_url = docs_url
        self.redoc_url = redoc_url
        self.scalar_url = scalar_url
        self.openapi_url = openapi_url
        self.asyncapi_url = asyncapi_url
        self._documents = Documents(self)
        probes = [Probe(health_url, healthz), Probe(readyz_url, self._readiness.readyz), Probe(livez_url, livez)]
        probes += Pages(self, self._documents, docs_assets).probes()
        probes += [Probe(THREADS_PATH if self.debug else None, self._thread_report().threads)]
        self._probes = place_probes(self._registry, self.prefix, self.tags, probes)
        self._publication = Publication(self._table, self._chain)
        # PERF: with the GIL every thread uses the newest snapshot itself. THREADS: one store, one load.
        self._shared_view = self._publication.shared
        self._lifespan = LifespanManager(
            HookRegistry(),
            lifespan,
            app=self,
            plugins=lambda: self._plugins,
            resources=self.container,
            requests=self._publication,
            shutdown_timeout_s=shutdown_timeout_s,
        )
        self._observe(observability)

    @property
    def __rsgi__(self) -> Callable[[RSGIScope, Any], Coroutine[Any, Any, None]]:
        """What serves a connection through RSGI 1.x, called with a scope and a protocol: granian does.

        Applications behave as through ASGI, and middleware is the same; what RSGI cannot express is lost: codes,
        subprotocols and header fields of WebSockets, bytes in header fields that are not ASCII.
        """
        from hawkapi._rsgi.entry import RSGIEntry  # Here, because most applications are served through ASGI.

        return RSGIEntry(self).serve

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run start-up on the event loop of an RSGI worker, which does not run yet; process scope once for all workers.

        Raises:
            LifespanError: start-up failed; its traceback has been logged.
        """
        from hawkapi.lifespan._driven import LoopLifespan  # Here, as above.

        lifespan = LoopLifespan(self)
        lifespan.start(loop)
        self._lifespan.driven[loop] = lifespan

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run shutdown on the event loop of an RSGI worker, which does not run any more; what fails is logged."""
        lifespan = self._lifespan.driven.pop(loop, None)
        if lifespan is not None:
            lifespan.stop(loop)

    @property
    def observability(self) -> ObservabilityMiddleware | None:
        """The outermost `ObservabilityMiddleware` around the application, or `None`."""
        # Here, because most applications have none.
        from hawkapi.observability.middleware import ObservabilityMiddleware

        return next((each for each in self._chain if isinstance(each, ObservabilityMiddleware)), None)

    @property
    def metrics(self) -> InMemoryMetrics | None:
        """What that middleware has counted; `None` without one."""
        middleware = self.observability
        return None if middleware is None else middleware.metrics

    @property
    def dependency_overrides(self) -> Overrides:
        """What is called instead of functions and types that handlers depend on, in all threads; for tests."""
        return self.container.overrides_everywhere

    @dependency_overrides.setter
    def dependency_overrides(self, overrides: Mapping[Any, Callable[..., Any]]) -> None:
        self.container.overrides_everywhere.replace(overrides)

    @property
    def permission_policy(self) -> PermissionPolicy | None:
        """Who is asked whether a client may call a route with `permissions=`; default nobody, and nobody may (500).

        It may be set before the routes or after, and applies from the next request on, in all threads.
        """
        return self._permission_policy

    @permission_policy.setter
    def permission_policy(self, policy: PermissionPolicy | None) -> None:
        # Here, because most applications have no policy, and security is not loaded with the rest of hawkapi.
        from hawkapi.security.permissions import PermissionPolicy

        if policy is not None and not isinstance(cast("object", policy), PermissionPolicy):
            raise TypeError(f"permission_policy is a PermissionPolicy or None, not {policy!r}")
        self._permission_policy = policy

    @property
    def in_flight(self) -> int:
        """How many requests, and connections of mounted applications, are being answered now, in all threads."""
        return self._publication.running_requests

    @property
    def generation(self) -> int:
        """How often routes or middleware were registered, replaced or removed."""
        return self._publication.generation

    def openapi(self, api_version: str | None = None) -> dict[str, Any]:
        """Return the API's description (OpenAPI 3.1), as new dicts and lists that may be changed.

        It is made when it is first asked for, and again after a registration; plugins see it then, in any thread.

        Args:
            api_version: of the routes of one version only, default of all.

        Raises:
            Exception: what a plugin raises.
        """
        return self._documents.copy(api_version)

    def asyncapi(self) -> dict[str, Any]:
        """Return the description of WebSockets and server-sent events (AsyncAPI 3.0); when, as for `openapi`."""
        return self._documents.copy(None, Kind.ASYNCAPI)

    def readiness_check[F: Check](self, name: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Callable[[F], F]:
        """Ask the decorated function, plain or async, whether the application is ready, at each request of `/readyz`.

        It takes no arguments and returns whether it is, or that and a text. What it raises means no. Plain functions
        run in a worker thread.

        Args:
            name: what the answer calls it.
            timeout_s: seconds, default 5, after which no answer means no.

        Raises:
            TypeError: there is no name, or it does not decorate a function.
            ValueError: there is a check of the same name, or the time is not above 0.
        """
        # A type checker sees a text; `@app.readiness_check` without a name would register nothing, and say nothing.
        if not isinstance(cast("object", name), str):
            raise TypeError(f'readiness_check needs a name: write @app.readiness_check("database"), not {name!r}')
        if timeout_s <= 0:
            raise ValueError(f"timeout_s is {timeout_s}; it is a number of seconds above 0")

        def register(function: F) -> F:
            with self._registration:
                self._readiness.add(name, function, timeout_s)
            return function

        return register

    def on_startup[F: Hook](self, hook: F) -> F:
        """Run a function without arguments, plain or async, at start-up, before `lifespan`; it is returned as it is."""
        return self._lifespan.hooks.on_startup(hook)

    def on_shutdown[F: Hook](self, hook: F) -> F:
        """Run a function without arguments, plain or async, at shutdown, the last registered first."""
        return self._lifespan.hooks.on_shutdown(hook)

    def on_loop_startup[F: Hook](self, hook: F) -> F:
        """Run a function in every event loop that serves the application, after start-up; it is returned as it is.

        If it fails, that loop does not start; in the loop that ran start-up, no loop does.
        """
        check_callable(hook, "on_loop_startup")
        return self._lifespan.loop_hooks.on_startup(hook)

    def on_loop_shutdown[F: Hook](self, hook: F) -> F:
        """Run a function in every event loop that serves the application, before shutdown; the last registered first.

        The loop's requests have ended by then.
        """
        check_callable(hook, "on_loop_shutdown")
        return self._lifespan.loop_hooks.on_shutdown(hook)

    @property
    def plugins(self) -> tuple[Any, ...]:
        """The plugins in the order in which they were added."""
        return self._plugins

    def add_plugin(self, plugin: Any) -> None:
        """Tell an object what the application does from now on: see `Plugin`. What it lacks of that is skipped.

        It sees neither routes that are there already nor, if the application has started, this start-up.

        Raises:
            TypeError: it is a class instead of an object.
        """
        check_plugin(plugin)
        with self._registration:
            self._plugins = (*self._plugins, plugin)

    def add_middleware(self, cls: Callable[..., ASGIApp], **kwargs: Any) -> None:
        """Put every request and WebSocket of the application, whatever answers it, through a middleware.

        The one added first is the outermost. It is made once, here, as `cls(app, **kwargs)`, and serves every thread.

        Raises:
            TypeError: the class cannot be made of these arguments, or its instances cannot be called.
        """
        notify(self._plugins, "on_middleware_added", cls, dict(kwargs))
        with self._registration:
            link = Link(len(self._chain) + 1, self._behind_middleware)
            self._chain = (*self._chain, make_middleware(MiddlewareEntry(cls, kwargs), link))
            self._publish()

    def mount_graphql(
        self,
        path: str,
        *,
        executor: GraphQLExecutor,
        graphiql: bool = False,
        allow_get: bool = True,
        context_factory: ContextFactory | None = None,
        max_depth: int | None = 15,
        timeout_s: float | None = 30.0,
        max_tokens: int | None = 2_000,
    ) -> Route:
        """Answer GraphQL requests, by GET and POST, at a path; the route is named `graphql:<path>`.

        Args:
            path: where; GraphiQL loads its files from below it.
            executor: executes the operations; `hawkapi.graphql.adapters` makes some.
            graphiql: answer browsers with GraphiQL, default off.
            allow_get: as the others, see `hawkapi.graphql.make_graphql_handler`, for what clients see too.

        Raises:
            RouteConflictError: another route answers there. Besides what `make_graphql_handler` raises.
        """
        from hawkapi.graphql.mounting import add_graphql_routes, make_graphql_handler

        handler = make_graphql_handler(
            executor,
            graphiql=graphiql,
            allow_get=allow_get,
            context_factory=context_factory,
            max_depth=max_depth,
            timeout_s=timeout_s,
            max_tokens=max_tokens,
        )
        return add_graphql_routes(self, path, handler, graphiql=graphiql)

    def mount_grpc(
        self,
        servicer: Any,
        *,
        add_to_server: Callable[[Any, Any], object],
        port: int = 50051,
        host: str = "127.0.0.1",
        interceptors: Sequence[Any] = (),
        observability: bool = True,
        reflection: bool = False,
        reflection_service_names: Sequence[str] | None = None,
        ssl_credentials: Any = None,
        autostart: bool = True,
        max_workers: int | None = None,
        options: Sequence[tuple[str, Any]] = (),
        maximum_concurrent_rpcs: int | None = 1000,
    ) -> GrpcMount:
        """Serve a gRPC servicer, on a port of its own, from start-up to shutdown.

        Servicers of one port share a server; what a later one asks for besides the default must be what the first did.

        Args:
            servicer: answers RPCs; its methods may be async, async generators, or plain, which run in threads.
            add_to_server: the function that protoc generated for it.
            port: default 50051; 0 for any free one, see `GrpcMount.port`.
            host: the address to listen on, default this machine alone; "[::]" for all, which needs `ssl_credentials`,
                or a warning is logged.
            interceptors: server interceptors of grpcio, the first outermost, inside of `observability`.
            observability: log and count RPCs, see `HawkAPIObservabilityInterceptor`; default on.
            reflection: describe the services to clients, default off; needs grpcio-reflection.
            reflection_service_names: the full names of the servicer's services, which `reflection` needs.
            ssl_credentials: of `grpc.ssl_server_credentials`, default no TLS.
            autostart: start with the application, default on; otherwise by `GrpcMount.start`.
            max_workers: threads for plain methods, default what `ThreadPoolExecutor` has.
            options: channel arguments of grpcio.
            maximum_concurrent_rpcs: RPCs at a time, default 1000; more are refused with RESOURCE_EXHAUSTED. `None` for
                any number.

        Raises:
            ImportError: grpcio is not installed.
            ConfigurationError: the port has a server that was asked for with other options, or that runs already, or a
                number is out of its range.
        """
        # Here, because most applications have no gRPC.
        from hawkapi.grpc.mount import GrpcOptions
        from hawkapi.grpc.mounting import mount_of

        asked = GrpcOptions(
            port=port,
            host=host,
            interceptors=tuple(interceptors),
            observability=observability,
            reflection=reflection,
            ssl_credentials=ssl_credentials,
            autostart=autostart,
            max_workers=max_workers,
            options=tuple(options),
            maximum_concurrent_rpcs=maximum_concurrent_rpcs,
        )
        with self._registration:
            mount = mount_of(self, self._grpc_mounts, asked)
            mount.add(servicer, add_to_server, reflection_service_names or ())
            if mount not in self._grpc_mounts:
                self._grpc_mounts = (*self._grpc_mounts, mount)
                self.on_loop_startup(mount.start_with_loop)
                self.on_loop_shutdown(mount.stop_with_loop)
        return mount

    def exception_handler[F: Handler](self, key: type[Exception] | int) -> Callable[[F], F]:
        """Answer exceptions of a class, or whatever ends with a status, with the decorated function.

        It takes the request and the exception and returns a response; any other value is sent as JSON with 500. A plain
        function runs in a worker thread. Of several handlers the one for the most specific class counts; one for a
        status counts before those for `HTTPException` and `Exception`. One for `Exception` gets what would be a 500,
        not what has a response of its own: an `HTTPException`, a validation error, a body that is too large.

        Raises:
            TypeError: the key is neither a class of exceptions nor a status.
            ValueError: the status is not from 400 to 599.
        """
        # Here already: `@app.exception_handler` without a key would otherwise register nothing, and say nothing.
        check_key(key)

        def register(handler: F) -> F:
            with self._registration:
                self._exceptions = self._exceptions.add(key, handler)
            return handler

        return register

    def _check_route(self, route: Route) -> Route:
        self._guard(route)
        check_route(route, self.container.has)
        given = route_to_register(self._plugins, route)
        if given is not route:
            route = normalise_route(given)
            self._guard(route)
            check_route(route, self.container.has)
        # Once for the route, not for each request: a rate limit must remember the last one.
        if route.middleware:
            is_websocket = isinstance(route, WebSocketRoute)
            innermost = self._websockets.endpoint if is_websocket else self._behind_route_middleware
            chain = wrap(innermost, route.middleware)
            object.__setattr__(route, "middleware_chain", chain)  # It is not published yet.
        return route

    def _guard(self, route: Route) -> None:
        """Put what asks the policy for its permissions before a route that has some."""
        guard = permission_guard(route, lambda: self._permission_policy)
        if guard is not None:
            object.__setattr__(route, "permission_guard", guard)  # It is not published yet.

    def _apply(self, change: Change) -> None:
        with self._registration:
            super()._apply(give_way(self._probes, self._registry, change))

    def _check_mount(self, mount: Mount) -> None:
        notify(self._plugins, "on_mount_registered", mount)

    def _observe(self, observability: bool | ObservabilityConfig | None) -> None:
        """Put the middleware that tells of requests around the application, if it is wanted.

        Raises:
            TypeError: it is neither `True` nor a configuration.
        """
        if not observability:
            return
        # Here, because most applications have none.
        from hawkapi.observability.config import ObservabilityConfig
        from hawkapi.observability.middleware import ObservabilityMiddleware

        config = ObservabilityConfig() if observability is True else observability
        if not isinstance(cast("object", config), ObservabilityConfig):
            raise TypeError(f"observability is True, False, None or an ObservabilityConfig, not {observability!r}")
        self.add_middleware(ObservabilityMiddleware, config=config)

    def _thread_report(self) -> ThreadReport:
        def started_loops() -> list[Served]:
            return [Served(stay.loop, stay.name, stay.is_stopping) for stay in self._lifespan.stays]

        return ThreadReport(self._workers, started_loops, lambda: self.generation, lambda: self.in_flight)

    def _publish(self) -> None:
        chain = (*self._chain, self._behind_middleware) if self._chain else ()
        self._publication.publish(self._table, chain, self._sockets)
        self._shared_view = self._publication.shared


def check_numbers(
    validation_error_status: int,
    max_body_size: int,
    request_timeout: float | None,
    worker_threads: int,
    shutdown_timeout_s: float,
) -> None:
    """Refuse options of an application that are out of their range.

    Raises:
        ValueError: one is.
    """
    if not 400 <= validation_error_status <= 499:
        raise ValueError(f"validation_error_status is {validation_error_status}; a client error is 400 to 499")
    if max_body_size < 0:
        raise ValueError(f"max_body_size is {max_body_size}; it is a number of bytes, at least 0")
    if request_timeout is not None and request_timeout <= 0:
        raise ValueError(f"request_timeout is {request_timeout}; it is a number of seconds above 0, or None")
    if worker_threads < 1:
        raise ValueError(f"worker_threads is {worker_threads}; it must be at least 1")
    if shutdown_timeout_s < 0:
        raise ValueError(f"shutdown_timeout_s is {shutdown_timeout_s}; it is a number of seconds, at least 0")
