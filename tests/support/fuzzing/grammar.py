"""Paths, queries and header fields by their grammars: mostly valid, always close to it."""

from __future__ import annotations

from random import Random
from typing import Final
from urllib.parse import quote_from_bytes

TCHAR: Final = "abcXYZ019!#$%&'*+-.^_`|~"
WORDS: Final = ("a", "b", "name", "x-token", "items", "text", "json", "utf-8", "q", "1", "0", "true", "none", "ü")
NUMBERS: Final = (
    *("0", "1", "-1", "7", "10", "11", "007", "+5", "-0", "1_000", " 5 ", "1.5", "1e3", "1e999", "nan", "inf", "-inf"),
    *("0x10", "٣", "9223372036854775807", "9223372036854775808", "9" * 50, "9" * 5000, "", "1,2", "1.", ".5"),
)
SCALARS: Final = (
    *("true", "false", "yes", "no", "on", "off", "1", "0", "banana", "null", "None", "red", "green", "RED"),
    *("2020-02-30", "2024-02-29", "2024-02-29T12:30:00Z", "2024-02-29T12:30:00+25:00", "0001-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59.999999999-23:59", "12:30:00", "24:00:00", "P1DT2H", "-P1D", "P" + "9" * 20 + "D", "PT"),
    *("12345678-1234-5678-1234-567812345678", "12345678123456781234567812345678", "{12345678}", "1.10", "1E+400"),
    *("NaN", "sNaN123", "SGVsbG8=", "SGVsbG8", "====", "a b", "a+b", "ünï", "日本", "🐦", "\x00", "\r\n", "a" * 3000),
)
SEGMENTS: Final = (
    *("items", "files", "int", "float", "uuid", "str", "static", "crash", "style.css", "large.bin", "index.html"),
    *("sub", "..", ".", "", "%2e%2e", "%2F", "%00", "%ff", "%", "%zz", "%C3%BC", "a%20b", "%0d%0a", ";x=1", "~", "@"),
)
METHODS: Final = ("GET",) * 6 + ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "CONNECT")


def token(random: Random) -> str:
    """Return a token (RFC 9110 section 5.6.2)."""
    if random.random() < 0.6:
        return random.choice(WORDS[:-1])
    return "".join(random.choices(TCHAR, k=random.randint(1, 8)))


def quoted(random: Random) -> str:
    """Return a quoted string (RFC 9110 section 5.6.4), with its escapes."""
    inner = "".join(random.choice(['\\"', "\\\\", "\\a", "a", " ", ",", ";", "=", "ü", "\t"]) for _ in range(5))
    return f'"{inner}"'


def space(random: Random) -> str:
    """Return optional white space."""
    return random.choice(("", "", "", " ", "\t", "  "))


def parameters(random: Random) -> str:
    """Return parameters (RFC 9110 section 5.6.6)."""
    parts: list[str] = []
    for _ in range(random.choice((0, 0, 1, 2, 5))):
        value = quoted(random) if random.random() < 0.3 else token(random)
        parts.append(f"{space(random)};{space(random)}{token(random)}={value}")
    return "".join(parts)


def weight(random: Random) -> str:
    """Return a weight (RFC 9110 section 12.4.2), or almost one."""
    number = random.choice(("0", "1", "0.5", "0.001", "1.000", "1.001", "0.0001", "-1", "2", "x", "", "1e0", "\u0660"))
    return random.choice(("", "", f";q={number}", f" ; Q={number}"))


def listed(random: Random, elements: list[str]) -> str:
    """Return a list (RFC 9110 section 5.6.1), empty elements among it."""
    separators = [random.choice((",", ", ", " ,", ",,", ", ,")) for _ in elements]
    return "".join(part for pair in zip(elements, separators, strict=True) for part in pair)[
        : random.choice((-1, 9999))
    ]


def media_type(random: Random) -> str:
    """Return a media type or a range of them."""
    known = ("application/json", "application/msgpack", "application/x-msgpack", "text/html", "*/*", "application/*")
    name = random.choice(known) if random.random() < 0.7 else f"{token(random)}/{token(random)}"
    return (name.upper() if random.random() < 0.2 else name) + parameters(random)


