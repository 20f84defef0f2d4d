"""ASGI scopes from RSGI's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

from hawkapi._rsgi.protocols import RSGIScope, TextPairs
from hawkapi.types import HeaderPairs, Scope

EXTENSION: Final = "rsgi"
"""The name among a scope's `extensions` by which an application can tell that it is served through RSGI: a dict with
the `version` of the specification."""


@final
class Surroundings:
    """What a server knows beside the connection. Immutable."""

    __slots__ = ("extensions", "root_path", "state")

    def __init__(
        self, root_path: str = "", state: Mapping[str, Any] | None = None, extensions: Mapping[str, Any] | None = None
    ) -> None:
        self.root_path = root_path
        """What a proxy takes off the front of paths; the server leaves it in (ASGI HTTP)."""
        self.state: Mapping[str, Any] = {} if state is None else state
        """The lifespan state, which each connection gets a copy of."""
        self.extensions: Mapping[str, Any] = {} if extensions is None else extensions


def http_scope(scope: RSGIScope, around: Surroundings) -> dict[str, Any]:
    """Return the scope of a request (ASGI HTTP 2.4)."""
    made = _scope("http", scope, around)
    made["method"] = scope.method
    made["scheme"] = scope.scheme
    return made


def websocket_scope(scope: RSGIScope, around: Surroundings) -> dict[str, Any]:
    """Return the scope of a WebSocket (ASGI WebSocket 2.4). A refusal has a status, but neither fields nor a body."""
    made = _scope("websocket", scope, around)
    made["scheme"] = {"http": "ws", "https": "wss"}.get(scope.scheme, scope.scheme)
    made["extensions"]["websocket.http.response"] = {}
    offered = [value for name, value in made["headers"] if name == b"sec-websocket-protocol"]
    made["subprotocols"] = [each.strip() for each in b",".join(offered).decode("latin-1").split(",") if each.strip()]
    return made


def _scope(kind: str, scope: RSGIScope, around: Surroundings) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": scope.http_version,
        "path": scope.path,
        "query_string": scope.query_string.encode(),
        "root_path": around.root_path,
        "headers": byte_pairs(scope),
        "client": address(scope.client),
        "server": address(scope.server),
        "state": dict(around.state),
        "extensions": {**around.extensions, EXTENSION: {"version": scope.rsgi_version}},
    }
    return made


def byte_pairs(scope: RSGIScope) -> HeaderPairs:
    """Return the header fields as ASGI has them; HTTP/2 has no `Host` (RFC 9113 section 8.3.1), ASGI always has."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in scope.headers.items()]
    authority = scope.authority
    if authority and not any(name == b"host" for name, _ in pairs):
        pairs.insert(0, (b"host", authority.encode("latin-1")))
    return pairs


def text_pairs(pairs: HeaderPairs) -> TextPairs:
    """Return header fields as RSGI takes them, which sends text as UTF-8: bytes that are UTF-8 arrive as they are."""
    return [(name.decode("latin-1"), field_text(value)) for name, value in pairs]


def field_text(value: bytes) -> str:
    """Return the text that is sent as a value."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def address(text: str) -> tuple[str, int] | tuple[str, None] | None:
    """Return where one end of a connection is: host and port, the path of a Unix socket and `None`, or `None`."""
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        return text, None
    return host.removeprefix("[").removesuffix("]"), int(port)


def with_state(around: Surroundings, state: Mapping[str, Any]) -> Surroundings:
    """Return the same surroundings with a lifespan state."""
    return Surroundings(around.root_path, state, around.extensions)


def is_through_rsgi(scope: Scope) -> bool:
    """Whether a scope was made here."""
    return EXTENSION in scope.get("extensions", {})
