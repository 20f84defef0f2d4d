"""Rules about what lives as long as the application, and must not: it belongs to one event loop, or to one thread."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hawkapi.doctor._functions import Function, own_nodes
from hawkapi.doctor._known import LOOP_BOUND, PRIMITIVES, THREAD_BOUND, Table, made_by, matches
from hawkapi.doctor._meanings import Use, names_at_top
from hawkapi.doctor._project import Place, SourceModule, written
from hawkapi.doctor._sharing import targets_of
from hawkapi.doctor.survey import Survey

type Look = Iterator[tuple[Place, str, str]]

HARMLESS: Final = ("check_same_thread=False", "NullPool")
"""Options with which an object of these classes keeps nothing that is bound: sqlite3's, and SQLAlchemy's."""

PRIMITIVE_FIX: Final = (
    "Make it where it is used, in the function or for the request; for what all loops share take a threading.Lock, and "
    "await nothing while it is held."
)
CLIENT_FIX: Final = (
    "Make one for each loop: container.per_loop(...), or a function with @app.on_loop_startup that keeps it by loop."
)
THREAD_FIX: Final = "Open one for each request: a scoped provider of the container, or a dependency that yields it."


def primitives(survey: Survey) -> Look:
    """Find locks, queues and the like of asyncio that outlive an event loop."""
    says = "the first loop that waits for it owns it, it raises RuntimeError in others, and no two threads may use it"
    return _all(survey, PRIMITIVES, says, PRIMITIVE_FIX)


def clients(survey: Survey) -> Look:
    """Find clients and pools whose connections belong to one event loop."""
    says = "its connections belong to the loop that opened them, and fail or hang in others"
    return _all(survey, LOOP_BOUND, says, CLIENT_FIX)


def thread_bound(survey: Survey) -> Look:
    """Find what one thread at a time may use."""
    says = "only one thread at a time may use it, and requests run in several"
    return _all(survey, THREAD_BOUND, says, THREAD_FIX)


def _all(survey: Survey, table: Table, says: str, fix: str) -> Look:
    seen: set[tuple[Any, int]] = set()
    for place, name, where in [*_living(survey, table), *_of_singletons(survey, table), *_stored(survey, table)]:
        key = (place.path, place.line)
        if key not in seen:
            seen.add(key)
            yield place, f"{name} is kept as {where}: {says}.", fix


def _living(survey: Survey, table: Table) -> Iterator[tuple[Place, str, str]]:
    """Yield what there is already, once the application has been imported."""
    for found in survey.kept.found:
        name = matches(found.value, table)
        place, source = found.locate() if name is not None else (None, "")
        if name is not None and place is not None and not any(option in source for option in HARMLESS):
            yield place, name, found.where


def _of_singletons(survey: Survey, table: Table) -> Iterator[tuple[Place, str, str]]:
    """Yield what the container is going to keep: singletons, and what they are made with."""
    for provider in survey.singletons:
        where = f"the singleton {provider.label}"
        function = survey.functions.of(provider.factory) if not isinstance(provider.factory, type) else None
        if isinstance(provider.factory, type):
            yield from _of_instances(survey, provider.factory, table, where)
        if function is None:
            name = _class_in(provider.factory, table) or _class_in(provider.key[0], table)
            if name is not None:
                yield _registered(survey, provider.factory), name, where
        else:
            made = list(_handed_on(survey, function, table))
            yield from ((place, name, where) for place, name in made)
            name = _class_in(provider.key[0], table)
            if not made and name is not None:
                yield function.module.place(function.node), name, where
            for cls in _classes_made(survey, function):
                yield from _of_instances(survey, cls, table, where)


def _class_in(cls: Any, table: Table) -> str | None:
    """Return what a class is called if it, or what it derives from, is in a table."""
    bases = cls.__mro__ if isinstance(cls, type) else ()
    return next((name for base in bases if (name := made_by(f"{base.__module__}.{base.__qualname__}", table))), None)


def _registered(survey: Survey, factory: object) -> Place:
    """Return the line of a lambda, or that names a factory in a call, as `container.singleton(T, factory=T)` does."""
    own, code = survey.project.module_of(factory), getattr(factory, "__code__", None)
    if own is not None and code is not None:
        return own.place(code.co_firstlineno)
    for module in survey.project.modules:
        for node in module.nodes:
            if isinstance(node, ast.Call) and any(
                keyword.arg == "factory" and _is(keyword.value, module, factory) for keyword in node.keywords
            ):
                return module.place(node)
    return Place(None, text=getattr(factory, "__qualname__", repr(factory)))


def _is(node: ast.expr, module: SourceModule, wanted: object) -> bool:
    name = f"{getattr(wanted, '__module__', '')}.{getattr(wanted, '__qualname__', '')}"
    return name in names_at_top(node, module) or (
        isinstance(node, ast.Attribute) and node.attr == getattr(wanted, "__name__", None)
    )


def _of_instances(survey: Survey, cls: type, table: Table, where: str) -> Iterator[tuple[Place, str, str]]:
    """Yield what instances of a class of the project set as their attributes when they are made."""
    for base in cls.__mro__:
        node = survey.project.class_node(base)
        if node is None:
            continue
        for function in survey.functions.methods(node):
            if function.node.name in {"__init__", "__post_init__"}:
                for target, statement in targets_of(function.nodes):
                    if written(target).startswith("self."):
                        yield from (
                            (place, name, f"an attribute of {where}")
                            for place, name in _made_in(survey, [statement], Use(function), table)
                        )
        module = survey.project.module_of(base)
        for call in own_nodes(node.body):
            # `lock: asyncio.Lock = field(default_factory=asyncio.Lock)`
            for keyword in call.keywords if isinstance(call, ast.Call) and module is not None else ():
                if module is not None and keyword.arg == "default_factory":
                    name = _first(names_at_top(keyword.value, module), table)
                    if name is not None:
                        yield module.place(call), name, f"an attribute of {where}"


def _classes_made(survey: Survey, function: Function) -> Iterator[type]:
    """Yield the classes of the project of which a factory returns an instance."""
    for node in function.nodes:
        if isinstance(node, ast.Return | ast.Yield) and isinstance(node.value, ast.Call):
            value = survey.meanings.of(node.value.func, Use(function))
            if isinstance(value, type) and survey.project.is_own(value):
                yield value


def _stored(survey: Survey, table: Table) -> Iterator[tuple[Place, str, str]]:
    """Yield what functions are going to keep: in globals, in `app.state`, in what start-up yields for all requests."""
    for function in survey.functions.all:
        use = survey.use_of(function)
        for target, statement in targets_of(function.nodes):
            if isinstance(target, ast.Subscript) or function.node.name in {"__init__", "__post_init__"}:
                continue  # By loop perhaps; and what an instance is made with is looked at with the instance.
            where = _where(survey, target, use)
            if where is not None:
                for place, name in _made_for(survey, statement, use, table):
                    yield place, name, where
        if not survey.request_code.runs(function) and any(
            isinstance(node, ast.Yield) and isinstance(node.value, ast.Dict) for node in function.nodes
        ):
            for place, name in _handed_on(survey, function, table):
                yield place, name, f"what {function.node.name}() yields for all requests"


def _where(survey: Survey, target: ast.expr, use: Use) -> str | None:
    text = written(target)
    if text.startswith("app.state.") or ".app.state." in text:
        return text
    owner = survey.sharing.owner_of_target(target, use)
    return owner if owner is None or isinstance(target, ast.Name) else f"{text} of {owner}"


def _made_for(survey: Survey, statement: ast.AST, use: Use, table: Table) -> Iterator[tuple[Place, str]]:
    """Yield what a statement makes, itself or by the name of something that the function made before."""
    yield from _made_in(survey, [statement], use, table)
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Name):
        yield from _made_as(survey, {value.id}, use, table)


def _handed_on(survey: Survey, function: Function, table: Table) -> Iterator[tuple[Place, str]]:
    """Yield what a function makes and returns or yields, itself or as an argument of what it returns."""
    use = Use(function)
    given = [node.value for node in function.nodes if isinstance(node, ast.Return | ast.Yield) and node.value]
    yield from _made_in(survey, given, use, table)
    parents = function.module.parents
    names = {
        node.id
        for value in given
        for node in ast.walk(value)
        if isinstance(node, ast.Name) and not isinstance(parents.get(node), ast.Attribute)
    }
    yield from _made_as(survey, names, use, table)


def _made_as(survey: Survey, names: set[str], use: Use, table: Table) -> Iterator[tuple[Place, str]]:
    """Yield what a function makes and calls by one of some names."""
    for node in use.function.nodes:
        if isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id in names for each in node.targets
        ):
            yield from _made_in(survey, [node.value], use, table)
        elif isinstance(node, ast.withitem) and getattr(node.optional_vars, "id", None) in names:
            yield from _made_in(survey, [node.context_expr], use, table)


def _made_in(survey: Survey, nodes: Iterable[ast.AST], use: Use, table: Table) -> Iterator[tuple[Place, str]]:
    """Yield what expressions make, lambdas in them left out."""
    # Not recursive, as `own_nodes`.
    waiting = [*nodes][::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            name = _first(survey.meanings.names_of(node.func, use), table)
            if name is not None and not any(option in written(node) for option in HARMLESS):
                yield use.function.module.place(node), name
        waiting += [*ast.iter_child_nodes(node)][::-1]


def _first(names: Iterable[str], table: Table) -> str | None:
    return next((found for name in names if (found := made_by(name, table))), None)
