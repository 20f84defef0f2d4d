"""Reading an OpenAPI document: what stands where, and one clear error where something else does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast, final

from hawkapi.openapi._walk import member_of, names_in
from hawkapi.openapi.codegen.errors import UnusableSpecError

__all__ = ["Document", "below", "object_at", "sequence_at", "text_at"]

type Object = dict[str, Any]


def below(place: str, *names: str | int) -> str:
    """Return the place of a member (a JSON pointer, RFC 6901)."""
    return "/".join([place, *(str(name).replace("~", "~0").replace("/", "~1") for name in names)])


def object_at(value: object, place: str) -> Object:
    """Return an object of the document; nothing counts as an empty one.

    Raises:
        UnusableSpecError: it is none.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UnusableSpecError(f"here must be an object, not {_kind(value)}", place)
    found = cast("dict[Any, Any]", value)
    if all(type(name) is str for name in found):
        return cast("Object", found)
    # YAML has other keys than text: statuses are numbers there, `on` is true.
    return {str(name): member for name, member in found.items()}


def sequence_at(value: object, place: str) -> Sequence[Any]:
    """Return an array of the document; nothing counts as an empty one.

    Raises:
        UnusableSpecError: it is none.
    """
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise UnusableSpecError(f"here must be an array, not {_kind(value)}", place)
    return cast("Sequence[Any]", value)


def text_at(value: object, place: str) -> str | None:
    """Return text of the document, or `None` for nothing.

    Raises:
        UnusableSpecError: it is something else.
    """
    if value is None or isinstance(value, str):
        return value
    raise UnusableSpecError(f"here must be text, not {_kind(value)}", place)


def _kind(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "an array"
        case Mapping():
            return "an object"
        case _:
            return type(value).__name__


@final
class Document:
    """An OpenAPI document, and what references into it stand for."""

    def __init__(self, spec: object) -> None:
        if not isinstance(spec, Mapping):
            raise UnusableSpecError(f"this is no OpenAPI document: it must be an object, not {_kind(spec)}")
        self.root = object_at(cast("object", spec), "#")
        self._check_version()
        self._check_text()

    def _check_text(self) -> None:
        """Refuse what JSON can escape but nobody can write: half of a pair of surrogates (RFC 8259 section 8.2)."""
        # By identity: with its aliases, a small YAML file may be a tree without end.
        seen: set[int] = set()
        waiting: list[tuple[Any, str]] = [(self.root, "#")]
        while waiting:
            value, place = waiting.pop()
            if isinstance(value, str):
                _check_encodable(value, place)
            elif isinstance(value, dict | list) and id(cast("object", value)) not in seen:
                seen.add(id(cast("object", value)))
                for name, member in _members(value):
                    _check_encodable(str(name), place)
                    waiting.append((member, below(place, name)))

    def _check_version(self) -> None:
        if "swagger" in self.root:
            raise UnusableSpecError("this is a Swagger 2 document; convert it to OpenAPI 3 first")
        version = self.root.get("openapi")
        if version is None and not self.root.keys() & {"paths", "components", "info"}:
            raise UnusableSpecError("this is no OpenAPI document: it has no member 'openapi'")
        if version is not None and not str(version).startswith("3."):
            raise UnusableSpecError(f"this is OpenAPI {version}; clients are made of OpenAPI 3", "#/openapi")

    def resolve(self, value: object, place: str) -> tuple[Object, str]:
        """Return the object that a value is, or refers to, and its place.

        Raises:
            UnusableSpecError: a reference leads nowhere, into another document, or in a circle.
        """
        found = object_at(value, place)
        seen: set[str] = set()
        while "$ref" in found:
            reference = found["$ref"]
            if reference in seen:
                raise UnusableSpecError(f"the reference {reference} leads back to itself", place)
            value, place = self.target(reference, place)
            seen.add(reference)
            found = object_at(value, place)
        return found, place

    def target(self, reference: object, place: str) -> tuple[Any, str]:
        """Return what a reference means, and its place.

        Raises:
            UnusableSpecError: it means nothing in this document.
        """
        if not isinstance(reference, str):
            raise UnusableSpecError(f"a reference must be text, not {_kind(reference)}", below(place, "$ref"))
        if reference != "#" and not reference.startswith("#/"):
            raise UnusableSpecError(
                f"{reference!r} is not in this document; bundle the documents into one first", place
            )
        names = names_in(reference)
        found: Any = self.root
        for name in names:
            found = member_of(found, name)
            if found is None:
                raise UnusableSpecError(f"the reference {reference!r} leads nowhere", place)
        return found, below("#", *names)


def _members(value: Any) -> Iterable[tuple[str | int, Any]]:
    return cast("Object", value).items() if isinstance(value, dict) else enumerate(cast("list[Any]", value))


def _check_encodable(text: str, place: str) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise UnusableSpecError("here is half of a pair of surrogates, which is no text", place) from None
