"""Bytes made wrong: small changes to something valid reach deeper into a parser than noise does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

Mutation = Callable[[Random, bytes], bytes]

INTERESTING: Final = (
    *(bytes([value]) for value in (0, 9, 10, 13, 32, 34, 37, 39, 44, 58, 59, 61, 92, 123, 125, 127, 128, 192, 255)),
    *(b"\r\n", b"\r\n\r\n", b"\n\n", b"--", b"%00", b"%", b"%ff", b"%C3", b"&", b"=", b"+", b"..", b"/", b"//"),
    *(b"0", b"-1", b"1e999", b"NaN", b"Infinity", b"null", b"true", b"9" * 30, b"9" * 400, b"1" + b"0" * 4400),
    *(b"\\u0000", b"\\ud800", b"\\udc00\\ud800", "ü".encode(), "日本".encode(), "🐦".encode(), b"\xed\xa0\x80"),
    *(b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"[" * 300, b'{"a":' * 300, b'"' * 3),
    *(b";" * 50, b"," * 50, b"a" * 5000, b"bytes=0-,-1", b'W/""', b"*", b"*/*;q=0", b"chunked"),
)
"""What parsers have stumbled over: ends of lines and strings, half characters, numbers beyond every limit."""


def insert(random: Random, value: bytes) -> bytes:
    """Put something interesting somewhere."""
    place = random.randint(0, len(value))
    return value[:place] + random.choice(INTERESTING) + value[place:]


def overwrite(random: Random, value: bytes) -> bytes:
    """Replace some bytes by something interesting."""
    start, end = part(random, value)
    return value[:start] + random.choice(INTERESTING) + value[end:]


def flip(random: Random, value: bytes) -> bytes:
    """Flip a bit."""
    if not value:
        return value
    place = random.randrange(len(value))
    return value[:place] + bytes([value[place] ^ 1 << random.randrange(8)]) + value[place + 1 :]


def delete(random: Random, value: bytes) -> bytes:
    """Leave some bytes out."""
    start, end = part(random, value)
    return value[:start] + value[end:]


def truncate(random: Random, value: bytes) -> bytes:
    """Leave the end out."""
    return value[: random.randint(0, len(value))]


def repeat(random: Random, value: bytes) -> bytes:
    """Repeat some bytes, now and then very often."""
    start, end = part(random, value)
    piece = value[start:end]
    times = random.choice((1, 1, 2, 10, 300 if len(piece) < 50 else 3))
    return value[:start] + piece * times + value[start:]


def move(random: Random, value: bytes) -> bytes:
    """Put some bytes somewhere else."""
    start, end = part(random, value)
    rest = value[:start] + value[end:]
    place = random.randint(0, len(rest))
    return rest[:place] + value[start:end] + rest[place:]


def noise(random: Random, value: bytes) -> bytes:
    """Put random bytes somewhere."""
    place = random.randint(0, len(value))
    return value[:place] + random.randbytes(random.choice((1, 2, 8, 40))) + value[place:]


MUTATIONS: Final[tuple[Mutation, ...]] = (insert, overwrite, flip, delete, truncate, repeat, move, noise)


def part(random: Random, value: bytes) -> tuple[int, int]:
    """Return the ends of a part, mostly a short one."""
    start = random.randint(0, len(value))
    longest = random.choice((1, 4, 16, len(value)))
    return start, min(len(value), start + random.randint(0, longest))


def mutated(random: Random, value: bytes) -> bytes:
    """Return bytes after one to four changes."""
    for _ in range(random.choice((1, 1, 2, 4))):
        value = random.choice(MUTATIONS)(random, value)
    return value


def perhaps_mutated(random: Random, value: bytes, chance: float = 0.5) -> bytes:
    """Return bytes, changed or not."""
    return mutated(random, value) if random.random() < chance else value
