"""What must be true of the answer to any request at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from fuzzing.exchange import Exchange

INTENTIONAL_CRASHES: Final = frozenset({b"/crash", b"/sub/crash"})
"""The paths of the routes that are meant to answer 500."""

# RFC 9110 section 5.1 and 5.6.2; ASGI wants lower case.
_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
# RFC 9110 section 5.5: no white space around it, nothing but visible characters and space and tab between them.
_VALUE: Final = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")

_ONCE: Final = frozenset(
    {b"content-length", b"content-type", b"content-range", b"etag", b"last-modified", b"location", b"date", b"allow"}
)
"""Fields that may not be repeated."""


@dataclass(frozen=True)
class Violation:
    """A property that does not hold."""

    name: str
    message: str


def no_escape(exchange: Exchange) -> Iterator[str]:
    """No exception comes out of the application."""
    if exchange.error is not None:
        yield f"{type(exchange.error).__name__}: {exchange.error}"


def no_hang(exchange: Exchange) -> Iterator[str]:
    """The request stays within its budget."""
    if exchange.hang:
        yield exchange.hang


def no_server_error(exchange: Exchange) -> Iterator[str]:
    """A client can make no request that is the server's fault."""
    if exchange.status >= 500 and unquote_to_bytes(exchange.case.path).rstrip(b"/") not in INTENTIONAL_CRASHES:
        yield f"status {exchange.status}: {exchange.body[:300]!r}"


def messages_in_order(exchange: Exchange) -> Iterator[str]:
    """One start, then bodies, of which exactly the last is final (ASGI HTTP 2.5)."""
    kinds = [message.get("type") for message in exchange.messages]
    if exchange.case.leaves and not kinds:
        return
    if kinds[:1] != ["http.response.start"] or kinds.count("http.response.start") != 1:
        yield f"the messages are {kinds[:5]}"
    elif set(kinds[1:]) - {"http.response.body"}:
        yield f"the messages are {sorted(set(map(str, kinds)))}"
    finals = [index for index, message in enumerate(exchange.messages[1:], 1) if not message.get("more_body", False)]
    if finals != [len(kinds) - 1] and not (exchange.case.leaves and not finals):
        yield f"final are the messages {finals[:5]} of {len(kinds)}"


def members_of_the_right_type(exchange: Exchange) -> Iterator[str]:
    """Servers written in other languages accept nothing else."""
    if exchange.messages:
        status = exchange.messages[0].get("status")
        if type(status) is not int or not 200 <= status <= 599:
            yield f"the status is {status!r}"
        if not all(type(name) is bytes and type(value) is bytes for name, value in exchange.headers):
            yield f"the headers are {exchange.headers!r}"
    for message in exchange.messages[1:]:
        if type(message.get("body", b"")) is not bytes or type(message.get("more_body", False)) is not bool:
            yield f"a body message is {message!r}"


def legal_fields(exchange: Exchange) -> Iterator[str]:
    """Names and values follow the grammar; what may occur once does."""
    names = [bytes(name) for name, _ in exchange.headers]
    for name, value in exchange.headers:
        if _NAME.fullmatch(name) is None:
            yield f"{name!r} is not the name of a field"
        if _VALUE.fullmatch(value) is None:
            yield f"{value!r} is not a value of {name!r}"
    for name in sorted(_ONCE.intersection(names)):
        if names.count(name) > 1:
            yield f"{name!r} was sent {names.count(name)} times"
    if exchange.status == 405 and b"allow" not in names:
        yield "405 without Allow (RFC 9110 section 15.5.6)"
    if exchange.status == 416 and b"content-range" not in names and exchange.case.method != "HEAD":
        yield "416 without Content-Range (RFC 9110 section 14.4)"


def length_of_the_body(exchange: Exchange) -> Iterator[str]:
    """`Content-Length` is the body's; where no body may be, there is none (RFC 9110 section 8.6)."""
    fields = dict(exchange.headers)
    length = fields.get(b"content-length")
    size = len(exchange.body)
    if b"transfer-encoding" in fields:
        yield "Transfer-Encoding is the server's"
    if exchange.status == 204 and length is not None:
        yield f"204 with a content-length of {length!r}"
    if exchange.case.method == "HEAD" or exchange.status in {204, 304}:
        if size:
            yield f"{size} bytes where no body may be"
    elif length is not None and not exchange.case.leaves and length != b"%d" % size:
        yield f"content-length is {length!r}, the body has {size} bytes"


def readable_documents(exchange: Exchange) -> Iterator[str]:
    """What says that it is JSON is, and a problem document says the status that was sent (RFC 9457)."""
    kind = exchange.content_type
    if kind not in {b"application/json", b"application/problem+json"} or not exchange.body or exchange.status == 206:
        return
    try:
        document = json.loads(exchange.body.decode("utf-8"), parse_constant=_refuse)
    except ValueError as exc:
        yield f"the body is no JSON: {exc}"
        return
    if kind == b"application/problem+json" and document.get("status") != exchange.status:
        yield f"the problem document says {document.get('status')!r}, the response {exchange.status}"


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


PROPERTIES: Final[dict[str, Callable[[Exchange], Iterator[str]]]] = {
    "escape": no_escape,
    "hang": no_hang,
    "server-error": no_server_error,
    "messages": messages_in_order,
    "types": members_of_the_right_type,
    "fields": legal_fields,
    "length": length_of_the_body,
    "document": readable_documents,
}


def violations(exchange: Exchange) -> list[Violation]:
    """Return what is wrong with an answer; a request that failed as a whole has no answer to look at."""
    if exchange.error is not None or exchange.hang:
        names = ["escape", "hang"]
    elif any(PROPERTIES["types"](exchange)):
        names = ["messages", "types"]
    else:
        names = list(PROPERTIES)
    return [Violation(name, message) for name in names for message in PROPERTIES[name](exchange)]
