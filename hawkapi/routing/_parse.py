"""Path templates: text in, segments out.

::

    template  = "/" [ segment *( "/" segment ) ]
    segment   = literal / "{" name [ ":" type ] "}"
    name      = a Python identifier
    type      = "str" / "int" / "float" / "uuid" / "path"      ; "path" only in the last segment

Only whole segments are parameters. Surrounding slashes mean nothing: `a`, `/a` and `/a/` are one template.
"""

from __future__ import annotations

from typing import NamedTuple

from hawkapi.exceptions import InvalidPathError
from hawkapi.routing.param_converters import Converter, get_converter


class Parameter(NamedTuple):
    """A segment that holds a value."""

    name: str
    converter: Converter


class Template(NamedTuple):
    """A parsed path template."""

    path: str
    """The normalised text: one leading slash, none at the end."""
    segments: tuple[str | Parameter, ...]
    names: tuple[str, ...]
    """Those of the parameters, from left to right."""


def join_paths(prefix: str, path: str) -> str:
    """Put a prefix in front of a path and normalise the slashes around both; nothing at all is `/`."""
    parts = [part for part in (prefix.strip("/"), path.strip("/")) if part]
    return "/" + "/".join(parts)


def parse_template(path: str) -> Template:
    """Take a path template apart.

    Raises:
        InvalidPathError: a segment has no meaning, a type is unknown, or a name occurs twice.
    """
    path = join_paths("", path)
    segments = tuple(_parse_segment(text, path) for text in path.split("/")[1:] if path != "/")
    names = tuple(segment.name for segment in segments if isinstance(segment, Parameter))
    for name in names:
        if names.count(name) > 1:
            raise InvalidPathError(f"Path {path!r} has two parameters named {name!r}")
    for segment in segments[:-1]:
        if isinstance(segment, Parameter) and segment.converter.takes_rest:
            raise InvalidPathError(f"Path {path!r}: {{{segment.name}:path}} takes the rest and must come last")
    return Template(path, segments, names)


def _parse_segment(text: str, path: str) -> str | Parameter:
    if not text:
        raise InvalidPathError(f"Path {path!r} has an empty segment; remove the doubled slash")
    if "{" not in text and "}" not in text:
        return _check_literal(text, path)
    inner = text[1:-1]
    name, colon, kind = inner.partition(":")
    if text != f"{{{inner}}}" or not name.isidentifier() or (colon and not kind):
        raise InvalidPathError(f"Path {path!r}: segment {text!r} must be a literal or {{name}} or {{name:type}}")
    return Parameter(name, get_converter(kind or "str"))


def _check_literal(text: str, path: str) -> str:
    """Return a literal segment, unless no request path can ever hold it."""
    if "?" in text or "#" in text or not text.isprintable():
        raise InvalidPathError(
            f"Path {path!r}: segment {text!r} holds '?', '#' or a control character, so nothing matches"
        )
    if text in {".", ".."}:
        raise InvalidPathError(f"Path {path!r}: clients resolve the segment {text!r} before they send a request")
    return text


def require_path(path: object, message: str) -> None:
    """Refuse what is no text where a path should be: a decorator that was written without parentheses, for example.

    Raises:
        TypeError: with the message.
    """
    if not isinstance(path, str):
        raise TypeError(message)
