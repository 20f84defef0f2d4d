"""Plugins: objects that are told what an application does, and may change its routes and its description."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from hawkapi.requests import Request
from hawkapi.requests.connection import HTTPConnection
from hawkapi.routing.mounts import Mount
from hawkapi.routing.route import Route

__all__ = ["Plugin"]

logger = logging.getLogger("hawkapi")


class Plugin:
    """Base of plugins: override what you need. Nothing of it is necessary; hooks that an object lacks are skipped.

    An object that has `on_flag_evaluated(key, value, context)` too is told of every feature flag that is evaluated.

    One object serves all threads: hooks run in whatever thread registers a route or answers a request.
    """

    def on_route_registered(self, route: Route) -> Route | None:
        """See a route before it is published, and return the one to register; `None` keeps it.

        Called once for each route, whether it comes from a decorator, a router, a controller, or takes the place of
        another. What this raises refuses the whole registration. A route that contradicts another one is refused after
        this has seen it.
        """
        return route

    def on_mount_registered(self, mount: Mount) -> None:
        """See an application that is going to be mounted, before it is; what this raises refuses the registration."""

    def on_schema_generated(self, spec: dict[str, Any]) -> dict[str, Any] | None:
        """Return the OpenAPI document to use; `None` keeps the one that was given, with what was changed in it."""
        return spec

    def on_startup(self) -> Awaitable[None] | None:
        """Start up, before the start-up hooks; may be async. What this raises fails the start."""

    def on_shutdown(self) -> Awaitable[None] | None:
        """Shut down, after the shutdown hooks; may be async. Called only if `on_startup` went well."""

    def on_exception(self, request: Request, exc: Exception) -> Awaitable[None] | None:
        """See an exception that nothing expected, before exception handlers answer it; may be async.

        Expected are an `HTTPException`, a validation error, and a body that is too large: those are answers. Runs on
        the event loop. What this raises is logged. For what fails in a WebSocket, `request` is the `WebSocket`.
        """

    def on_middleware_added(self, cls: Callable[..., Any], kwargs: dict[str, Any]) -> None:
        """See a middleware before it is made; what this raises refuses it."""


def check_plugin(plugin: object) -> None:
    """Refuse what cannot be a plugin.

    Raises:
        TypeError: it is a class, or `None`.
    """
    if isinstance(plugin, type):
        raise TypeError(f"add_plugin needs an object: write add_plugin({plugin.__name__}(...))")
    if plugin is None:
        raise TypeError("add_plugin needs an object, not None")


def route_to_register[R](plugins: Iterable[object], route: R) -> R:
    """Return the route that plugins make of a route, each of what the one before it returned.

    Args:
        plugins: in order; what they lack is skipped.
        route: of any kind; a hook returns one of the same kind, or `None` to keep it.

    Raises:
        TypeError: a hook returned something else.
        Exception: whatever a hook raises.
    """
    return chained(plugins, "on_route_registered", route, type(route))


def spec_to_publish(plugins: Iterable[object], spec: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document that plugins make of one; the rest is as for `route_to_register`."""
    return chained(plugins, "on_schema_generated", spec, dict)


def chained[V](plugins: Iterable[object], hook: str, value: V, kind: type) -> V:
    """Pass a value through a hook of every plugin.

    Raises:
        TypeError: a hook returned neither something of this kind nor `None`.
    """
    for plugin in plugins:
        function = getattr(plugin, hook, None)
        if function is None:
            continue
        returned = function(value)
        if isinstance(returned, kind):
            value = cast("V", returned)
        elif returned is not None:
            if inspect.iscoroutine(returned):
                returned.close()
            name = f"{type(plugin).__qualname__}.{hook}"
            raise TypeError(
                f"{name} returned {returned!r}; return a {kind.__name__}, or None to keep what it was given"
            )
    return value


def notify(plugins: Iterable[object], hook: str, *arguments: object) -> None:
    """Call a hook of every plugin that has it.

    Raises:
        Exception: whatever a hook raises.
    """
    for plugin in plugins:
        function = getattr(plugin, hook, None)
        if function is not None:
            function(*arguments)


async def notify_failure(plugins: Iterable[object], request: HTTPConnection, exc: Exception) -> None:
    """Tell every plugin of an exception; one that fails is logged, and the others are told all the same."""
    for plugin in plugins:
        on_exception = getattr(plugin, "on_exception", None)
        if on_exception is None:
            continue
        try:
            result = on_exception(request, exc)
            if inspect.isawaitable(result):
                await result
        except Exception:  # a plugin that fails must not take the response away
            logger.exception("%s.on_exception failed", type(plugin).__qualname__)
