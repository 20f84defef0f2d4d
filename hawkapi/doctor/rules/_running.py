"""Rules about what request code runs in the wrong place: event loops, worker threads, contexts, the whole process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextvars import ContextVar
from threading import local
from typing import Any, Final

from hawkapi.doctor._functions import Function
from hawkapi.doctor._meanings import InstanceOf, names_at_top
from hawkapi.doctor._project import Place, SourceModule, written
from hawkapi.doctor._request_code import Reached
from hawkapi.doctor._sharing import targets_of
from hawkapi.doctor.survey import Survey

type Look = Iterator[tuple[Place, str, str]]

NEEDS_LOOP: Final = frozenset(
    f"asyncio.{name}"
    for name in (
        "all_tasks",
        "create_task",
        "current_task",
        "ensure_future",
        "get_event_loop",
        "get_running_loop",
        "timeout",
    )
)
"""What raises RuntimeError in a thread that runs no event loop."""

OWN_LOOP: Final = frozenset({"asyncio.run", "asyncio.Runner", "asyncio.new_event_loop", "anyio.run", "uvloop.run"})

PROCESS_WIDE: Final = frozenset(
    {
        "contextlib.chdir",
        "contextlib.redirect_stderr",
        "contextlib.redirect_stdout",
        "locale.setlocale",
        "os.chdir",
        "os.putenv",
        "os.umask",
        "os.unsetenv",
        "random.seed",
        "signal.signal",
        "socket.setdefaulttimeout",
        "sys.setrecursionlimit",
        "time.tzset",
        "warnings.catch_warnings",
    }
)
"""What changes something that all threads of the process share, for a while or for good."""

CACHES: Final = frozenset({"functools.cache", "functools.cached_property", "functools.lru_cache"})
LOOP_CACHES: Final = frozenset({"async_lru.alru_cache"})
MUTABLE: Final = frozenset({"bytearray", "defaultdict", "deque", "dict", "list", "set"})


def loops_in_workers(survey: Survey) -> Look:
    """Find plain functions that ask for an event loop in a worker thread, which has none."""
    for reached in survey.request_code:
        for node, names in _calls(survey, reached):
            if reached.in_worker and names & NEEDS_LOOP and not _is_tried(reached.function, node):
                function = reached.function.node.name
                message = (
                    f"{function}() is a plain function and runs in a worker thread, which has no event loop: "
                    f"{written(node.func)}() raises RuntimeError there."
                )
                fix = (
                    "Make it async, or hand the work over with asyncio.run_coroutine_threadsafe and a loop it is given."
                )
                yield reached.function.module.place(node), message, fix


def own_loops(survey: Survey) -> Look:
    """Find request code that makes an event loop of its own."""
    for reached in survey.request_code:
        for node, names in _calls(survey, reached):
            is_run = isinstance(node.func, ast.Attribute) and node.func.attr == "run_until_complete"
            if not (is_run or names & OWN_LOOP):
                continue
            where = (
                "raises RuntimeError where a loop runs already"
                if reached.function.is_async
                else "is a loop more: what belongs to the server's loop fails in it, and it lives for one call"
            )
            message = f"{reached.function.node.name}() runs for requests, and {written(node.func)}() {where}."
            yield reached.function.module.place(node), message, "Make the function async, and await what it needs."


def state_in_workers(survey: Survey) -> Look:
    """Find plain functions that write what belongs to the request, while its loop may read it."""
    for reached in survey.request_code:
        if not reached.in_worker:
            continue
        for target, node in [*targets_of(reached.function.nodes), *_updated(reached.function)]:
            if _is_of_request(survey, target, reached):
                message = (
                    f"{reached.function.node.name}() is a plain function and writes {written(target)} in a worker "
                    "thread: middleware, and a request that was given up, may use it on the loop at the same moment."
                )
                fix = "Make the function async if it does not block, or return the value and let async code keep it."
                yield reached.function.module.place(node), message, fix


def thread_locals(survey: Survey) -> Look:
    """Find threading.local that holds what belongs to one request."""
    for reached in survey.request_code:
        function = reached.function
        for target, node in targets_of(function.nodes):
            if not isinstance(target, ast.Attribute) or not _is_local(survey.meanings.of(target.value, reached.use)):
                continue
            if _is_asked_first(function, written(target.value)):
                continue  # Made once for each thread, which is what it is for.
            waits = any(isinstance(each, ast.Await | ast.AsyncFor | ast.AsyncWith) for each in function.nodes)
            text = written(target)
            if function.is_async and (waits or reached.role != "helper"):
                why = "all requests of an event loop have one thread, so others see it and change it meanwhile"
            elif reached.role == "dependency":
                why = "what runs next for the request runs in another thread, and another request finds it here"
            else:
                continue
            message = f"{function.node.name}() keeps {text} in a threading.local: {why}."
            yield function.module.place(node), message, "Keep it in a contextvars.ContextVar, or in request.state."


def context_variables(survey: Survey) -> Look:
    """Find context variables that do not hold what they are given, or that share it."""
    for reached in survey.request_code:
        for node, names in _calls(survey, reached):
            place = reached.function.module.place(node)
            name = reached.function.node.name
            if "contextvars.ContextVar" in names or "_contextvars.ContextVar" in names:
                message = f"{name}() runs for requests and makes a ContextVar, which contexts keep for ever."
                yield place, message, "Make it once, at the top of the module."
            elif reached.in_worker and reached.role == "dependency" and _sets_variable(survey, node, reached):
                variable = written(node.func).removesuffix(".set")
                message = (
                    f"{name}() is a plain dependency and sets {variable} in the context of its "
                    "worker thread, which ends with it: the handler does not see the value."
                )
                yield place, message, "Make the dependency async: it then runs in the request's own context."
    for module in survey.project.modules:
        yield from _shared_defaults(module)


def _shared_defaults(module: SourceModule) -> Look:
    for node in module.nodes:
        is_variable = isinstance(node, ast.Call) and "contextvars.ContextVar" in names_at_top(node.func, module)
        for keyword in node.keywords if isinstance(node, ast.Call) and is_variable else ():
            if keyword.arg == "default" and _is_mutable(keyword.value):
                message = (
                    f"The default of this ContextVar, {written(keyword.value)}, is one object for all contexts: "
                    "what one request changes in it, all others see."
                )
                yield module.place(node), message, "Leave the default out, or None, and set a new object per request."


def cached_coroutines(survey: Survey) -> Look:
    """Find coroutine functions in a cache that keeps what belongs to one call, or to one loop."""
    for function in survey.functions.all:
        for decorator in function.node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            names = frozenset(names_at_top(called, function.module))
            name = function.node.name
            if function.is_async and names & CACHES:
                message = (
                    f"{written(called)} keeps the coroutine that {name}() makes, and not its result: the second "
                    "caller awaits it again, which raises RuntimeError."
                )
                yield function.module.place(decorator), message, "Keep the result: in a container's singleton, say."
            elif names & LOOP_CACHES:
                message = f"{written(called)} belongs to the first event loop that calls {name}()."
                yield (
                    function.module.place(decorator),
                    message,
                    "Keep the result for each loop: container.per_loop(...).",
                )


def process_wide(survey: Survey) -> Look:
    """Find request code that changes what all threads of the process share."""
    fix = "Do it once, before the application serves, or pass what is wanted to what needs it."
    for reached in survey.request_code:
        name = reached.function.node.name
        for node, names in _calls(survey, reached):
            if names & PROCESS_WIDE and not reached.function.is_guarded(node):
                message = f"{name}() runs for requests, and {written(node.func)}() counts for the whole process."
                yield reached.function.module.place(node), message, fix
        for target, statement in targets_of(reached.function.nodes):
            if isinstance(target, ast.Subscript) and "os.environ" in survey.meanings.names_of(
                target.value, reached.use
            ):
                message = f"{name}() runs for requests, and {written(target)} counts for the whole process."
                yield reached.function.module.place(statement), message, fix


def _calls(survey: Survey, reached: Reached) -> Iterator[tuple[ast.Call, frozenset[str]]]:
    """Yield the calls of a function, each with the whole names of what is called."""
    for node in reached.function.nodes:
        if isinstance(node, ast.Call):
            yield node, frozenset(survey.meanings.names_of(node.func, reached.use))


def _is_tried(function: Function, node: ast.AST) -> bool:
    """Whether the function knows what to do when there is no loop."""
    return any(isinstance(parent, ast.Try) and parent.handlers for parent in function.around(node))


def _updated(function: Function) -> Iterator[tuple[ast.expr, ast.AST]]:
    return ((node.target, node) for node in function.nodes if isinstance(node, ast.AugAssign))


def _is_of_request(survey: Survey, target: ast.expr, reached: Reached) -> bool:
    """Whether a target is below `request.state` or `request.scope`."""
    if not isinstance(target, ast.Attribute | ast.Subscript):
        return False
    root, *names = written(target.value).replace("[", ".").split(".")
    value = survey.meanings.of(ast.Name(root, ast.Load()), reached.use) if root.isidentifier() else None
    return isinstance(value, InstanceOf) and names[:1] in (["state"], ["scope"]) and _is_connection(value.cls)


def _is_connection(cls: type) -> bool:
    return any(base.__name__ == "HTTPConnection" for base in cls.__mro__)


def _is_local(value: Any) -> bool:
    return isinstance(value, local) or (isinstance(value, InstanceOf) and issubclass(value.cls, local))


def _is_asked_first(function: Function, text: str) -> bool:
    """Whether a function looks at a threading.local before it sets something there."""
    tests = [node.test for node in function.nodes if isinstance(node, ast.If | ast.IfExp)]
    tried = [each for node in function.nodes if isinstance(node, ast.Try) for each in node.body]
    return any(_is_look_at(node, text) for part in [*tests, *tried] for node in ast.walk(part))


def _is_look_at(node: ast.AST, text: str) -> bool:
    if isinstance(node, ast.Call):
        return written(node.func) in {"getattr", "hasattr"} and written(node.args[0]) == text
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and written(node.value) == text


def _sets_variable(survey: Survey, node: ast.Call, reached: Reached) -> bool:
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "set":
        return False
    return isinstance(survey.meanings.of(node.func.value, reached.use), ContextVar)


def _is_mutable(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return written(node.func).rpartition(".")[2] in MUTABLE
    return isinstance(node, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp)
