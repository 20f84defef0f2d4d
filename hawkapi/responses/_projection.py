"""Response models: what a described type leaves of a result.

A model is a filter, not a constructor: members that it does not have are left out at every depth, whatever the class
of the object is, and a value that does not fit is an error of the application, never sent. No object is made anew, so
nothing that a class does when it is made happens twice; only a mapping becomes an object first where the class
computes members in `__post_init__`.

How it works: each part of a description becomes a closure once, when a route is planned, and beside it the set of
types whose values need no call (`Part`). Loops have the `try` around them, which costs nothing until something is
wrong; the step that was being made then goes in front of the place.

Cost: of an object about twice that of its dict; of a list of scalars one look at each type. What belongs to a plan, and
so to a thread, can be freed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, cast, final

import hawkapi.codec as codec
from hawkapi.codec import CodecError, Description, Kind
from hawkapi.codec._model import ARRAY_KINDS, MEMBER_KINDS
from hawkapi.codec._pydantic_results import build_dumper
from hawkapi.responses._exclusion import NOTHING, Exclusion, Flags
from hawkapi.responses._misfits import misfit, moved
from hawkapi.responses._project_members import build_class, build_positions
from hawkapi.responses._project_scalars import Part, Project, build_limits, build_literal, build_scalar
from hawkapi.responses._project_unions import build_union

_NEVER: Final[frozenset[type]] = frozenset()


def build_projection(
    description: Description,
    *,
    exclude_none: bool = False,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
) -> Project:
    """Return a function that reduces a result to what the described type has.

    The function returns what the encoder can write, and raises `CodecError` with the place of what does not fit.

    Args:
        description: the response's model.
        exclude_none: leave out members that are `None`, also of mappings.
        exclude_unset: leave out members that were never set: `UNSET`, those that a mapping lacks, and what pydantic
            knows to be unset.
        exclude_defaults: leave out members that have their default.
    """
    exact, project = _Builder(Flags(exclude_none, exclude_unset, exclude_defaults)).build(description)
    if not exact:
        return project
    return lambda value: value if type(value) in exact else project(value)


@final
class _Builder:
    """One walk over a description; what mentions itself is found again."""

    def __init__(self, flags: Flags) -> None:
        self._flags = flags
        self._built: dict[int, Part] = {}
        self._open: dict[int, list[Project]] = {}
        """Parts on the way to here: each a list that holds the function once it is there."""

    def build(self, description: Description) -> Part:
        """Return how a described part is written."""
        known = self._built.get(id(description))
        if known is not None:
            return known
        promised = self._open.get(id(description))
        if promised is not None:
            return Part(_NEVER, _later(promised))
        promise: list[Project] = []
        self._open[id(description)] = promise
        part = self._build(description)
        promise.append(part.project)
        del self._open[id(description)]
        self._built[id(description)] = part
        return part

    def _build(self, description: Description) -> Part:
        kind = description.kind
        if kind is Kind.ANY:
            return self._any()
        if kind is Kind.PYDANTIC:
            return Part(_NEVER, build_dumper(description.type, **self._flags._asdict()))
        if kind is Kind.LITERAL:
            return build_literal(description)
        if kind is Kind.OPTIONAL:
            return self._optional(description)
        if kind is Kind.UNION:
            return build_union(description, [self.build(choice) for choice in description.items])
        if kind in MEMBER_KINDS:
            parts = [self.build(field.description) for field in description.fields]
            return build_class(description, parts, self._flags)
        if kind is Kind.FIXED_TUPLE:
            return Part(_NEVER, build_positions([self.build(choice) for choice in description.items]))
        if kind in ARRAY_KINDS or kind is Kind.DICT:
            return self._container(description)
        return build_scalar(description)

    def _any(self) -> Part:
        if self._flags == NOTHING:
            return Part(_NEVER, _as_it_is)

        def project(value: Any) -> object:
            return Exclusion(self._flags).apply(value)

        return Part(_NEVER, project)

    def _optional(self, description: Description) -> Part:
        assert description.item is not None
        exact, project_item = self.build(description.item)

        def project(value: Any) -> object:
            return None if value is None else project_item(value)

        return Part(exact | {type(None)}, project)

    def _container(self, description: Description) -> Part:
        assert description.item is not None
        item = self.build(description.item)
        is_dict = description.kind is Kind.DICT
        project = _build_dict(item, self._flags.exclude_none) if is_dict else _build_list(item)
        keeps = build_limits(description)
        if keeps is None:
            return Part(_NEVER, project)

        def checked(value: Any) -> object:
            return keeps(project(value))

        return Part(_NEVER, checked)


def _later(promised: list[Project]) -> Project:
    def project(value: Any) -> object:
        return promised[0](value)

    return project


def _as_it_is(value: Any) -> object:
    return value


def _build_list(item: Part) -> Project:
    exact, project_item = item

    def project(value: Any) -> object:
        items: list[Any] = value if type(value) is list else _array(value)  # pyright: ignore[reportUnknownVariableType] - items of any type
        if exact and exact.issuperset(map(type, items)):
            return items
        written: list[object] = []
        append = written.append
        try:
            for element in items:
                append(element if type(element) in exact else project_item(element))
        except CodecError as exc:
            raise moved(exc, f"[{len(written)}]") from None
        return written

    return project


def _array(value: Any) -> list[Any]:
    """Return the items of what may stand for an array."""
    if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(value, (Collection, Iterator)):
        raise misfit("array", value)
    items: list[Any] = [*value]
    return items


def _build_dict(item: Part, exclude_none: bool) -> Project:
    exact, project_item = item

    def project(value: Any) -> object:
        is_dict = type(value) is dict
        if not is_dict and not isinstance(value, Mapping):
            raise misfit("object", value)
        members = cast("Mapping[Any, Any]", value)
        # PERF: nothing is looked at one by one where every value is written as it is.
        if is_dict and exact and not exclude_none and exact.issuperset(map(type, members.values())):
            return members
        written: dict[Any, object] = {}
        key: Any = None
        try:
            for key, element in members.items():
                if element is None and exclude_none:
                    continue
                # Keys are the encoder's business: whatever their type, they are written as texts.
                written[key] = element if type(element) in exact else project_item(element)
        except CodecError as exc:
            raise moved(exc, str(key)) from None
        return written

    return project


def build_writer(description: Description, project: Project) -> Callable[[object], bytes] | None:
    """Return a function that writes results of the described type as JSON, if the codec has one that is faster.

    It writes what the encoder makes of a projection, and raises as these do.

    Args:
        description: the response's model.
        project: the projection for it.
    """
    encode = codec.encoder()

    def projected(project: Project) -> Callable[[object], bytes]:
        def write(value: object) -> bytes:
            return encode(project(value))

        return write

    return codec.writer(description, projected(project), lambda part: projected(build_projection(part)))
