"""Header fields: `Headers` as a client sent them, `MutableHeaders` as a response is going to send them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Final, Self, cast, overload

from hawkapi.http._grammar import OWS, is_token
from hawkapi.types import HeaderPairs

__all__ = ["Headers", "MutableHeaders"]

_CONTROLS: Final = dict.fromkeys([*range(9), *range(10, 32), 127])
"""SECURITY: CR, LF and NUL end a field early and let a value write fields of its own. The other control characters
may not be sent either, and servers abort a response that has one (RFC 9110 section 5.5). Tab is allowed."""
_SECRET: Final = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
"""SECURITY: what is shown ends in logs; the values of these fields are passwords, tokens and sessions."""


class Headers:
    """The header fields of a request: a read-only, case-insensitive view (RFC 9110 section 5).

    Args:
        raw: ASGI pairs of name and value; text is latin-1. Default none.

    Where a name occurs more than once, `get` and `[]` return the last value, `getlist` all. Iteration yields every
    `(name, value)` pair in order with the name as it came, and `len` counts the pairs. `repr` shows neither credentials
    nor cookies.

    Immutable, so safe in any thread.
    """

    __slots__ = ("_last", "_raw")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]] | None = None) -> None:
        self._raw = tuple(raw) if raw is not None else ()
        # PERF: one pass, and no text is made of the fields that nobody reads.
        self._last = {name.lower(): value for name, value in self._raw}

    @overload
    def get(self, key: str) -> str | None: ...
    @overload
    def get[T](self, key: str, default: T) -> str | T: ...
    def get(self, key: str, default: object = None) -> object:
        """Return the last value of a field, or the default."""
        value = self._find(key)
        return default if value is None else value.decode("latin-1")

    def getlist(self, key: str) -> list[str]:
        """Return every value of a field in order; an absent field has none."""
        if self._find(key) is None:
            return []
        wanted = key.encode("latin-1").lower()
        return [value.decode("latin-1") for name, value in self._raw if name.lower() == wanted]

    def keys(self) -> list[str]:
        """Return the name of every pair, as it came."""
        return [name for name, _ in self]

    def values(self) -> list[str]:
        """Return the value of every pair."""
        return [value for _, value in self]

    def items(self) -> list[tuple[str, str]]:
        """Return every pair."""
        return list(self)

    def __getitem__(self, key: str) -> str:
        value = self._find(key)
        if value is None:
            raise KeyError(key)
        return value.decode("latin-1")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __repr__(self) -> str:
        return f"Headers({_shown(self)!r})"

    def _find(self, key: str) -> bytes | None:
        try:
            return self._last.get(key.encode("latin-1").lower())
        except UnicodeEncodeError:
            return None


class MutableHeaders(MutableMapping[str, str]):  # noqa: PLW1641 - mutable, so it has no hash
    """The header fields of a response: a `dict` whose names ignore case and may have several values.

    Args:
        fields: a mapping, or pairs in which a name may be repeated. Default none.

    `headers[name] = value` replaces every value of a name, `append` adds one more. Reading, `len` and iteration are
    those of a `dict` from names, spelt as they were first given, to last values; so `update` and `|` take last values
    over, and `append` for each of `multi_items()` takes all.

    What is stored can be sent: control characters except tab are removed from names and values, white space from
    the ends of values, so no field can begin or end another (RFC 9110 section 5.5).

    Raises:
        ValueError: a name is not a token (section 5.1), or a value has a character outside latin-1.
        TypeError: a name or a value is not text.

    Request-bound: one thread at a time.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None) -> None:
        self._fields: dict[str, tuple[str, list[str]]] = {}
        if fields is None:
            return
        if isinstance(fields, MutableHeaders):
            self._fields = {key: (name, list(values)) for key, (name, values) in fields._fields.items()}
        elif isinstance(fields, Mapping):
            # A mapping is taken for names with values, not for the pairs that the keys of a mapping could be as well.
            for name, value in cast("Mapping[str, str]", fields).items():
                self[name] = value
        else:
            for name, value in fields:
                self.append(name, value)

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Self:
        """Return the fields of a response start message; text is latin-1."""
        return cls((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)

    def to_pairs(self) -> HeaderPairs:
        """Return every field as ASGI sends it: lower-case names, repeated ones beside each other."""
        return [
            (key.encode("latin-1"), value.encode("latin-1"))
            for key, (_, values) in self._fields.items()
            for value in values
        ]

    def append(self, name: str, value: str) -> None:
        """Add a value and keep those that the name already has."""
        name, value = _clean_name(name), _clean_value(value)
        self._fields.setdefault(name.lower(), (name, []))[1].append(value)

    def getlist(self, key: str) -> list[str]:
        """Return every value of a name in order; an absent name has none."""
        entry = self._fields.get(key.lower())
        return list(entry[1]) if entry is not None else []

    def multi_items(self) -> list[tuple[str, str]]:
        """Return every pair, also those of repeated names."""
        return [(name, value) for name, values in self._fields.values() for value in values]

    def copy(self) -> MutableHeaders:
        """Return the same fields; changing one does not change the other."""
        return MutableHeaders(self)

    __copy__ = copy

    def __getitem__(self, key: str) -> str:
        try:
            return self._fields[key.lower()][1][-1]
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: str, value: str) -> None:
        name = _clean_name(key)
        self._fields[name.lower()] = (name, [_clean_value(value)])

    def __delitem__(self, key: str) -> None:
        try:
            del self._fields[key.lower()]
        except KeyError:
            raise KeyError(key) from None

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MutableHeaders):
            if not isinstance(other, Mapping):
                return NotImplemented
            try:
                other = MutableHeaders(cast("Mapping[str, str]", other))
            except (TypeError, ValueError):
                return False
        return dict(self._by_key()) == dict(other._by_key())

    def __or__(self, other: Mapping[str, str]) -> MutableHeaders:
        merged = MutableHeaders(self)
        merged.update(other)
        return merged

    def __ior__(self, other: Mapping[str, str]) -> Self:
        self.update(other)
        return self

    def __repr__(self) -> str:
        return f"MutableHeaders({_shown(self.multi_items())!r})"

    def _by_key(self) -> Iterator[tuple[str, list[str]]]:
        return ((key, values) for key, (_, values) in self._fields.items())


def _shown(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what is shown of fields."""
    return [(name, "***" if name.lower() in _SECRET else value) for name, value in pairs]


def _clean_name(name: object) -> str:
    """Return a name that can be sent; everything that users pass comes through here, so nothing is assumed of it."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a header field is a str, not {type(name).__name__}: {name!r}")
    # Cheap case first: hardly any name has more than letters, digits and hyphens.
    if (name.isascii() and name.replace("-", "").isalnum()) or is_token(name):
        return name
    cleaned = name.translate(_CONTROLS)
    if not is_token(cleaned):
        raise ValueError(f"{name!r} is not the name of a header field: letters, digits and !#$%&'*+-.^_`|~ are")
    return cleaned


def _clean_value(value: object) -> str:
    """Return a value that can be sent."""
    if not isinstance(value, str):
        raise TypeError(f"the value of a header field is a str, not {type(value).__name__}: {value!r}")
    # Cheap case first: hardly any value has a character to remove.
    if value.isascii() and value.isprintable():
        return value.strip(OWS)
    cleaned = value.translate(_CONTROLS).strip(OWS)
    try:
        cleaned.encode("latin-1")
    except UnicodeEncodeError as exc:
        bad = cleaned[exc.start : exc.end]
        raise ValueError(f"header field {value!r} holds {bad!r}, which is not in latin-1; percent-encode it") from None
    return cleaned
