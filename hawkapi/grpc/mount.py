"""`GrpcMount`: a gRPC server that lives as long as an application runs.

A server of `grpc.aio` belongs to one event loop, an application may have many. So the first loop that starts the
application starts the server too, after everything else of start-up, and stops it before shutdown; the other loops
find it running. Each period of the application (`lifespan/_periods.py`) has a server of its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import ipaddress
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, final

from hawkapi._threading import AsyncLock, named_lock
from hawkapi.grpc._library import load_aio
from hawkapi.grpc.errors import ConfigurationError

__all__ = ["DEFAULT_GRACE_S", "GrpcMount", "GrpcOptions"]

logger: Final = logging.getLogger("hawkapi.grpc")

DEFAULT_GRACE_S: Final = 5.0
REUSE_PORT: Final = "grpc.so_reuseport"

type AddToServer = Callable[[Any, Any], object]
"""What protoc generates: `add_GreeterServicer_to_server(servicer, server)`."""


@dataclass(frozen=True, slots=True)
class GrpcOptions:
    """What a gRPC server is made with; see `HawkAPI.mount_grpc`. Immutable."""

    port: int = 50051
    host: str = "127.0.0.1"
    interceptors: tuple[Any, ...] = ()
    observability: bool = True
    reflection: bool = False
    ssl_credentials: Any = None
    autostart: bool = True
    max_workers: int | None = None
    options: tuple[tuple[str, Any], ...] = ()
    maximum_concurrent_rpcs: int | None = 1000

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError(f"port is {self.port}; it is a number from 0, for any free one, to 65535")
        for name in ("max_workers", "maximum_concurrent_rpcs"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ConfigurationError(f"{name} is {number}; it is a number of at least 1, or None")

    def differing(self, later: GrpcOptions) -> list[str]:
        """Return the names of what others have different, left out what they have as it is by default."""
        return [
            field.name
            for field in dataclasses.fields(self)
            if getattr(later, field.name) not in (getattr(self, field.name), field.default)
        ]


class _Service(NamedTuple):
    servicer: Any
    add_to_server: AddToServer


class _Running(NamedTuple):
    """A server that was started, and what belongs to it."""

    server: Any
    loop: asyncio.AbstractEventLoop
    pool: ThreadPoolExecutor
    port: int


@final
class GrpcMount:
    """A gRPC server and its servicers; made by `HawkAPI.mount_grpc`.

    Thread-safe: `start` and `stop` may be called from every loop. The server belongs to the loop that started it.

    Args:
        options: what it is made with.
        interceptors: around all methods, the first outermost.
        make_server: makes servers, default `grpc.aio.server`.
    """

    def __init__(
        self, options: GrpcOptions, interceptors: Iterable[Any] = (), *, make_server: Callable[..., Any] | None = None
    ) -> None:
        self.options = options
        self._interceptors = tuple(interceptors)
        self._make_server = make_server
        # Protects the servicers, their names for reflection, and whether more may come: who adds one and who starts the
        # server exclude each other, so none is left out silently. Held for a few statements. Not covered: starting and
        # stopping, which wait; `_changing` has them one after the other, in all loops. It is held while the generated
        # functions add servicers, which call nothing of hawkapi.
        self._guard = named_lock("grpc")
        self._services: tuple[_Service, ...] = ()
        self._names: tuple[str, ...] = ()
        self._sealed = False
        self._changing = AsyncLock()
        # THREADS: one store, by who has `_changing`; one load.
        self._running: _Running | None = None

    @property
    def port(self) -> int:
        """The port that the server listens on; what was asked for as long as it does not run."""
        running = self._running
        return self.options.port if running is None else running.port

    @property
    def server(self) -> Any:
        """The `grpc.aio.Server`; `None` as long as it does not run."""
        running = self._running
        return None if running is None else running.server

    def add(self, servicer: Any, add_to_server: AddToServer, names: Iterable[str] = ()) -> None:
        """Have a servicer served from the next start on.

        Args:
            servicer: answers RPCs.
            add_to_server: the function that protoc generated for it.
            names: of its services, for reflection.

        Raises:
            ConfigurationError: the server has been started, or the names are one text.
        """
        if isinstance(names, str):
            raise ConfigurationError(f"reflection_service_names is {names!r}; it is a list of names: [{names!r}]")
        with self._guard:
            if self._sealed:
                name = type(servicer).__qualname__
                raise ConfigurationError(f"the gRPC server on port {self.port} runs; mount {name} before it starts")
            self._services = (*self._services, _Service(servicer, add_to_server))
            self._names = tuple(dict.fromkeys((*self._names, *names)))

    async def start(self) -> None:
        """Start the server on the running event loop; nothing where it runs already.

        Raises:
            ConfigurationError: the address cannot be listened on, or reflection lacks something.
            ImportError: grpcio is not installed.
        """
        async with self._changing:
            if self._running is not None and not self._running.loop.is_closed():
                return
            with self._guard:
                self._sealed = True
                services, names = self._services, self._names
            try:
                self._running = await self._launch(services, names)
            except BaseException:
                self._unseal()
                raise
        logger.info("gRPC server started on %s", self._address(self.port))

    async def stop(self, grace: float | None = DEFAULT_GRACE_S) -> None:
        """Stop the server; nothing where it does not run.

        Args:
            grace: seconds that RPCs get to end, default 5; `None` for none. New ones are refused meanwhile.
        """
        async with self._changing:
            running = self._running
            if running is None:
                return
            try:
                await _stop(running, grace)
            finally:
                self._running = None
                self._unseal()
        logger.info("gRPC server stopped")

    async def start_with_loop(self) -> None:
        """Start with the application; for `on_loop_startup`. Of several loops the first is the only one."""
        if self.options.autostart:
            await self.start()

    async def stop_with_loop(self) -> None:
        """Stop with the loop that the server belongs to; for `on_loop_shutdown`."""
        running = self._running
        if running is not None and running.loop is asyncio.get_running_loop():
            await self.stop()

    def _unseal(self) -> None:
        with self._guard:
            self._sealed = False

    async def _launch(self, services: tuple[_Service, ...], names: tuple[str, ...]) -> _Running:
        pool = ThreadPoolExecutor(self.options.max_workers, thread_name_prefix="hawkapi-grpc")
        server = (self._make_server or load_aio().server)(
            migration_thread_pool=pool,
            interceptors=self._interceptors,
            # SECURITY: otherwise whoever listens on the port too, an old process for example, silently gets half of
            # the connections.
            options=((REUSE_PORT, 0), *self.options.options),
            maximum_concurrent_rpcs=self.options.maximum_concurrent_rpcs,
        )
        try:
            for service in services:
                service.add_to_server(service.servicer, server)
            if self.options.reflection:
                _enable_reflection(server, names)
            port = self._bind(server)
            await server.start()
        except BaseException:
            pool.shutdown(wait=False)
            await server.stop(None)
            raise
        return _Running(server, asyncio.get_running_loop(), pool, port)

    def _bind(self, server: Any) -> int:
        """Have a server listen, and return the port.

        Raises:
            ConfigurationError: it cannot.
        """
        address = self._address(self.options.port)
        if self.options.ssl_credentials is None and not _is_loopback(self.options.host):
            logger.warning("gRPC on %s is open to other machines, without TLS: pass ssl_credentials=", address)
        cause: Exception | None = None
        port = 0
        try:
            if self.options.ssl_credentials is None:
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, self.options.ssl_credentials)
        except RuntimeError as exc:
            cause = exc
        if port == 0:
            raise ConfigurationError(
                f"gRPC cannot listen on {address}: the port is taken, or the address is not of this machine; processes "
                f'that shall share a port need options=[("{REUSE_PORT}", 1)]'
            ) from cause
        return port

    def _address(self, port: int) -> str:
        host = self.options.host
        return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


async def _stop(running: _Running, grace: float | None) -> None:
    """Stop a server in its own loop; one whose loop does not run any more is left to the garbage collector."""
    try:
        if running.loop is asyncio.get_running_loop():
            await running.server.stop(grace)
        elif running.loop.is_running():
            stopping = asyncio.run_coroutine_threadsafe(running.server.stop(grace), running.loop)
            await asyncio.wrap_future(stopping)
    finally:
        running.pool.shutdown(wait=False)


def _enable_reflection(server: Any, names: tuple[str, ...]) -> None:
    """Have a server describe its services to clients.

    Raises:
        ConfigurationError: their names are missing, or grpcio-reflection is.
    """
    if not names:
        raise ConfigurationError(
            'reflection=True needs the names of the services: reflection_service_names=["package.Service"]'
        )
    try:
        reflection: Any = importlib.import_module("grpc_reflection.v1alpha.reflection")
    except ImportError as exc:
        raise ConfigurationError("reflection=True needs grpcio-reflection: pip install 'hawkapi[grpc]'") from exc
    reflection.enable_server_reflection(tuple(dict.fromkeys((*names, reflection.SERVICE_NAME))), server)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False  # A name, of whatever.
