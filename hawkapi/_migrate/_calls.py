"""Calls of what comes from FastAPI: constructors, markers, responses and exceptions."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from hawkapi._migrate._names import KEYWORDS, MARKERS, RENAMED, RESPONSES, remedy
from hawkapi._migrate._survey import Survey
from hawkapi._migrate._syntax import dotted, keyword, named, parameters, positional

type Warn = Callable[[str], None]


def rewrite_call(name: str, call: cst.Call, warn: Warn) -> cst.Call:
    """Return a call of something of FastAPI, by its name there, as hawkapi wants it."""
    if name in RENAMED:
        check_keywords(RENAMED[name], KEYWORDS[RENAMED[name]], call, warn)
    elif name in MARKERS:
        call = _rename_keyword(_rename_keyword(call, "regex", "pattern"), "validation_alias", "alias")
        check_keywords(name, KEYWORDS["marker"], call, warn)
    elif name == "HTTPException":
        call = _name_arguments(call, (None, None, "headers"))
        warn("the client gets a problem document with `detail` in it, instead of {'detail': ...} alone")
    elif name in RESPONSES:
        call = _name_arguments(call, (None, "status_code", "headers", "media_type", "background"))
    return call


def check_keywords(name: str, known: frozenset[str], call: cst.Call, warn: Warn) -> None:
    """Warn of the keyword arguments that there are not in hawkapi."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value not in known:
            warn(f"{name} has no {arg.keyword.value}={remedy(arg.keyword.value)}")


def fill_depends(param: cst.Param, survey: Survey) -> cst.Param:
    """Return a parameter whose `Depends()` names the class that FastAPI takes from the annotation."""
    annotation = None if param.annotation is None else param.annotation.annotation
    default = param.default
    if (
        isinstance(default, cst.Call)
        and _is_empty_depends(default, survey)
        and not isinstance(annotation, cst.Subscript | None)
    ):
        return param.with_changes(default=default.with_changes(args=[cst.Arg(annotation.deep_clone())]))
    return param


def fill_annotated(node: cst.Subscript, survey: Survey) -> cst.Subscript:
    """Return `Annotated[...]` whose `Depends()` names the class that FastAPI takes from its first part."""
    first = node.slice[0].slice
    if (dotted(node.value) or "").rpartition(".")[2] != "Annotated" or not isinstance(first, cst.Index):
        return node

    def filled(element: cst.SubscriptElement) -> cst.SubscriptElement:
        index = element.slice
        call = index.value if isinstance(index, cst.Index) else None
        if not isinstance(call, cst.Call) or not _is_empty_depends(call, survey):
            return element
        call = call.with_changes(args=[cst.Arg(first.value.deep_clone())])
        return element.with_changes(slice=cst.Index(call))

    return node.with_changes(slice=[filled(element) for element in node.slice])


def requests_of(node: cst.FunctionDef, survey: Survey) -> dict[str, str]:
    """Return the parameters of a function that are requests, WebSockets or validation errors, by name."""
    kinds: dict[str, str] = {}
    for param in parameters(node):
        kind = None if param.annotation is None else survey.original(param.annotation.annotation)
        if kind in {"Request", "WebSocket", "RequestValidationError"}:
            kinds[param.name.value] = str(kind)
    return kinds


def _is_empty_depends(call: cst.Call, survey: Survey) -> bool:
    # What is in it has been rewritten: `fastapi.Depends` is `hawkapi.Depends` by now.
    return not call.args and (survey.original(call.func) == "Depends" or dotted(call.func) == "hawkapi.Depends")


def _rename_keyword(call: cst.Call, old: str, new: str) -> cst.Call:
    found = keyword(call, old)
    if found is None or keyword(call, new) is not None:
        return call
    return call.with_changes(
        args=[arg.with_changes(keyword=cst.Name(new)) if arg is found else arg for arg in call.args]
    )


def _name_arguments(call: cst.Call, names: tuple[str | None, ...]) -> cst.Call:
    """Return a call whose arguments by position have these names; `None` leaves one where it is."""
    by_position = positional(call)
    new = {id(arg): named(arg, name) for arg, name in zip(by_position, names, strict=False) if name is not None}
    return call.with_changes(args=[new.get(id(arg), arg) for arg in call.args]) if new else call
