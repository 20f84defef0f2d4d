"""Which functions of a project run for requests, in what thread, and whether a lock is held around them.

It begins with handlers, what they depend on, providers that requests make, middleware and exception handlers, and
follows every reference from one of the project's functions to another, called or handed on: a function that is passed
to `add_task` runs too. What is not reached, start-up code and scripts among it, is judged by no rule about requests.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

from hawkapi._callables import evaluate_annotation, is_async_callable, is_async_generator_callable, unwrap_callable
from hawkapi.app import HawkAPI
from hawkapi.di._graph import Lifecycle
from hawkapi.di.depends import Dependency
from hawkapi.doctor._functions import Function, Functions
from hawkapi.doctor._known import class_of
from hawkapi.doctor._meanings import UNKNOWN, InstanceOf, Meanings, Use
from hawkapi.doctor._project import Project
from hawkapi.routing.router import Router

__all__ = ["Part", "Reached", "RequestCode", "applications_of", "parts_of"]

type Role = Literal["handler", "dependency", "provider", "middleware", "exception handler", "helper"]

TO_THREADS: Final = ("to_thread", "run_in_executor", "run_sync", "submit")
"""What runs its arguments in another thread."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something of an application that requests run."""

    value: Any
    role: Role


@dataclass(frozen=True, slots=True)
class Reached:
    """A function that runs for requests."""

    use: Use
    role: Role
    guarded: bool
    """Whether a lock is held wherever it is called."""
    in_worker: bool
    """Whether it may run in a worker thread, which has no event loop."""

    @property
    def function(self) -> Function:
        """Its source."""
        return self.use.function


def applications_of(app: HawkAPI) -> list[HawkAPI]:
    """Return an application, and those of ours that are mounted in it."""
    found = [app]
    for each in found:
        found += [mount.app for mount in each.mounts if isinstance(mount.app, HawkAPI) and mount.app not in found]
    return found


def parts_of(app: HawkAPI) -> list[Part]:
    """Return what an application runs for requests."""
    parts = list(_parts_of_router(app))
    for value in vars(app).values():
        # The middleware is in a tuple, as it is called.
        if isinstance(value, tuple) and value is not app.plugins:
            parts += [Part(each, "middleware") for each in cast("tuple[object, ...]", value)]
    for provider in app.container.engine.view.providers.values():
        if provider.lifecycle in {Lifecycle.SCOPED, Lifecycle.TRANSIENT}:
            parts.append(Part(provider.factory, "provider"))
    handled = [*parts]
    while handled:
        found = [Part(each, "dependency") for each in _dependencies_of(handled.pop().value)]
        new = [part for part in found if part not in parts]
        parts += new
        handled += new
    return parts


def _parts_of_router(router: Router) -> Iterator[Part]:
    for route in [*router.routes, *router.websocket_routes]:
        yield Part(route.handler, "handler")
        yield from (Part(each, "dependency") for each in _marked(route.dependencies))
        yield from (Part(entry.cls, "middleware") for entry in route.middleware or ())
    yield from (Part(each, "dependency") for each in _marked(router.dependencies))


def _marked(markers: Iterable[Any]) -> Iterator[Any]:
    yield from (each.dependency for each in markers if isinstance(each, Dependency) and each.dependency is not None)


def _dependencies_of(called: Any) -> Iterator[Any]:
    """Yield what a callable depends on with `Depends(...)`."""
    try:
        parameters = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        return
    for parameter in parameters:
        yield from _marked([parameter.default])
        try:
            annotation = evaluate_annotation(parameter.annotation, unwrap_callable(called))
        except Exception:  # noqa: BLE001, S112 - a user's source may raise anything; what it needs cannot be told then
            continue
        yield from _marked(getattr(getattr(annotation, "__value__", annotation), "__metadata__", ()))


