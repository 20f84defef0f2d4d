"""Leaving members out of results: those that are `None`, were never set, or have their defaults.

What a class declares decides, so values are looked at before they are turned into anything else. Positions of arrays
are never left out: the others would move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, cast, final

from hawkapi.codec import Description, describe
from hawkapi.codec._encoder import to_builtin
from hawkapi.codec._model import MEMBER_KINDS, MISSING, Field, Kind, is_unset
from hawkapi.codec._pydantic_results import build_dumper, is_pydantic
from hawkapi.exceptions import UnsupportedTypeError


class Flags(NamedTuple):
    """What to leave out."""

    exclude_none: bool = False
    exclude_unset: bool = False
    exclude_defaults: bool = False


NOTHING: Final = Flags()
"""Leave nothing out."""

type Omits = Callable[[Any], bool]


def build_omission(field: Field, flags: Flags, omit_defaults: bool = False) -> Omits | None:
    """Return what tells whether a member with a value is left out; `None` where it never is."""
    drops_none = flags.exclude_none
    drops_unset = field.may_be_absent
    drops_default = (flags.exclude_defaults or omit_defaults) and not field.required and not drops_unset
    if not (drops_none or drops_unset or drops_default):
        return None

    def omits(value: Any) -> bool:
        if value is None and drops_none:
            return True
        if drops_unset and is_unset(value):
            return True
        return drops_default and is_default(field, value)

    return omits


def is_default(field: Field, value: Any) -> bool:
    """Whether a member has the value that it would have had anyway; 0 is not False."""
    default = field.default if field.default is not MISSING else field.make_default()
    return value is default or (type(value) is type(default) and bool(value == default))


@final
class Exclusion:
    """Leaves members out of a value whose type nobody declared: its own class is all that is known.

    One use, one object: it remembers the classes that it has met.
    """

    def __init__(self, flags: Flags) -> None:
        self._flags = flags
        self._classes: dict[type, Description | None] = {}
        self._dumpers: dict[type, Callable[[object], object]] = {}

    def apply(self, value: Any) -> object:
        """Return a value as dicts, lists and values that the encoder knows."""
        if isinstance(value, Mapping):
            drops_none = self._flags.exclude_none
            members = cast("Mapping[Any, object]", value)
            return {key: self.apply(item) for key, item in members.items() if not (drops_none and item is None)}
        if isinstance(value, (list, tuple, set, frozenset, Iterator)):
            return [self.apply(item) for item in cast("list[object]", value)]
        cls: type[Any] = type(cast("object", value))
        if is_pydantic(cls):
            return self._dumper(cls)(value)
        if cls not in self._classes:
            self._classes[cls] = _describe_class(cls)
        description = self._classes[cls]
        if description is not None:
            return self._members(value, description)
        # A member of a type that no codec reads, but the encoder perhaps writes: without defaults, then.
        return self.apply(to_builtin(value)) if _has_members(cls) else value

    def _dumper(self, cls: type) -> Callable[[object], object]:
        if cls not in self._dumpers:
            self._dumpers[cls] = build_dumper(cls, **self._flags._asdict())
        return self._dumpers[cls]

    def _members(self, value: Any, description: Description) -> object:
        if description.array_like:
            return [self.apply(item) for item in cast("list[object]", to_builtin(value))]
        written: dict[str, object] = {}
        if description.tag_field is not None:
            written[description.tag_field] = description.tag
        for field in description.fields:
            element = getattr(value, field.name)
            omits = build_omission(field, self._flags, description.omit_defaults)
            if omits is None or not omits(element):
                written[field.encoded] = self.apply(element)
        return written


def _has_members(cls: type) -> bool:
    names = ("__dataclass_fields__", "__attrs_attrs__", "__struct_fields__")
    return any(hasattr(cls, name) for name in names)


def _describe_class(cls: type) -> Description | None:
    """Describe a class with members; `None` for others, and for those that no codec reads."""
    try:
        description = describe(cls)
    except UnsupportedTypeError:
        return None
    return description if description.kind in MEMBER_KINDS - {Kind.NAMED_TUPLE, Kind.TYPED_DICT} else None
