"""The msgspec codec: the fast path for what is right; the portable codec says what is wrong.

msgspec stops at the first violation and words it in its own way. Whenever it refuses a body, the portable decoder
reads the same bytes and its answer, value or violations, is the answer. So both codecs refuse alike by construction;
what must be proved, by `tests/parity`, is that they accept alike. A type of which msgspec would accept more, or make
something else, is not given to it: it then parses, and the portable readers make the objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from hawkapi.codec import _portable
from hawkapi.codec._completion import build_completion
from hawkapi.codec._encoder import to_builtin
from hawkapi.codec._limits import MAX_DEPTH, check_limits
from hawkapi.codec._model import ARRAY_KINDS, MEMBER_KINDS, Description, Kind, parts_of

__all__ = [
    "UNSET",
    "Meta",
    "Struct",
    "UnsetType",
    "build_converter",
    "build_decoder",
    "build_encoder",
    "build_writer",
    "field",
]

_NOT_FINITE: Final = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""How every NaN and every infinity begins in MessagePack; other bytes may look so."""

_HOLDERS: Final = ARRAY_KINDS | {Kind.DICT}

_FAILURES: Final = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError)
"""What a decoder may raise for a body: a set of what has no hash is a TypeError, for example."""


def build_decoder(description: Description) -> Callable[[bytes], object]:
    """Return the function that reads bytes as the described type."""
    exact = _portable.build_exact_decoder(description)
    if description.kind is Kind.PYDANTIC or _portable.has_decimals(description):
        # msgspec takes "NaN" and "1_0" for decimals, and its parser, asked for no type, does not keep their digits.
        return _portable.build_decoder(description)
    typed = _typed_decoder(description)
    if typed is None:
        return _guarded(_untyped_decoder(description), exact)
    fast, complete = typed
    return _guarded(fast, exact) if complete is None else _completed(fast, exact, complete)