class RequestCode:
    """The functions that requests reach.

    Args:
        parts: where it begins.
        project: the modules.
        functions: of these.
        meanings: of what the functions refer to.
    """

    def __init__(self, parts: Iterable[Part], project: Project, functions: Functions, meanings: Meanings) -> None:
        self._project = project
        self._functions = functions
        self._meanings = meanings
        self._reached: dict[Use, Reached] = {}
        waiting = [reached for part in parts for reached in self._starts(part)]
        waiting += self._exception_handlers()
        while waiting:
            waiting += self._visit(waiting.pop())
        self._functions_reached = frozenset(use.function for use in self._reached)

    def __iter__(self) -> Iterator[Reached]:
        """Yield them."""
        return iter(self._reached.values())

    def runs(self, function: Function) -> bool:
        """Whether a function runs for requests."""
        return function in self._functions_reached

    def _starts(self, part: Part) -> Iterator[Reached]:
        live = part.value
        in_worker = part.role != "provider"
        if part.role == "middleware":
            yield from self._middleware(live)
        elif isinstance(live, type):
            live = cast("type[Any]", live)
            yield from self._start(vars(live).get("__init__"), part, InstanceOf(live), UNKNOWN, in_worker=in_worker)
        elif inspect.ismethod(live):
            # Of a controller, or of an object that was made for all requests.
            owner = live.__self__
            cls = owner if isinstance(owner, type) else type(owner)
            yield from self._start(live, part, InstanceOf(cls, shared=True), owner, in_worker=in_worker)
        elif inspect.isroutine(live) or isinstance(live, functools.partial) or hasattr(live, "__wrapped__"):
            yield from self._start(live, part, None, UNKNOWN, in_worker=in_worker)
        else:
            yield from self._start(live, part, InstanceOf(class_of(live), shared=True), live, in_worker=in_worker)

    def _start(
        self, live: Any, part: Part, owner: InstanceOf | None, instance: Any, *, in_worker: bool
    ) -> Iterator[Reached]:
        function = self._functions.of(live)
        if function is not None:
            is_async = is_async_callable(live) or is_async_generator_callable(live) or function.is_async
            use = _use(function, owner, instance, unwrap_callable(live))
            yield Reached(use, part.role, guarded=False, in_worker=in_worker and not is_async)

    def _middleware(self, live: Any) -> Iterator[Reached]:
        """Yield the methods of a middleware that requests call: `__call__`, and the public ones, its hooks."""
        cls = live if isinstance(live, type) else type(live)
        owner = InstanceOf(cls, shared=True)
        for base in cls.__mro__:
            node = self._project.class_node(base)
            for function in self._functions.methods(node) if node is not None else ():
                name = function.node.name
                if name == "__call__" or not name.startswith("_"):
                    use = _use(function, owner, UNKNOWN if isinstance(live, type) else live, None)
                    yield Reached(use, "middleware", guarded=False, in_worker=False)

    def _exception_handlers(self) -> Iterator[Reached]:
        for function in self._functions.all:
            for decorator in function.node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(called, ast.Attribute) and called.attr == "exception_handler":
                    yield Reached(Use(function), "exception handler", guarded=False, in_worker=not function.is_async)

    def _visit(self, new: Reached) -> list[Reached]:
        """Note a function; return what it refers to unless nothing new was learnt."""
        known = self._reached.get(new.use)
        if known is not None:
            merged = replace(
                known,
                role=new.role if known.role == "helper" else known.role,
                guarded=known.guarded and new.guarded,
                in_worker=known.in_worker or new.in_worker,
            )
            if merged == known:
                return []
            new = merged
        self._reached[new.use] = new
        return list(self._referred(new))

    def _referred(self, reached: Reached) -> Iterator[Reached]:
        function = reached.function
        for node in function.nodes:
            inner = self._functions.by_node.get(node)
            if inner is not None:
                # One that is defined in it, and may run at any time.
                yield self._callee(reached, node, replace(reached.use, function=inner))
            elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                for live, owner, instance in self._meanings.called(node, reached.use):
                    found = self._functions.of(live) if callable(live) else None
                    if found is not None:
                        use = _use(found, owner if found.owner is not None else None, instance, live)
                        yield self._callee(reached, node, use)

    def _callee(self, caller: Reached, node: ast.AST, use: Use) -> Reached:
        guarded = caller.guarded or caller.function.is_guarded(node)
        plain = not use.function.is_async
        in_worker = plain and (caller.in_worker or _is_sent_to_thread(caller.function, node))
        return Reached(use, "helper", guarded, in_worker)


def _use(function: Function, owner: InstanceOf | None, instance: Any, live: Any) -> Use:
    if owner is None:
        return Use(function, live=live)
    return Use(function, owner.cls, owner.shared, instance, live)


def _is_sent_to_thread(function: Function, node: ast.AST) -> bool:
    call = function.module.parents.get(node)
    return (
        isinstance(call, ast.Call)
        and node in call.args
        and isinstance(call.func, ast.Attribute | ast.Name)
        and (call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id) in TO_THREADS
    )
