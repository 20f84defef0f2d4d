"""From a route's template and values back to a path that finds the route (RFC 3986 section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final
from urllib.parse import quote

from hawkapi.routing._parse import Parameter, Template
from hawkapi.routing.errors import RouteNotFoundError, URLPathError
from hawkapi.routing.mounts import Mount

IN_SEGMENT: Final = "!$&'()*+,;=:@"
"""What a segment may hold as it is, beside unreserved characters."""


def parameters_of(template: Template) -> Set[str]:
    """Return the names of a template's parameters."""
    return frozenset(template.names)


def build_path(template: Template, params: Mapping[str, Any]) -> str:
    """Return the path of a template with its parameters filled in, percent-encoded.

    Raises:
        URLPathError: a parameter is missing, unknown, or does not fit.
    """
    missing = [name for name in template.names if name not in params]
    unknown = [name for name in params if name not in template.names]
    if missing or unknown:
        problem = f"needs a value for {missing[0]!r}" if missing else f"has no parameter {unknown[0]!r}"
        raise URLPathError(f"path {template.path!r} {problem}")
    return "/" + "/".join(
        _encode_value(segment, params[segment.name]) if isinstance(segment, Parameter) else encode_segments(segment)
        for segment in template.segments
    )


def _encode_value(parameter: Parameter, value: Any) -> str:
    """Return what the client has to send for a value; the route's converter must read it back."""
    text = "" if value is None or isinstance(value, bool) else str(value)
    converter = parameter.converter
    fits = text and (converter.convert is None or converter.convert(text) is not None)
    if not fits or ("/" in text and not converter.takes_rest):
        raise URLPathError(f"parameter {parameter.name!r} of type {converter.name} cannot be {value!r}")
    return encode_segments(text)


def encode_segments(text: str) -> str:
    """Percent-encode a text, but for the slashes in it.

    Raises:
        URLPathError: it holds half surrogates, which UTF-8 cannot express, or a segment `.` or `..`.
    """
    if not {".", ".."}.isdisjoint(text.split("/")):
        raise URLPathError(f"{text!r} cannot be sent in a path: clients resolve the segments '.' and '..'")
    try:
        return quote(text, safe=IN_SEGMENT + "/")
    except UnicodeEncodeError as exc:
        raise URLPathError(f"{text!r} cannot be sent in a path: {exc.reason}") from None


def build_mount_path(mounts: Sequence[Mount], name: str, params: Mapping[str, Any]) -> str:
    """Return the path of a mount by its name, or of a route in a mounted application by `mount:route`.

    Raises:
        RouteNotFoundError: nothing has this name.
        URLPathError: a parameter is missing, unknown, or does not fit.
    """
    for mount in mounts:
        if mount.name is None:
            continue
        if mount.name == name:
            if set(params) != {"path"}:
                raise URLPathError(f"mount {name!r} needs one parameter, 'path'")
            return encode_segments(f"{mount.path}/{str(params['path']).lstrip('/')}")
        if name.startswith(f"{mount.name}:") and hasattr(mount.app, "url_path_for"):
            inner = str(mount.app.url_path_for(name[len(mount.name) + 1 :], **params))
            return encode_segments(mount.path) + inner
    raise RouteNotFoundError(f"no route and no mount is called {name!r}")
