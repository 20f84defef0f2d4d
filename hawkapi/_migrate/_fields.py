"""Fields of pydantic models as fields of `msgspec.Struct` classes."""

from __future__ import annotations

from typing import Final

import libcst as cst

from hawkapi._migrate._syntax import dotted, keyword, name_node, named, names_in, positional

LIMITS: Final = {
    **{name: name for name in ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")},
    "regex": "pattern",
    "min_items": "min_length",
    "max_items": "max_length",
    "title": "title",
    "description": "description",
    "examples": "examples",
}
"""What `msgspec.Meta` has, by its name in `Field`."""

KNOWN: Final = frozenset({*LIMITS, "default", "default_factory", "alias"})


def untranslatable(call: cst.Call) -> str | None:
    """Return what of a `Field(...)` msgspec has no counterpart for; `None`: it can be translated."""
    for arg in call.args:
        if arg.star:
            return f"Field({arg.star}...)"
        if arg.keyword is not None and arg.keyword.value not in KNOWN:
            return f"Field({arg.keyword.value}=...)"
    return None


def is_required(node: cst.AnnAssign) -> bool:
    """Whether a field has no default."""
    call = field_call(node)
    if call is None:
        return node.value is None
    return _default(call) is None and keyword(call, "default_factory") is None


def field_call(node: cst.AnnAssign) -> cst.Call | None:
    """Return the `Field(...)` of a field."""
    value = node.value
    return value if isinstance(value, cst.Call) and (dotted(value.func) or "").split(".")[-1] == "Field" else None


def translate(node: cst.AnnAssign) -> cst.AnnAssign:
    """Return a field as a `msgspec.Struct` has it."""
    if "ClassVar" in names_in(node.annotation):
        return node
    call = field_call(node)
    if call is None:
        return node if node.value is None else node.with_changes(value=_safe_default(node.value))
    limits = [
        named(cst.Arg(arg.value), LIMITS[arg.keyword.value])
        for arg in call.args
        if arg.keyword is not None and arg.keyword.value in LIMITS
    ]
    if limits:
        meta = cst.Call(name_node("msgspec.Meta"), _listed(limits))
        node = node.with_changes(annotation=_annotated(node.annotation, meta))
    value = _value(call)
    equal = cst.MaybeSentinel.DEFAULT if value is None else node.equal
    return node.with_changes(value=value, equal=equal)


def _value(call: cst.Call) -> cst.BaseExpression | None:
    default, factory, alias = _default(call), keyword(call, "default_factory"), keyword(call, "alias")
    arguments = [
        named(cst.Arg(arg.value), name) for arg, name in ((factory, "default_factory"), (alias, "name")) if arg
    ]
    if default is None:
        return cst.Call(name_node("msgspec.field"), _listed(arguments)) if arguments else None
    default = _safe_default(default)
    if alias is None:
        return default
    if isinstance(default, cst.Call) and dotted(default.func) == "msgspec.field":
        return default.with_changes(args=_listed([*default.args, *arguments]))
    return cst.Call(name_node("msgspec.field"), _listed([named(cst.Arg(default), "default"), *arguments]))


def _default(call: cst.Call) -> cst.BaseExpression | None:
    given = positional(call)
    found = given[0] if given else keyword(call, "default")
    return None if found is None or isinstance(found.value, cst.Ellipsis) else found.value


def _safe_default(value: cst.BaseExpression) -> cst.BaseExpression:
    """Return a default that objects do not share: msgspec refuses lists, sets and dictionaries that are not empty."""
    if (isinstance(value, cst.List | cst.Set | cst.Dict) and value.elements) or _makes_one(value):
        factory = cst.Lambda(params=cst.Parameters(), body=value)
        return cst.Call(name_node("msgspec.field"), [named(cst.Arg(factory), "default_factory")])
    return value


def _makes_one(value: cst.BaseExpression) -> bool:
    """Whether an expression makes a collection, or an object of a class as names go: another model for example."""
    if isinstance(value, cst.Call):
        name = (dotted(value.func) or "").rpartition(".")[2]
        return name[:1].isupper() or (name in {"list", "set", "dict", "bytearray"} and bool(value.args))
    return isinstance(value, cst.ListComp | cst.SetComp | cst.DictComp)


def _annotated(annotation: cst.Annotation, meta: cst.Call) -> cst.Annotation:
    elements = [cst.SubscriptElement(cst.Index(node)) for node in (annotation.annotation, meta)]
    return annotation.with_changes(annotation=cst.Subscript(cst.Name("Annotated"), elements))


def _listed(arguments: list[cst.Arg]) -> list[cst.Arg]:
    space = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    plain = [arg.with_changes(comma=space) for arg in arguments[:-1]]
    return [*plain, arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
