"""Classes in results: reading the members of objects, mappings and arrays that stand for a described class."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from typing import Any, Final

from hawkapi.codec import CodecError, Description, Kind, Violation
from hawkapi.codec._model import Field
from hawkapi.codec.errors import ROOT
from hawkapi.responses._exclusion import Flags, build_omission
from hawkapi.responses._generated import Member, Tag, build_writer
from hawkapi.responses._misfits import misfit, missing, moved
from hawkapi.responses._project_scalars import Part, Project

_ABSENT: Final = object()
_NEVER: Final[frozenset[type]] = frozenset()
_PLAIN: Final = (str, int, float, bytes, bytearray, list, tuple, set, frozenset, type(None), type)
"""What has no members in any sense: it is of the wrong type rather than without a member."""


def build_class(description: Description, parts: list[Part], flags: Flags) -> Part:
    """Return how objects of a class are written; `parts` are those of its fields."""
    members = tuple(
        Member(field.name, field.encoded, *part, build_omission(field, flags, description.omit_defaults))
        for field, part in zip(description.fields, parts, strict=True)
    )
    if description.kind is Kind.NAMED_TUPLE or description.array_like:
        return Part(_NEVER, _build_array(description, members))
    return Part(_NEVER, _build_object(description, members, flags))


def _build_object(description: Description, members: tuple[Member, ...], flags: Flags) -> Project:
    """Return the function that writes the members of an object by name.

    PERF: objects from which nothing is left out are written apart, since nearly every response has only such.
    """
    tag = () if description.tag_field is None else ((description.tag_field, description.tag),)
    read_mapping = _build_mapping_reader(description, flags)
    cls = dict if description.kind is Kind.TYPED_DICT else description.cls
    leaves_out = any(member.omits is not None for member in members)
    write_some = _build_sparse_loop(tag, members)
    write = write_some if leaves_out else _build_loop(tag, members)

    def convert(value: Any) -> object:
        """Write what is not an object of exactly this class."""
        if isinstance(value, Mapping):
            given: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType] - members of any type
            value = read_mapping(given)
        elif not isinstance(value, cls):
            value = _from_attributes(value, description)
        return write_some(value) if isinstance(value, _Members) else write(value)

    if description.kind is Kind.TYPED_DICT:
        return convert
    if not leaves_out and all(_is_plain(member.name) for member in members):
        return build_writer(cls, tag, members, write, convert)
    return lambda value: write(value) if type(value) is cls else convert(value)


def _build_loop(tag: Tag, members: tuple[Member, ...]) -> Project:
    """Return the function that writes all members of an object."""
    # PERF: plain tuples are taken apart twice as fast as named ones.
    loop = tuple((member.name, member.encoded, member.exact, member.project) for member in members)

    def write(value: Any) -> object:
        written: dict[str, object] = dict(tag)
        encoded = ROOT
        try:
            for name, encoded, exact, project in loop:
                element = getattr(value, name)
                written[encoded] = element if type(element) in exact else project(element)
        except CodecError as exc:
            raise moved(exc, encoded) from None
        return written

    return write


def _build_sparse_loop(tag: Tag, members: tuple[Member, ...]) -> Project:
    """Return the function that writes the members that an object has and that are not left out."""

    def write(value: Any) -> object:
        written: dict[str, object] = dict(tag)
        encoded = ROOT
        try:
            for name, encoded, exact, project, omits in members:
                element = getattr(value, name, _ABSENT)
                if element is _ABSENT or (omits is not None and omits(element)):
                    continue
                written[encoded] = element if type(element) in exact else project(element)
        except CodecError as exc:
            raise moved(exc, encoded) from None
        return written

    return write


def _is_plain(name: str) -> bool:
    """Whether code may say `value.name`: Python changes some letters beyond ASCII in names that it reads."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


class _Members:
    """The members of a mapping, or of a stranger's object, as attributes; those that may be absent may be absent."""


def _build_mapping_reader(description: Description, flags: Flags) -> Callable[[Mapping[Any, Any]], object]:
    """Return the function that takes a model's members out of a mapping."""
    fields = description.fields
    # A class that computes members does so for a mapping too, unless only what was set is wanted.
    completes = hasattr(description.cls, "__post_init__") and not flags.exclude_unset

    def read(value: Mapping[Any, Any]) -> object:
        found = [_pick(value, field) for field in fields]
        if not completes:
            return _collected(fields, found, fill=not flags.exclude_unset)
        pairs = [(field.argument, _present(field, item)) for field, item in zip(fields, found, strict=True)]
        return _made(description.cls, {name: item for name, item in pairs if item is not _ABSENT})

    return read


def _pick(value: Mapping[Any, Any], field: Field) -> object:
    """Return a member of a mapping, by its name in JSON or in Python."""
    found = value.get(field.encoded, _ABSENT)
    return value.get(field.name, _ABSENT) if found is _ABSENT and field.name != field.encoded else found


def _present(field: Field, item: object) -> object:
    if item is _ABSENT and field.required:
        raise missing(field.encoded)
    return item


def _made(cls: Any, arguments: dict[str, object]) -> object:
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as exc:
        raise CodecError([Violation(ROOT, str(exc) or type(exc).__name__)]) from None


def _collected(fields: tuple[Field, ...], found: list[object], *, fill: bool) -> _Members:
    members = _Members()
    for field, item in zip(fields, found, strict=True):
        if _present(field, item) is not _ABSENT:
            setattr(members, field.name, item)
        elif fill and not field.may_be_absent:
            setattr(members, field.name, field.make_default())
    return members


def _from_attributes(value: Any, description: Description) -> _Members:
    """Take a model's members from an object of another class."""
    if isinstance(value, _PLAIN):
        raise misfit("object", value)
    fields = description.fields
    return _collected(fields, [getattr(value, field.name, _ABSENT) for field in fields], fill=True)


def _build_array(description: Description, members: tuple[Member, ...]) -> Project:
    """Return the function that writes the members of an object by position."""
    head = [] if description.tag_field is None else [description.tag]
    cls = description.cls
    project_items = build_positions([Part(member.exact, member.project) for member in members])

    def read(value: Any) -> list[object]:
        if isinstance(value, cls):
            return [getattr(value, member.name) for member in members]
        if isinstance(value, (list, tuple)):
            items: list[object] = [*value]
            return items + [field.make_default() for field in description.fields[len(items) :] if not field.required]
        if isinstance(value, Mapping):
            fields = description.fields
            given: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType] - members of any type
            collected = _collected(fields, [_pick(given, field) for field in fields], fill=True)
        else:
            collected = _from_attributes(value, description)
        return [getattr(collected, member.name) for member in members]

    return lambda value: [*head, *project_items(read(value))]


def build_positions(parts: list[Part]) -> Callable[[Any], list[object]]:
    """Return the function that writes an array with one part for each position."""
    positions = tuple(parts)

    def project(value: Any) -> list[object]:
        if not isinstance(value, (list, tuple)):
            raise misfit("array", value)
        items: list[object] = [*value]
        if len(items) != len(positions):
            raise CodecError([Violation(ROOT, f"Expected `array` of length {len(positions)}, got {len(items)}")])
        written: list[object] = []
        try:
            for (exact, item), element in zip(positions, items, strict=True):
                written.append(element if type(element) in exact else item(element))
        except CodecError as exc:
            raise moved(exc, f"[{len(written)}]") from None
        return written

    return project
