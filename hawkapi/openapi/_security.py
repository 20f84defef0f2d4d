"""Security schemes (OpenAPI 3.1, sections 4.8.27 and 4.8.30): what is found among the dependencies of routes.

A scheme is any dependency with an attribute `openapi_scheme` that is a security scheme object and not empty. Its key in
the document is its `scheme_name`, where it has one, else the name of its class; two that differ have two keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast, final

from hawkapi.codec._schema_names import unused
from hawkapi.di.depends import Dependency

SCOPED: Final = frozenset({"oauth2", "openIdConnect"})
"""The types of schemes that scopes mean something to."""
_UNUSABLE: Final = re.compile(r"[^A-Za-z0-9._-]")
"""What a key of `components` must not have (OpenAPI 3.1, section 4.8.7.1)."""


class Scheme(NamedTuple):
    """One security scheme of a route."""

    name: str
    """What it would like to be called."""
    document: Mapping[str, Any]
    """The security scheme object."""
    is_optional: bool
    """Whether a request without credentials is served too."""
    may_refuse: bool
    """Whether a request may be answered with 401 for its credentials, or for having none."""

    @property
    def identity(self) -> tuple[str, str]:
        """What tells it from others: two objects that say the same are one scheme."""
        return self.name, json.dumps(self.document, sort_keys=True, default=str)


def schemes_of(dependencies: Iterable[Dependency]) -> list[Scheme]:
    """Return the security schemes among dependencies, each once; it is optional if nobody requires it."""
    found: dict[tuple[str, str], Scheme] = {}
    for marker in dependencies:
        scheme = _scheme_of(marker.dependency)
        if scheme is not None:
            known = found.get(scheme.identity)
            found[scheme.identity] = scheme if known is None or known.is_optional else known
    return list(found.values())


def _scheme_of(dependency: Any) -> Scheme | None:
    document: object = getattr(dependency, "openapi_scheme", None)
    # On a class it is the property itself, and what that says is not known.
    if not isinstance(document, Mapping) or not document:
        return None
    name = getattr(dependency, "scheme_name", None)
    if not isinstance(name, str) or not name:
        name = type(dependency).__name__
    is_optional = getattr(dependency, "auto_error", True) is False
    may_refuse = not is_optional or getattr(dependency, "verifies", False) is True
    return Scheme(_UNUSABLE.sub("_", name), cast("Mapping[str, Any]", document), is_optional, may_refuse)


def scopes_of(dependencies: Iterable[Dependency]) -> list[str]:
    """Return the scopes that dependencies ask for, sorted, each once."""
    return sorted({str(scope) for marker in dependencies for scope in getattr(marker, "scopes", None) or ()})


@final
class SecuritySchemes:
    """The schemes of one document while it is made; for one thread."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Scheme] = {}

    def add(self, schemes: Iterable[Scheme]) -> None:
        """Note the schemes of a route."""
        for scheme in schemes:
            self._found.setdefault(scheme.identity, scheme)

    def keys(self) -> dict[tuple[str, str], str]:
        """Return the key of each scheme: its name alone where no other scheme has it.

        Keys do not depend on the order of routes, unless two schemes differ in nothing that a name can show.
        """
        counts: dict[str, int] = {}
        for name, _ in self._found:
            counts[name] = counts.get(name, 0) + 1
        keys: dict[tuple[str, str], str] = {}
        taken: set[str] = set()
        for identity, scheme in self._found.items():
            name = scheme.name if counts[scheme.name] == 1 else _distinct_name(scheme)
            keys[identity] = unused(name, taken)
            taken.add(keys[identity])
        return keys

    def components(self) -> dict[str, Mapping[str, Any]]:
        """Return every security scheme object by its key, sorted."""
        keys = self.keys()
        found = {keys[identity]: scheme.document for identity, scheme in self._found.items()}
        return dict(sorted(found.items()))


def _distinct_name(scheme: Scheme) -> str:
    """Return a scheme's name with what it looks for, if it says so: `APIKeyHeader_X-Key`."""
    flows: dict[str, dict[str, Any]] = scheme.document.get("flows") or {}
    urls = [flow.get("tokenUrl") or flow.get("authorizationUrl") for flow in flows.values()]
    told = [*(scheme.document.get(word) for word in ("name", "openIdConnectUrl", "bearerFormat")), *urls]
    detail = _UNUSABLE.sub("_", str(next(filter(None, told), ""))).strip("_")
    return f"{scheme.name}_{detail}" if detail else scheme.name


def build_requirements(
    schemes: list[Scheme], scopes: list[str], keys: Mapping[tuple[str, str], str]
) -> list[dict[str, list[str]]]:
    """Return the security requirement objects of an operation: what is required, with each optional scheme or none."""
    optional = [scheme for scheme in schemes if scheme.is_optional]
    return [
        {
            keys[scheme.identity]: list(scopes) if scheme.document.get("type") in SCOPED else []
            for scheme in schemes
            if not scheme.is_optional or scheme is chosen
        }
        for chosen in [*optional, None]
    ]
