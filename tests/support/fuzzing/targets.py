"""Targets: what a case is about. Each makes requests for the routes of `tests/fuzz/target_app.py`."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from fuzzing import bodies, grammar
from fuzzing.cases import Case, Field
from fuzzing.mutation import mutated, perhaps_mutated

Target = Callable[[Random], Case]

PATHS: Final = ("/str/", "/int/", "/float/", "/uuid/", "/annotated/", "/date/", "/rest/", "/two/", "/sub/", "/static/")
QUERY_NAMES: Final = ("i", "f", "b", "d", "t", "span", "u", "n", "color", "word", "many", "text", "page", "size")
JSON_ROUTES: Final = (
    *("/json/item", "/json/items", "/json/box", "/json/any", "/json/union", "/json/numbers", "/json/limits"),
    *("/json/struct", "/json/request", "/json/optional", "/json/times", "/body"),
)
FORM_ROUTES: Final = ("/form", "/form/typed", "/upload", "/body", "/json/item")
FILES: Final = (b"/file", b"/static/large.bin", b"/static/style.css", b"/static/index.html", b"/static/")
REFLECTING: Final = (
    b"/reflect/header",
    b"/reflect/redirect",
    b"/reflect/cookie",
    b"/reflect/attachment",
    b"/reflect/events",
)


def field(name: str, value: str | bytes) -> Field:
    """Return a header field as a server gives it: without the white space around its value."""
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return name.lower().encode(), legal(data)


def legal(value: bytes) -> bytes:
    """Return what a server would let through of a field's value (RFC 9110 section 5.5)."""
    return value.translate(None, b"\r\n\0").strip(b" \t")


def path(random: Random) -> Case:
    """Paths of all spellings, under parameters of each type."""
    rest = grammar.path(random)[1:] if random.random() < 0.5 else grammar.value(random).encode()
    whole = random.choice(PATHS).encode() + rest if random.random() < 0.8 else b"/" + rest
    return Case(random.choice(grammar.METHODS), perhaps_mutated(random, whole, 0.3))


def query(random: Random) -> Case:
    """Query strings for parameters of all types."""
    text = perhaps_mutated(random, grammar.query(random, QUERY_NAMES), 0.4)
    return Case(path=random.choice((b"/query", b"/query/model", b"/request")), query=text)


def headers(random: Random) -> Case:
    """Header fields: those that routes read, those that frameworks read, others."""
    names = ("x-number", "x-flag", "x-many", "host", "content-type", "user-agent", "x-forwarded-for", "authorization")
    fields = []
    for _ in range(random.choice((0, 1, 3, 8, 100))):
        name = random.choice(names) if random.random() < 0.8 else grammar.token(random)
        value = random.choice((grammar.media_type, grammar.value, grammar.http_date, grammar.quoted, grammar.accept))
        fields.append(field(name, perhaps_mutated(random, value(random).encode("utf-8", "surrogatepass"), 0.3)))
    return Case(path=random.choice((b"/headers", b"/request")), headers=tuple(fields))


def cookies(random: Random) -> Case:
    """Cookies, in one field or several."""
    values = [grammar.cookie(random).encode() for _ in range(random.choice((1, 1, 2, 5)))]
    fields = tuple(field("cookie", perhaps_mutated(random, value, 0.3)) for value in values)
    return Case(path=random.choice((b"/cookies", b"/request")), headers=fields)


def with_body(random: Random, route: str, kind: str, body: bytes) -> Case:
    """Return a request with a body, cut into chunks, mostly with its right length."""
    fields = [field("content-type", kind)]
    chance = random.random()
    if chance < 0.7:
        fields.append(field("content-length", str(len(body))))
    elif chance < 0.75:
        fields.append(field("content-length", random.choice(grammar.NUMBERS)))
    else:
        fields.append(field("transfer-encoding", "chunked"))
    method = random.choice(("POST",) * 19 + ("PUT",))
    return Case(method, route.encode(), b"", tuple(fields), bodies.cut(random, body), random.random() < 0.03)


def json(random: Random) -> Case:
    """JSON bodies for models of all kinds."""
    kinds = ("application/json",) * 8 + ("application/json; charset=utf-8", "text/plain", "APPLICATION/JSON", "")
    body = perhaps_mutated(random, bodies.as_json(random), 0.5)
    return with_body(random, random.choice(JSON_ROUTES), random.choice(kinds), body)


