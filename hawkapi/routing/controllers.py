"""Controllers: routes as methods of a class, of which every request gets a fresh instance.

::

    class Users(Controller):
        prefix = "/users"

        @get("/{user_id:int}")
        async def read(self, user_id: int) -> User: ...


    app.include_controller(Users)
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, NamedTuple, Unpack

from hawkapi.routing._parse import join_paths, require_path
from hawkapi.routing.options import RouteOptions, build_route
from hawkapi.routing.route import Route

__all__ = ["Controller", "delete", "get", "patch", "post", "put"]

MARK: Final = "__hawkapi_routes__"
"""The attribute of a decorated method that holds its `MethodRoute`s."""


class Controller:
    """The base of controllers. Instances are made without arguments, one per request, and belong to that request."""

    prefix: ClassVar[str] = ""
    """Stands between the router's prefix and the path of each method."""
    tags: ClassVar[Sequence[str]] = []
    """Come after the tags of each method."""


class MethodRoute(NamedTuple):
    """What a decorator said of a method."""

    path: str
    method: str
    status_code: int
    options: RouteOptions


def get[F: Callable[..., Any]](
    path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
) -> Callable[[F], F]:
    """Let the decorated method of a controller answer `GET` and `HEAD`; it is returned as it is."""
    return _decorator(MethodRoute(path, "GET", status_code, options))


def post[F: Callable[..., Any]](
    path: str, *, status_code: int = 201, **options: Unpack[RouteOptions]
) -> Callable[[F], F]:
    """Let the decorated method of a controller answer `POST`; it is returned as it is."""
    return _decorator(MethodRoute(path, "POST", status_code, options))


def put[F: Callable[..., Any]](
    path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
) -> Callable[[F], F]:
    """Let the decorated method of a controller answer `PUT`; it is returned as it is."""
    return _decorator(MethodRoute(path, "PUT", status_code, options))


def patch[F: Callable[..., Any]](
    path: str, *, status_code: int = 200, **options: Unpack[RouteOptions]
) -> Callable[[F], F]:
    """Let the decorated method of a controller answer `PATCH`; it is returned as it is."""
    return _decorator(MethodRoute(path, "PATCH", status_code, options))


def delete[F: Callable[..., Any]](
    path: str, *, status_code: int = 204, **options: Unpack[RouteOptions]
) -> Callable[[F], F]:
    """Let the decorated method of a controller answer `DELETE`; it is returned as it is."""
    return _decorator(MethodRoute(path, "DELETE", status_code, options))


def _decorator[F: Callable[..., Any]](route: MethodRoute) -> Callable[[F], F]:
    require_path(route.path, f"a method needs a path: write @{route.method.lower()}('/path')")

    def mark(method: F) -> F:
        setattr(method, MARK, (*getattr(method, MARK, ()), route))
        return method

    return mark


def controller_routes(controller: type[Controller]) -> list[Route]:
    """Return the routes of a controller's methods, below the controller's prefix, in the order of the methods' names.

    Raises:
        TypeError: it is not a subclass of `Controller`, or an instance of it cannot be made without arguments.
    """
    _check_controller(controller)
    routes: list[Route] = []
    for name in dir(controller):
        if name.startswith("_"):
            continue
        for method in _written_on(inspect.getattr_static(controller, name)):
            route = build_route(
                join_paths(controller.prefix, method.path),
                _handler_of(controller, name),
                (method.method,),
                method.status_code,
                {**method.options, "name": method.options.get("name") or name},
            )
            routes.append(dataclasses.replace(route, tags=[*route.tags, *controller.tags]))
    return routes


def _written_on(member: object) -> tuple[MethodRoute, ...]:
    """Return what decorators said of a member, outside or inside of `staticmethod` and `classmethod`."""
    written: tuple[MethodRoute, ...] = getattr(member, MARK, ()) or getattr(getattr(member, "__func__", None), MARK, ())
    return written


def _check_controller(controller: object) -> None:
    if not isinstance(controller, type) or not issubclass(controller, Controller):
        raise TypeError(f"{controller!r} is not a Controller subclass")
    try:
        inspect.signature(controller).bind()
    except TypeError as exc:
        raise TypeError(f"{controller.__qualname__} is made anew for each request, without arguments: {exc}") from None
    except ValueError:
        return  # A class without a signature: calling it will tell.


def _handler_of(controller: type[Controller], name: str) -> Callable[..., Any]:
    """Return a function that calls a method of a fresh instance, and that looks like the method without `self`.

    A static or class method needs no instance and is its own handler.
    """
    if isinstance(inspect.getattr_static(controller, name), staticmethod | classmethod):
        handler: Callable[..., Any] = getattr(controller, name)
        return handler
    method = getattr(controller, name)

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        return method(controller(), *args, **kwargs)

    signature = inspect.signature(method)
    rest = list(signature.parameters.values())[1:]
    setattr(call, "__signature__", signature.replace(parameters=rest))  # noqa: B010 - no type knows the attribute
    # PERF: marking instead of another coroutine around the method's saves a coroutine per request.
    return inspect.markcoroutinefunction(call) if inspect.iscoroutinefunction(method) else call
