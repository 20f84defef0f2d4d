"""Decorators and methods of applications and routers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import libcst as cst

from hawkapi._migrate._calls import check_keywords
from hawkapi._migrate._names import CREATES, KEYWORDS, METHODS, remedy
from hawkapi._migrate._survey import Survey, path_of
from hawkapi._migrate._syntax import dotted, is_placeholder, keyword, parameters, positional, statements, text_of
from hawkapi._migrate._syntax import with_argument as with_keyword

type Warn = Callable[[str], None]

HOOKS: Final = {"startup": "on_startup", "shutdown": "on_shutdown"}
REWRITTEN: Final = frozenset({"on_event", "add_event_handler", "add_exception_handler", "middleware"})
"""Methods that hawkapi has under another name, and the decorator that is looked at with its function."""

CONVERTERS: Final = {"int": "int", "float": "float", "UUID": "uuid"}
"""The converter of a path parameter, by the last part of its annotation."""

PARAMETER: Final = re.compile(r"\{(\w+)\}")


def rewrite_decorator(node: cst.Decorator, survey: Survey, warn: Warn) -> cst.Decorator:
    """Return a decorator as hawkapi has it: hooks by their own names, and the status that FastAPI answers with."""
    call = node.decorator
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return node
    method = call.func.attr.value
    if method == "on_event":
        hook = HOOKS.get(text_of(call.args[0].value) or "") if call.args else None
        if hook is not None:
            return node.with_changes(decorator=call.func.with_changes(attr=cst.Name(hook)))
        warn("there is no @app.on_event: write @app.on_startup or @app.on_shutdown")
    if method in CREATES and survey.uses_fastapi and path_of(call) is not None and keyword(call, "status_code") is None:
        return node.with_changes(decorator=with_keyword(call, "status_code", cst.Integer("200")))
    return node


def rewrite_method(method: str, call: cst.Call, warn: Warn) -> cst.BaseExpression:
    """Return a call of a method of an application or a router as hawkapi wants it."""
    if method in METHODS:
        check_keywords(f"@{method}", KEYWORDS["route"], call, warn)
    elif method == "include_router":
        check_keywords(method, KEYWORDS[method], call, warn)
    elif method == "add_exception_handler" and len(positional(call)) == len(call.args) == 2:
        return _registered(call, "exception_handler", [call.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT)])
    elif method == "add_event_handler" and len(positional(call)) == len(call.args) == 2:
        hook = HOOKS.get(text_of(call.args[0].value) or "")
        return call if hook is None else call.with_changes(func=_method(call, hook), args=[call.args[1]])
    return call


def check_handler(node: cst.FunctionDef, survey: Survey, warn: Warn) -> None:
    """Warn of what is answered otherwise than by FastAPI, and of path parameters whose type the path does not say."""
    annotations = {param.name.value: param.annotation for param in parameters(node)}
    for decorator in node.decorators:
        call = decorator.decorator
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
            continue
        method, path = call.func.attr.value, path_of(call)
        if method == "middleware" and path == "http":
            warn(f"there is no @app.middleware{remedy(method)}")
        if method not in METHODS | {"websocket"} or path is None:
            continue
        for name in PARAMETER.findall(path):
            _check_path_parameter(name, node.name.value, annotations.get(name), warn)
        if method != "websocket" and survey.uses_fastapi:
            _check_result(node, call, warn)
            _check_refusals(node, path, warn)


def _check_path_parameter(name: str, function: str, annotation: cst.Annotation | None, warn: Warn) -> None:
    node = None if annotation is None else annotation.annotation
    if isinstance(node, cst.Subscript) and (dotted(node.value) or "").rpartition(".")[2] == "Annotated":
        first = node.slice[0].slice
        node = first.value if isinstance(first, cst.Index) else None
    kind = (dotted(node) or "").rpartition(".")[2]
    if kind in CONVERTERS:
        converted = f"{{{name}:{CONVERTERS[kind]}}}"
        warn(f"path parameter {{{name}}} of {function} is {kind}: {converted} answers other texts with 404")


def _check_result(node: cst.FunctionDef, call: cst.Call, warn: Warn) -> None:
    body = list(statements(node.body.body))
    status = keyword(call, "status_code")
    code = "" if status is None else cst.Module([]).code_for_node(status.value)
    if "204" in code or (is_placeholder(body) and len(body) == len(node.body.body)):
        return
    if not _returns(node.body):
        warn(f"{node.name.value} returns None: FastAPI sends null, hawkapi 204 without a body")


def _check_refusals(node: cst.FunctionDef, path: str, warn: Warn) -> None:
    """Warn once for each handler with arguments from elsewhere than the path: other requests are refused otherwise."""
    in_path = set(re.findall(r"\{(\w+)[:}]", path))
    simple = {"str", "Request", "Response", "BackgroundTasks", "WebSocket"}
    for param in parameters(node):
        annotation = None if param.annotation is None else dotted(param.annotation.annotation)
        if param.name.value not in in_path and annotation not in simple and not _is_dependency(param):
            warn(
                f"{node.name.value} may refuse a request with 400 and a problem document: "
                "HawkAPI(validation_error_status=422) for FastAPI's status"
            )
            return


def _is_dependency(param: cst.Param) -> bool:
    module = cst.Module([])
    code = "" if param.default is None else module.code_for_node(param.default)
    code += "" if param.annotation is None else module.code_for_node(param.annotation.annotation)
    return "Depends(" in code or "Security(" in code


def _returns(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.FunctionDef | cst.Lambda | cst.ClassDef):
        return False
    if isinstance(node, cst.Return):
        return node.value is not None
    if isinstance(node, cst.Yield | cst.Raise):
        return True
    return any(_returns(child) for child in node.children)


def _method(call: cst.Call, name: str) -> cst.BaseExpression:
    return call.func.with_changes(attr=cst.Name(name)) if isinstance(call.func, cst.Attribute) else call.func


def _registered(call: cst.Call, decorator: str, arguments: list[cst.Arg]) -> cst.Call:
    maker = cst.Call(func=_method(call, decorator), args=arguments)
    return cst.Call(func=maker, args=[call.args[1]])