def msgpack(random: Random) -> Case:
    """MessagePack bodies for the same models."""
    kinds = ("application/msgpack",) * 4 + (
        "application/x-msgpack",
        "application/vnd.msgpack",
        "application/msgpack;a=b",
    )
    body = perhaps_mutated(random, bodies.as_msgpack(random), 0.5)
    return with_body(random, random.choice(JSON_ROUTES), random.choice(kinds), body)


def urlencoded(random: Random) -> Case:
    """URL-encoded forms."""
    body = perhaps_mutated(random, bodies.as_form(random), 0.4)
    return with_body(random, random.choice(FORM_ROUTES), "application/x-www-form-urlencoded", body)


def multipart(random: Random) -> Case:
    """Multipart forms, cut anywhere."""
    body = perhaps_mutated(random, bodies.as_multipart(random), 0.4)
    kinds = ("multipart/form-data; boundary=frontier",) * 8 + (
        *('multipart/form-data; boundary="frontier"', "Multipart/Form-Data; BOUNDARY=frontier; a=b"),
        *("multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="'),
        *("multipart/form-data; boundary=" + "b" * 200, "multipart/mixed; boundary=frontier"),
    )
    kind = perhaps_mutated(random, random.choice(kinds).encode(), 0.05).decode("latin-1")
    return with_body(random, random.choice(FORM_ROUTES), kind, body)


def ranges(random: Random) -> Case:
    """Ranges of files."""
    fields = [field("range", perhaps_mutated(random, grammar.byte_range(random).encode(), 0.3))]
    if random.random() < 0.3:
        validator = random.choice((grammar.entity_tags, grammar.http_date))(random)
        fields.append(field("if-range", validator))
    return Case(random.choice(("GET", "GET", "HEAD")), random.choice(FILES), headers=tuple(fields))


def conditional(random: Random) -> Case:
    """Conditional requests for files."""
    fields = []
    for name, make in (
        ("if-none-match", grammar.entity_tags),
        ("if-match", grammar.entity_tags),
        ("if-modified-since", grammar.http_date),
        ("if-unmodified-since", grammar.http_date),
        ("range", grammar.byte_range),
    ):
        if random.random() < 0.4:
            fields.append(field(name, perhaps_mutated(random, make(random).encode(), 0.2)))
    return Case(random.choice(("GET", "GET", "HEAD")), random.choice(FILES), headers=tuple(fields))


def accept(random: Random) -> Case:
    """What the client wants to get."""
    values = [grammar.accept(random).encode() for _ in range(random.choice((1, 1, 2)))]
    fields = tuple(field("accept", perhaps_mutated(random, value, 0.3)) for value in values)
    return Case(path=random.choice((b"/negotiate", b"/str/a", b"/nothing", b"/docs", b"/openapi.json")), headers=fields)


def reflection(random: Random) -> Case:
    """Answers that hold a client's text in header fields or events."""
    text = perhaps_mutated(random, b"value=" + grammar.value(random).encode(), 0.3)
    return Case(path=random.choice(REFLECTING), query=text)


def anything(random: Random) -> Case:
    """A mixture: the method, path, query, fields and body of different targets."""
    parts = [random.choice(SIMPLE)(random) for _ in range(4)]
    kind = parts[3].headers
    merged = (*parts[2].headers, *kind)[: random.choice((0, 2, 20))]
    whole = mutated(random, parts[0].path) if random.random() < 0.2 else parts[0].path
    method = random.choice(grammar.METHODS)
    return Case(method, whole, parts[1].query, merged, parts[3].chunks, random.random() < 0.03)


SIMPLE: Final[tuple[Target, ...]] = (
    *(path, query, headers, cookies, json, msgpack, urlencoded, multipart, ranges, conditional, accept, reflection),
)
TARGETS: Final[dict[str, Target]] = {target.__name__: target for target in (*SIMPLE, anything)}


def make_case(seed: int, number: int, names: tuple[str, ...]) -> tuple[str, Case]:
    """Return the target and the case with a number; the targets take turns.

    It depends on seed, target and number alone, so naming just the one target gives the same case.
    """
    name = names[number % len(names)]
    return name, TARGETS[name](Random(f"{seed}/{name}/{number}"))
