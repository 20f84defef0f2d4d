"""`Flags`: questions about features, and how handlers ask them."""

from __future__ import annotations

import builtins
import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final, Protocol, final, runtime_checkable

from hawkapi._callables import evaluate_annotation, is_async_callable, unwrap_callable
from hawkapi._workers import run_in_worker
from hawkapi.exceptions import HTTPException, check_status
from hawkapi.flags._hooks import HookTasks, notify
from hawkapi.flags.providers import StaticFlagProvider
from hawkapi.http.headers import Headers
from hawkapi.requests.connection import HTTPConnection

__all__ = ["EvalContext", "FlagDisabled", "FlagProvider", "Flags", "get_flags", "requires_flag"]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EvalContext:
    """Whom a flag is asked for. Immutable; providers may decide by it."""

    user_id: str | None = None
    """Never taken from what a client sends: whoever knows the user makes the context."""
    tenant_id: str | None = None
    headers: Mapping[str, str] = _NOTHING
    """Of the request, whatever the case of the names; as trustworthy as the client."""
    attrs: Mapping[str, Any] = _NOTHING
    """Anything else that a provider knows how to use."""


@runtime_checkable
class FlagProvider(Protocol):
    """Where flags come from.

    One provider serves every thread and event loop of an application, so its methods must be thread-safe. A flag that
    it does not have, or that is not of the type asked for, is the default.
    """

    async def get_bool(self, key: str, default: bool, *, context: EvalContext | None = None) -> bool:
        """Return whether a flag is on."""
        ...

    async def get_string(self, key: str, default: str, *, context: EvalContext | None = None) -> str:
        """Return a flag that is a text."""
        ...

    async def get_number(self, key: str, default: float, *, context: EvalContext | None = None) -> float:
        """Return a flag that is a finite number."""
        ...


class FlagDisabled(HTTPException):
    """A feature is off; the client sees 404, as if there were nothing, unless another status is given.

    Args:
        key: the flag.
        status_code: the HTTP status that the client sees.
    """

    def __init__(self, key: str, *, status_code: int = 404) -> None:
        super().__init__(status_code, f"flag {key!r} disabled")
        self.key = key


class Flags:
    """The flags of a provider, asked for in one context.

    As thread-safe as its provider. After each answer the plugins of the application hear of it, through
    `on_flag_evaluated(key, value, context)`, plain or async; what that raises is logged and does not reach the caller.

    Args:
        provider: where the flags come from.
        context: whom they are asked for, unless a call says otherwise. Default nobody.
        app: the application whose plugins hear of it. Default none.
    """

    def __init__(self, provider: FlagProvider, context: EvalContext | None = None, *, app: Any = None) -> None:
        self._provider = provider
        self._context = context
        self._app = app
        tasks = getattr(app, "_flag_hooks", None)
        self._hooks = tasks if isinstance(tasks, HookTasks) else HookTasks()

    async def bool(
        self, key: str, default: builtins.bool = False, *, context: EvalContext | None = None
    ) -> builtins.bool:
        """Return whether a flag is on."""
        context = self._context if context is None else context
        return self._told(key, await self._provider.get_bool(key, default, context=context), context)

    async def string(self, key: str, default: str = "", *, context: EvalContext | None = None) -> str:
        """Return a flag that is a text."""
        context = self._context if context is None else context
        return self._told(key, await self._provider.get_string(key, default, context=context), context)

    async def number(self, key: str, default: float = 0.0, *, context: EvalContext | None = None) -> float:
        """Return a flag that is a number."""
        context = self._context if context is None else context
        return self._told(key, await self._provider.get_number(key, default, context=context), context)

    async def require(self, key: str, *, context: EvalContext | None = None) -> None:
        """Do nothing if a flag is on.

        Raises:
            FlagDisabled: it is off, or unknown; the client sees 404.
        """
        if not await self.bool(key, context=context):
            raise FlagDisabled(key)

    def _told[T](self, key: str, value: T, context: EvalContext | None) -> T:
        notify(self._app, self._hooks, key, value, context)
        return value


async def get_flags(request: HTTPConnection) -> Flags:
    """Return the flags of the application that serves a request or a WebSocket; used as `Depends(get_flags)`.

    The context has the header fields, and nobody as user and tenant: what a client says of itself proves nothing.
    """
    app = request.scope.get("app")
    provider = getattr(app, "flags", None)
    if provider is None:
        provider = StaticFlagProvider({})
    return Flags(provider, EvalContext(headers=_HeaderMapping(request.headers)), app=app)


@final
class _HeaderMapping(Mapping[str, str]):
    """Header fields as a mapping: names, in lower case and once each, to their last values. Immutable."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def __getitem__(self, key: str) -> str:
        return self._headers[key]

    def __contains__(self, key: object) -> bool:
        return key in self._headers

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name in self._headers.keys()))  # noqa: SIM118 - it is no mapping

    def __len__(self) -> int:
        return sum(1 for _ in self)


def requires_flag[F: Callable[..., Any]](
    key: str, *, status_code: int = 404, default: bool = False
) -> Callable[[F], F]:
    """Call a handler only if a flag is on; it goes below the decorator of the route.

    The handler may be a coroutine function or a plain one, which goes on running in a worker thread, and needs no
    parameter for the request. Calling the result gives a coroutine in both cases; by hand it needs a `Request` among
    its arguments, or as `request=`.

    Args:
        key: the flag.
        status_code: the HTTP status of the answer if it is off, default 404.
        default: what an unknown flag is.

    Raises:
        ValueError: the status is none.
    """
    check_status(status_code)

    def decorate(handler: F) -> F:
        waits = is_async_callable(handler)
        signature, added = _with_request(handler)

        @functools.wraps(handler)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            request = next((value for value in (*args, *kwargs.values()) if isinstance(value, HTTPConnection)), None)
            if request is None:
                raise HTTPException(500, f"flag {key!r} needs a Request among the arguments of the handler")
            if not await (await get_flags(request)).bool(key, default):
                raise FlagDisabled(key, status_code=status_code)
            kwargs.pop(added, None)
            call = functools.partial(handler, *args, **kwargs)
            result = call() if waits else await run_in_worker(request.scope, call)
            return await result if inspect.isawaitable(result) else result

        made: Any = guarded
        made.__signature__ = signature
        return made  # type: ignore[no-any-return] # What it returns besides, the type of a decorator cannot say.

    return decorate


def _with_request(handler: Callable[..., Any]) -> tuple[inspect.Signature, str]:
    """Return a signature with a parameter for the request, and its name; empty if the handler has one itself."""
    signature = inspect.signature(handler)
    parameters = list(signature.parameters.values())
    function = unwrap_callable(handler)
    if any(_takes_connection(parameter.annotation, function) for parameter in parameters):
        return signature, ""
    name = "request"
    while name in signature.parameters:
        name = f"_{name}"
    place = len(parameters) - bool(parameters and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
    # Not `Request`: the handler of a WebSocket is a handler too.
    parameters.insert(place, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=HTTPConnection))
    return signature.replace(parameters=parameters), name


def _takes_connection(annotation: Any, function: Any) -> bool:
    """Whether a parameter takes a request or a WebSocket, as far as its annotation can be read already."""
    try:
        meant = evaluate_annotation(annotation, function)
    except Exception:  # noqa: BLE001 - users' source, which may name what is defined later; then it gets one more
        return False
    if typing.get_origin(meant) is Annotated:
        meant = meant.__origin__
    return isinstance(meant, type) and issubclass(meant, HTTPConnection)
