"""What must not be shown: values under names that sound secret, and passwords in URLs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

MASK: Final = "***"
_SECRET_WORDS: Final = (
    "secret", "password", "passwd", "passphrase", "token", "key", "dsn", "credential"
)  # fmt: skip

# `scheme://user:password@host`; up to the last "@", because a password that was not encoded may contain one.
_URL_PASSWORD: Final = re.compile(r"(://[^\s:/?#@]*:)\S*@")


def is_secret_name(name: str) -> bool:
    """Whether a name says that its value is not for everybody."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_WORDS)


def mask_urls(text: str) -> str:
    """Return a text with `***` for the passwords of the URLs in it."""
    return _URL_PASSWORD.sub(rf"\g<1>{MASK}@", text)


def show(name: str, value: object) -> str:
    """Return the `repr` of a named value without what is secret in it, at any depth."""
    if is_secret_name(name):
        return repr(MASK)
    names = _members_of(value)
    if names:
        members = ", ".join(f"{member}={show(member, getattr(value, member))}" for member in names)
        return f"{type(value).__name__}({members})"
    if isinstance(value, Mapping):
        pairs = cast("Iterable[tuple[object, object]]", value.items())
        return "{" + ", ".join(f"{key!r}: {show(str(key), item)}" for key, item in pairs) + "}"
    if type(value) in {list, tuple}:
        # Item by item: the end of one URL and the start of another must not be taken for one.
        shown = ", ".join(show("", item) for item in cast("Iterable[object]", value))
        return f"[{shown}]" if isinstance(value, list) else f"({shown})"
    return mask_urls(repr(value))


def _members_of(value: object) -> list[str]:
    """Return the names of the members that the `repr` of an object with a fixed structure shows; of others, none."""
    cls: Any = type(value)
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls) if field.repr]
    if hasattr(cls, "__attrs_attrs__"):
        return [attribute.name for attribute in cls.__attrs_attrs__ if attribute.repr]
    # Structs, pydantic models, named tuples.
    for attribute in ("__struct_fields__", "model_fields", "_fields"):
        found = getattr(cls, attribute, None)
        if isinstance(found, tuple | dict):
            return list(cast("Iterable[str]", found))
    return []
