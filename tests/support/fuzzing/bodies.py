"""Bodies: JSON and MessagePack documents near the types that routes take, and forms of both kinds."""

from __future__ import annotations

import json
import struct
from random import Random
from typing import Any, Final

from fuzzing.grammar import NUMBERS, SCALARS, WORDS, integer, query, token

KEYS: Final = ("name", "price", "tags", "at", "kind", "item", "more", "id", "size", "left", "right", "value", "x", "")
BOUNDARY: Final = b"frontier"


def document(random: Random, depth: int = 0) -> Any:
    """Return a value that JSON can hold."""
    chance = random.random()
    if depth > 4 or chance < 0.35:
        return random.choice((random.choice(SCALARS), random.choice(NUMBERS), random.choice(WORDS)))
    if chance < 0.55:
        return random.choice((integer(random), random.choice((0.0, -0.0, 1.5, 1e308, 5e-324, True, False, None))))
    size = random.choice((0, 1, 2, 3, 8))
    if chance < 0.7:
        return [document(random, depth + 1) for _ in range(size)]
    return {random.choice(KEYS): document(random, depth + 1) for _ in range(size)}


def item(random: Random) -> dict[str, Any]:
    """Return an object that fits the routes' models, or nearly."""
    thing: dict[str, Any] = {
        "name": random.choice(("hat", "ü", "", "a" * 300)),
        "price": random.choice((1, 0.5, -1, "1.5", 1e300)),
        "tags": ["a", "b"][: random.randint(0, 2)],
        "at": random.choice(SCALARS),
        "kind": random.choice(("red", "green", 3, None)),
        "id": random.choice(SCALARS),
        "size": integer(random),
    }
    if random.random() < 0.3:
        thing["item"] = item(random)
    for _ in range(random.choice((0, 0, 1, 2))):
        thing[random.choice(KEYS)] = document(random, 3)
    for name in list(thing):
        if random.random() < 0.15:
            del thing[name]
    return thing


def value(random: Random) -> Any:
    """Return a document for a body."""
    chance = random.random()
    if chance < 0.5:
        return item(random)
    if chance < 0.65:
        return [item(random) for _ in range(random.choice((0, 1, 1, 2, 3, 3, 5, 120)))]
    if chance < 0.75:
        return {"item": item(random), "more": [item(random)]}
    return document(random)


def as_json(random: Random) -> bytes:
    """Return a body in JSON, in one of the many ways to write the same."""
    text = json.dumps(
        value(random),
        ensure_ascii=random.random() < 0.5,
        indent=random.choice((None, None, 1)),
        separators=random.choice((None, (",", ":"))),
    )
    if random.random() < 0.05:
        depth = random.choice((50, 199, 200, 201, 5000))
        text = "[" * depth + text + "]" * depth
    return text.encode(random.choice(("utf-8",) * 9 + ("utf-16",)), "surrogatepass")


def as_msgpack(random: Random) -> bytes:
    """Return a body in MessagePack."""
    body = packed(random, value(random))
    if random.random() < 0.05:
        depth = random.choice((50, 199, 200, 201, 5000))
        body = b"\x91" * depth + body
    return body


def packed(random: Random, thing: Any) -> bytes:
    """Return a value in MessagePack, in any of the widths that hold it."""
    if thing is None:
        return b"\xc0"
    if isinstance(thing, bool):
        return b"\xc3" if thing else b"\xc2"
    if isinstance(thing, int):
        return packed_integer(random, thing)
    if isinstance(thing, float):
        return b"\xcb" + struct.pack(">d", thing)
    if isinstance(thing, str):
        data = thing.encode("utf-8", "surrogatepass")
        kind = random.choice((b"\xd9", b"\xda", b"\xdb") if random.random() < 0.9 else (b"\xc4", b"\xc5", b"\xc6"))
        return sized(kind, len(data)) + data
    if isinstance(thing, list):
        head = bytes([0x90 | len(thing)]) if len(thing) < 16 else b"\xdc" + struct.pack(">H", len(thing))
        return head + b"".join(packed(random, element) for element in thing)
    members = b"".join(packed(random, key) + packed(random, element) for key, element in thing.items())
    return b"\xde" + struct.pack(">H", len(thing)) + members + extension(random)


