"""Who is still let in: the ways that an operation accepts, compared."""

from __future__ import annotations

from typing import Any, Final

from hawkapi.openapi._schema_reading import text_of
from hawkapi.openapi._walk import list_of, mapping_of, resolve

type Alternative = frozenset[tuple[str, str]]
"""Schemes, and their scopes, that are needed together; an empty scope for the scheme itself."""

SENT: Final = ("type", "scheme", "in", "name", "openIdConnectUrl", "flows")
"""The members of a security scheme that decide what a client sends (OpenAPI 3.1, section 4.8.27)."""


def is_refused(old: dict[str, Any], new: dict[str, Any], old_spec: dict[str, Any], new_spec: dict[str, Any]) -> bool:
    """Whether a client that was let in by one operation is not by another: one of its ways is none any more."""
    was, now = (
        [_as_sent(way, spec, other) for way in ways_in(operation, spec)]
        for operation, spec, other in ((old, old_spec, new_spec), (new, new_spec, old_spec))
    )
    return not all(any(asked <= shown for asked in now) for shown in was)


def ways_in(operation: dict[str, Any], spec: dict[str, Any]) -> list[Alternative]:
    """Return the ways to be let in, an empty one where nothing is needed (OpenAPI 3.1, section 4.8.30)."""
    requirements = list_of(operation.get("security", spec.get("security"))) or [{}]
    return [
        frozenset(
            (str(name), str(scope)) for name, scopes in mapping_of(item).items() for scope in ("", *list_of(scopes))
        )
        for item in requirements
    ]


def listed(ways: list[Alternative]) -> list[list[str]]:
    """Return ways as values of a change."""
    return [sorted(f"{name}:{scope}" if scope else name for name, scope in way) for way in ways]


def _as_sent(way: Alternative, spec: dict[str, Any], other: dict[str, Any]) -> Alternative:
    """Return a way with what is sent in place of the names of schemes, which are only names.

    A scheme that one of the documents uses without a definition is known by its name.
    """
    return frozenset((_identity(name, spec, other), scope) for name, scope in way)


def _identity(name: str, spec: dict[str, Any], other: dict[str, Any]) -> str:
    if _schemes(other) or not _schemes(spec):
        return _what_is_sent(name, spec) or name
    return name


def _schemes(spec: dict[str, Any]) -> dict[str, Any]:
    return mapping_of(mapping_of(spec.get("components")).get("securitySchemes"))


def _what_is_sent(name: str, spec: dict[str, Any]) -> str:
    scheme = mapping_of(resolve(_schemes(spec).get(name), spec))
    sent = {member: _sent_form(member, scheme[member]) for member in SENT if member in scheme}
    return text_of(sent) if sent else ""


def _sent_form(member: str, value: Any) -> Any:
    if member == "flows":
        # The scopes of a flow are a list for readers; those that are needed stand at the operation.
        return {name: {**mapping_of(flow), "scopes": None} for name, flow in mapping_of(value).items()}
    return str(value).lower() if member == "scheme" else value