def accept(random: Random) -> str:
    """Return the value of `Accept`."""
    return listed(random, [media_type(random) + weight(random) for _ in range(random.choice((0, 1, 1, 2, 4, 40)))])


def http_date(random: Random) -> str:
    """Return a date in one of the three forms of RFC 9110 section 5.6.7, right or wrong."""
    day = random.choice(("Sun", "Sunday", "Tue", "Xyz", ""))
    date = random.choice(("06", "6", "00", "31", "32", " 6", "99", "-1"))
    month = random.choice(("Nov", "Feb", "feb", "Xyz"))
    year = random.choice(("1994", "94", "2023", "0000", "9999", "99999", "1", "-5"))
    time = random.choice(("08:49:37", "22:13:20", "24:00:00", "23:59:60", "99:99:99", "8:49", ""))
    forms = (
        f"{day}, {date} {month} {year} {time} GMT",
        f"{day}, {date}-{month}-{year} {time} GMT",
        f"{day} {month} {date} {time} {year}",
        "Tue, 14 Nov 2023 22:13:20 GMT",
    )
    return random.choice(forms)


def entity_tags(random: Random) -> str:
    """Return a list of entity tags (RFC 9110 section 8.8.3)."""
    tags = ('"a"', 'W/"a"', '""', 'w/"a"', '"', "a", '"ü"', '"a b"', "*", 'W/"' + "f" * 16 + '"')
    return listed(random, [random.choice(tags) for _ in range(random.choice((0, 1, 1, 3, 50)))])


def byte_range(random: Random) -> str:
    """Return the value of `Range` (RFC 9110 section 14.2)."""
    numbers = ("", "0", "1", "5", "100", "65535", "65536", "70000", "999999", "9" * 30, "-1", "x", "٣")
    ranges = [f"{random.choice(numbers)}-{random.choice(numbers)}" for _ in range(random.choice((1, 1, 1, 2, 3, 20)))]
    return random.choice(("bytes", "bytes", "bytes", "Bytes", "lines", "")) + "=" + ",".join(ranges)


def cookie(random: Random) -> str:
    """Return the value of `Cookie` (RFC 6265 section 4.2.1)."""
    values = ("1", "", '"q"', '"', "a=b", "a b", "ü", "%20", '"a;b"', "x" * 2000, "\\073", "a,b")
    pairs = [
        f"{space(random)}{random.choice((*WORDS, '', '='))}={random.choice(values)}"
        for _ in range(random.randint(0, 6))
    ]
    return random.choice((";", "; ", ";;")).join(pairs)


def path(random: Random) -> bytes:
    """Return a percent-encoded path."""
    segments = [
        random.choice(SEGMENTS) if random.random() < 0.7 else value(random) for _ in range(random.randint(0, 5))
    ]
    return b"/" + "/".join(segments).encode("utf-8", "surrogatepass")


def value(random: Random) -> str:
    """Return a percent-encoded number, date, word or other scalar."""
    scalar = random.choice(random.choice((NUMBERS, SCALARS, WORDS)))
    return quote_from_bytes(scalar.encode(), safe=random.choice(("", "/", " +;@")))


def query(random: Random, names: tuple[str, ...]) -> bytes:
    """Return a query string or an URL-encoded form."""
    pairs: list[str] = []
    for _ in range(random.choice((0, 1, 2, 4, 8))):
        name = random.choice(names) if random.random() < 0.8 else value(random)
        pairs.append(name + random.choice(("=", "=", "=", "", "==")) + value(random))
    return random.choice(("&", "&", "&", ";", "&&")).join(pairs).encode()


def integer(random: Random) -> int:
    """Return an integer, mostly small, sometimes at a limit of a machine's or a format's."""
    limits = (2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**53, 2**63, 2**64, 2**70)
    edge = random.choice(limits) + random.randint(-1, 1)
    return random.choice((random.randint(-10, 20), random.randint(-10, 20), edge, -edge))