def sized(kind: bytes, length: int) -> bytes:
    """Return the head of a string of bytes, at least as wide as its length needs."""
    position = b"\xd9\xda\xdb".find(kind)
    base = 0xD9 if position >= 0 else 0xC4
    width = max(position if position >= 0 else b"\xc4\xc5\xc6".find(kind), int(length > 255) + int(length > 65_535))
    return bytes([base + width]) + length.to_bytes((1, 2, 4)[width], "big")


def packed_integer(random: Random, number: int) -> bytes:
    """Return an integer; one that no width holds becomes a float."""
    if -32 <= number < 128:
        return struct.pack("b", number)
    for kind, form, low, high in ((b"\xd2", ">i", -(2**31), 2**31), (b"\xd3", ">q", -(2**63), 2**63)):
        if low <= number < high:
            return kind + struct.pack(form, number)
    return b"\xcf" + struct.pack(">Q", number) if 0 <= number < 2**64 else b"\xcb" + struct.pack(">d", number)


def extension(random: Random) -> bytes:
    """Return, rarely, an extension after a map: timestamps are one."""
    if random.random() > 0.05:
        return b""
    stamps = (b"\xd6\xff\x00\x00\x00\x01", b"\xd7\xff" + b"\xff" * 8, b"\xc7\x0c\xff" + b"\xff" * 12, b"\xd4\x05\x00")
    return random.choice(stamps)


def as_form(random: Random) -> bytes:
    """Return an URL-encoded form."""
    return query(random, ("name", "price", "tags", "size", "file"))


def as_multipart(random: Random, boundary: bytes = BOUNDARY) -> bytes:
    """Return a multipart form (RFC 7578)."""
    body = random.choice((b"", b"", b"", b"preamble\r\n"))
    for _ in range(random.choice((0, 1, 2, 4, 30))):
        body += b"--" + boundary + random.choice((b"", b"", b" ", b"\t")) + b"\r\n" + part(random) + b"\r\n"
    return body + b"--" + boundary + random.choice((b"--\r\n", b"--\r\n", b"--", b"--epilogue", b"", b"-"))


def part(random: Random) -> bytes:
    """Return one part with its header."""
    name = random.choice(("name", "price", "size", "file", "tags", "", "ü", 'a\\"b', "a%22b", "x" * 200))
    fields = [f'{random.choice(("Content-Disposition", "content-disposition"))}: form-data; name="{name}"']
    if random.random() < 0.4:
        filename = random.choice(("a.txt", "", "ü.txt", "../../etc/passwd", 'a\\"b', "C:\\a.txt", "\x00"))
        form = random.choice(
            (f'; filename="{filename}"', "; filename*=UTF-8''%e2%82%ac", "; filename=a b", ";filename")
        )
        fields[0] += form
    if random.random() < 0.4:
        kinds = ("text/plain", "image/png", "", ";", "text/plain; charset=latin-1", "text/plain; charset=nonsense")
        fields.append(f"Content-Type: {random.choice(kinds)}")
    if random.random() < 0.1:
        fields.append(f"{token(random)}: {random.choice(SCALARS[:10])}")
    if random.random() < 0.1:
        fields.append("Content-Transfer-Encoding: " + random.choice(("base64", "quoted-printable", "8bit")))
    random.shuffle(fields)
    header = "\r\n".join(fields).encode("utf-8", "surrogatepass")
    return header + b"\r\n\r\n" + content(random)


def content(random: Random) -> bytes:
    """Return what a part holds, often something that looks like the end of it."""
    pieces = (b"\r\n", b"\n", b"\r", b"--", b"\r\n--", b"frontier", b"\r\n--frontie", b"a", b"\xff", b"\x00", b"1.5")
    return b"".join(random.choices(pieces, k=random.choice((0, 1, 3, 10, 400))))


def cut(random: Random, body: bytes) -> tuple[bytes, ...]:
    """Cut a body into chunks: one, few, many, single bytes, empty ones among them."""
    style = random.random()
    if style < 0.4 or not body:
        return (body,)
    if style < 0.5 and len(body) < 2000:
        return tuple(body[index : index + 1] for index in range(len(body)))
    places = sorted(random.randint(0, len(body)) for _ in range(random.choice((1, 2, 5, 20))))
    return tuple(body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True))
