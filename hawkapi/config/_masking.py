"""What must not be shown: values under names that sound secret, and passwords in URLs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

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
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = ", ".join(
            f"{field.name}={show(field.name, getattr(value, field.name))}"
            for field in dataclasses.fields(value)
            if field.repr
        )
        return f"{type(value).__name__}({members})"
    if isinstance(value, Mapping):
        pairs = cast("Iterable[tuple[object, object]]", value.items())
        return "{" + ", ".join(f"{key!r}: {show(str(key), item)}" for key, item in pairs) + "}"
    if type(value) in {list, tuple}:
        # Item by item: the end of one URL and the start of another must not be taken for one.
        shown = ", ".join(show("", item) for item in cast("Iterable[object]", value))
        return f"[{shown}]" if isinstance(value, list) else f"({shown})"
    return mask_urls(repr(value))