def _guarded(fast: Callable[[bytes], object], exact: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Return a decoder that tries the fast one within our limits."""

    def decode(data: bytes) -> object:
        # PERF: a short body without escapes keeps every limit, and most bodies are short.
        if len(data) > MAX_DEPTH or data.find(b"\\") >= 0 or not data.isascii():
            check_limits(data)
        try:
            return fast(data)
        except _FAILURES:
            return exact(data)

    return decode


def _completed(
    fast: Callable[[bytes], object], exact: Callable[[bytes], object], complete: Callable[[Any], None]
) -> Callable[[bytes], object]:
    """Return the same, for a type whose objects are completed when they have been made."""

    def decode(data: bytes) -> object:
        # PERF: as in `_guarded`; one function that does both saves a call for each body.
        if len(data) > MAX_DEPTH or data.find(b"\\") >= 0 or not data.isascii():
            check_limits(data)
        try:
            value = fast(data)
        except _FAILURES:
            return exact(data)
        complete(value)
        return value

    return decode


def _typed_decoder(
    description: Description,
) -> tuple[Callable[[bytes], object], Callable[[Any], None] | None] | None:
    """Return msgspec's own decoder for a type, unless it would make other objects than the portable reader.

    Beside it comes what completes its values in place, where they may lack something.
    """
    if not all(_is_read_alike(part) for part in parts_of(description)) or _is_endless(description):
        return None
    completion = build_completion(description)
    if completion.is_ambiguous:
        return None
    annotation = description.type if description.annotation is None else description.annotation
    try:
        return msgspec.json.Decoder(annotation).decode, completion.complete
    except (TypeError, ValueError, NotImplementedError, RecursionError, NameError, AttributeError):
        return None


def _is_read_alike(part: Description) -> bool:
    """Whether msgspec reads one part of a type as the portable reader does."""
    if part.constraints is not None and (not part.constraints.native or part.annotation is None):
        return False
    kind, cls = part.kind, part.cls
    if kind in {Kind.ATTRS, Kind.PYDANTIC}:
        return False
    if kind is Kind.DICT:
        # Of the key "-0" msgspec makes 0.0, and of "-0.0" -0.0.
        return part.key is not None and part.key.kind not in {Kind.UNION, Kind.FLOAT}
    if kind is Kind.UNION:
        return not (_is_misplaced(part) or _loses_integers(part))
    if cls is None or kind is Kind.ENUM:
        return True
    if getattr(cls, "__parameters__", ()) and not part.args:
        return False  # What a type variable without an argument may be is hawkapi's own rule.
    if kind is Kind.DATACLASS:
        return not _makes_objects_itself(cls)
    if kind is Kind.NAMED_TUPLE:
        return cls.__mro__[1] is tuple
    return kind is not Kind.STRUCT or issubclass(cls, Struct)


def _is_misplaced(union: Description) -> bool:
    """Whether msgspec looks for parts of a union in other places than it has written them to.

    ==============================  ============================================================================
    limits, and beside them         what msgspec does
    ==============================  ============================================================================
    a tuple of fixed length         it takes other numbers for the limits, and one of them, or an address, for
                                    the length of the tuple; what it finds there it frees with the decoder
    a pattern; an array or a dict   it frees the compiled pattern, which others still use, as if it were its own
    of floats, of other floats      it takes other numbers for some of them
    ==============================  ============================================================================
    """
    limited = [choice for choice in union.items if choice.constraints is not None]
    kinds = {choice.kind for choice in union.items}
    if Kind.FIXED_TUPLE in kinds:
        return bool(limited)
    has_pattern = any("pattern" in choice.constraints.names for choice in limited if choice.constraints is not None)
    return (has_pattern and not kinds.isdisjoint(_HOLDERS)) or [each.kind for each in limited].count(Kind.FLOAT) > 1


def _loses_integers(union: Description) -> bool:
    """Whether msgspec makes floats of long integers that an enumeration may know, by its `_missing_`, as flags do."""
    has_integers = any(choice.kind is Kind.ENUM and isinstance(choice.values[0], int) for choice in union.items)
    return has_integers and any(choice.kind is Kind.FLOAT for choice in union.items)


def _is_endless(description: Description) -> bool:
    """Whether a part of a type holds itself with no class in between, as only an alias can.

    msgspec would expand it until the interpreter counts too many calls. That takes megabytes of stack: the main thread
    mostly has them, but other threads of some systems do not, and the process ends where it should raise.
    """
    waiting = {id(part): part for part in parts_of(description) if part.kind not in MEMBER_KINDS}
    while waiting:
        ended = [place for place, part in waiting.items() if not any(id(child) in waiting for child in part.children)]
        if not ended:
            return True
        for place in ended:
            del waiting[place]
    return False


def _makes_objects_itself(cls: Any) -> bool:
    """Whether a class does something of its own when an object is made or an attribute set, which msgspec passes by."""
    sets = cls.__setattr__ is not object.__setattr__ and not cls.__dataclass_params__.frozen
    return sets or cls.__new__ is not object.__new__ or type(cls) is not type


def _untyped_decoder(description: Description) -> Callable[[bytes], object]:
    """Return a decoder that parses with msgspec and makes the objects with the portable reader."""
    parse = msgspec.json.Decoder().decode
    convert = _portable.build_converter(description)

    def decode(data: bytes) -> object:
        return convert(parse(data), False)

    return decode


def build_converter(description: Description) -> Callable[[object, bool], object]:
    """Return the function that reads values, or texts, as the described type.

    PERF: one text of a path or a query is read faster by the portable reader, compiled or not, than by a call into
    msgspec, which would need its own check for the spellings that HTTP allows and JSON does not.
    """
    return _portable.build_converter(description)


def build_encoder() -> Callable[[object], bytes]:
    """Return a new function that writes values. It keeps nothing between calls, so threads may share it."""
    encode = msgspec.json.Encoder(enc_hook=to_builtin).encode
    pack = msgspec.msgpack.Encoder(enc_hook=to_builtin).encode
    exact = _portable.build_encoder()

    def may_hide_nan(value: object) -> bool:
        """Whether one of the nulls that msgspec wrote for a value may have been no number.

        PERF: as MessagePack the value is written in half the time of JSON, and floats keep their bits. A search for
        those that are not finite finds all of them, and seldom something else, which is then written again.
        """
        try:
            return _NOT_FINITE.search(pack(value)) is not None
        except (TypeError, ValueError, OverflowError):
            return True  # MessagePack has no form for it: an integer of more than 64 bits.

    def encode_checked(value: object) -> bytes:
        try:
            data = encode(value)
        except TypeError:
            # Subclasses of str and int, None and bool as keys, and iterators, which can be read once only, are nothing
            # to msgspec; what remains is refused, below and not here, where its traceback would begin with this one.
            data = b""
        # msgspec writes NaN and infinities as null. Only a text that holds a null can hide one.
        return exact(value) if not data or (data.find(b"null") >= 0 and may_hide_nan(value)) else data

    return encode_checked


def build_writer(*_: object) -> None:
    """Return no function: for msgspec nothing is faster than to write the projection of a result."""
