"""WebSockets through real servers, played by a raw client: the table of what servers and applications owe each other.

Servers differ. Where one does, the case says so with the reason, in `BROKEN` or beside its expectation:

* uvicorn serves WebSockets with `websockets` or with `wsproto`. The second ends a connection that breaks the protocol
  without the close frame that says so, and does not know code 1014;
* granian 2.7.9 does not send the fields that an application accepts with, does not pass on a client's reason, sends no
  close frame while another task waits for a message, and does not tell that a client went before it was accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import FREE_THREADED, Served, can_serve, serve
from websocket_client import BINARY, PING, TEXT, Client, Closed, Refusal, close_frame, frame

from hawkapi.websocket._rules import SENDABLE

HERE = Path(__file__).parent
LIMIT = 100_000
"""The application's limit of one message."""

BROKEN: dict[tuple[str, str], str] = {
    ("granian-ws", "close-while-receiving"): "granian 2.7.9 sends no close frame while another task receives",
    ("granian-ws", "before-accept"): "granian 2.7.9 does not tell that a client went before it was accepted",
    ("websockets", "bad-utf8"): "uvicorn 0.54 logs a traceback of its own for it",
}
"""What a server does not do, by its kind and the case."""


@pytest.fixture(
    scope="module", params=["websockets", "wsproto", pytest.param("granian-ws", marks=pytest.mark.e2e_long)]
)
def sockets(request: pytest.FixtureRequest, files: Path) -> Iterator[Served]:
    """Serve the application of `websocket_app.py`."""
    if not can_serve(request.param):
        pytest.skip(f"{request.param} is not installed")
    with serve(request.param, HERE, "websocket_app:app", HAWKAPI_E2E_FILES=str(files)) as served:
        yield served


def skip_if_broken(server: Served, case: str) -> None:
    """Skip a case that a server cannot play."""
    if (server.kind, case) in BROKEN:
        pytest.skip(BROKEN[server.kind, case])


def opened(server: Served, target: str, **options: Any) -> Client:
    """Return an open connection."""
    return Client(server.address, target, **options).opened()


def records(server: Served, key: str, count: int = 1) -> list[str]:
    """Return what the application has recorded under a key, when there is so much."""
    found: list[str] = httpx.get(f"{server.url}/records/{key}?count={count}", timeout=30, trust_env=False).json()
    return found


@pytest.mark.parametrize("offered", [[], ["chat"], ["chat", "news"]], ids=["none", "one", "two"])
def test_handshake(sockets: Served, offered: list[str]) -> None:
    """Subprotocol and fields go to the client; everything of the handshake comes to the handler."""
    headers = [("X-A", "1"), ("Cookie", "who=ada")]
    with Client(sockets.address, "/handshake/r%20x?q=%C3%BC", subprotocols=offered, headers=headers) as client:
        answer = client.answer()
        assert not isinstance(answer, Refusal)
        fields = [(name.lower(), value) for name, value in answer.extra_headers if name.lower() == b"x-room"]
        assert fields == ([] if sockets.kind == "granian-ws" else [(b"x-room", b"r x")])
        assert answer.subprotocol == (offered[-1] if offered else None)
        url = "ws://example.org/handshake/r%20x?q=%C3%BC"
        told = httpx.Response(200, content=client.message()).json()  # type: ignore[arg-type]
        assert told == ["r x", "ü", offered, "1", {"who": "ada"}, url, "127.0.0.1"]
        assert client.message() == Closed(1000)


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        pytest.param("/deny/401", 401, b'{"why":401}', id="response"),
        pytest.param("/deny/503", 503, b'{"why":503}', id="response-of-the-server"),
        pytest.param("/raise/404", 404, b'"status":404', id="exception"),
        pytest.param("/none", 404, b"No route matches WEBSOCKET /none", id="no-route"),
        pytest.param("/close/4000?accept=false", 403, b"", id="close-before-accept"),
        pytest.param("/quiet", 403, b"", id="return-before-accept"),
        pytest.param("/crash", 403, b"", id="error-before-accept"),
        pytest.param("/typed/1?limit=x", 403, b"", id="handshake-does-not-fit"),
        pytest.param("/typed/x?limit=1", 404, b"No route", id="path-does-not-fit"),
    ],
)
def test_refused(sockets: Served, target: str, status: int, body: bytes) -> None:
    """A handshake is refused with 403, or with the response that the extension allows."""
    with Client(sockets.address, target) as client:
        answer = client.answer()
    assert isinstance(answer, Refusal)
    assert (answer.status, body in answer.body) == (status, True)
    assert (b"x-why", b"no") in answer.headers or not target.startswith("/deny")


@pytest.mark.parametrize(
    ("target", "end"),
    [
        pytest.param("/quiet?accept=true", Closed(1000), id="return"),
        pytest.param("/raise/403?accept=true", Closed(1008, "no"), id="exception"),
        pytest.param("/crash?accept=true", Closed(1011), id="error"),
    ],
)
def test_ends_of_a_handler(sockets: Served, target: str, end: Closed) -> None:
    """However a handler ends after it has accepted, the client is told by a close code."""
    with opened(sockets, target) as client:
        assert client.message() == end


ORDERS: dict[str, tuple[int | Closed, str]] = {
    "accept-twice": (Closed(1000), "RuntimeError: Cannot accept: state is connected"),
    "send-before-accept": (403, "RuntimeError: Cannot send: WebSocket state is connecting; accept it first"),
    "deny-after-accept": (Closed(1000), "RuntimeError: Cannot deny: state is connected"),
    "accept-after-close": (403, "RuntimeError: Cannot accept: state is disconnected"),
    "accept-after-denial": (401, "RuntimeError: Cannot accept: state is disconnected"),
    "send-after-close": (Closed(1000), "RuntimeError: Cannot send: WebSocket state is disconnected"),
    "receive-after-close": (Closed(4000), "WebSocketDisconnect: WebSocket closed with 1000"),
    "close-twice": (Closed(4000), "fine"),
    "close-while-receiving": (Closed(4000), "WebSocketDisconnect: WebSocket closed with 4000"),
}


@pytest.mark.parametrize("name", ORDERS)
def test_order_of_events(sockets: Served, name: str) -> None:
    """What ASGI forbids is refused before the server sees it; the connection ends as if it had not been tried."""
    skip_if_broken(sockets, name)
    end, told = ORDERS[name]
    with Client(sockets.address, f"/order/{name}/{name}") as client:
        answer = client.answer()
        assert (answer.status if isinstance(answer, Refusal) else client.message()) == end
    assert records(sockets, name) == [told]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(frame(TEXT, "ü€".encode()), "ü€", id="text"),
        pytest.param(frame(BINARY, b"\x00\xff"), b"\x00\xff", id="binary"),
        pytest.param(frame(TEXT, b""), "", id="empty-text"),
        pytest.param(frame(BINARY, b""), b"", id="empty-binary"),
        pytest.param(
            frame(TEXT, b"a\xc3", final=False) + frame(0, b"\xbc", final=False) + frame(0, b"b"),
            "aüb",
            id="fragmented-inside-a-character",
        ),
        pytest.param(frame(BINARY, b"a", final=False) + frame(0, b"b" * 70_000), b"a" + b"b" * 70_000, id="fragmented"),
        pytest.param(frame(BINARY, b"x" * LIMIT), b"x" * LIMIT, id="at-the-limit"),
    ],
)
def test_messages(sockets: Served, sent: bytes, answer: str | bytes) -> None:
    """Messages come back as they went, however they were cut."""
    with opened(sockets, "/echo") as client:
        client.send_raw(sent)
        assert client.message() == answer
        client.send_text("and another")
        assert client.message() == "and another"


def test_many_messages(sockets: Served) -> None:
    """Messages that come at once are answered in order."""
    with opened(sockets, "/echo") as client:
        client.send_raw(b"".join(frame(TEXT, str(number).encode()) for number in range(200)))
        assert [client.message() for _ in range(200)] == [str(number) for number in range(200)]


def test_ping_in_a_fragmented_message(sockets: Served) -> None:
    """The server answers pings by itself, also between the parts of a message."""
    with opened(sockets, "/echo") as client:
        client.send_raw(frame(TEXT, b"a", final=False) + frame(PING, b"are you there?") + frame(0, b"b"))
        assert (client.pong(), client.message()) == (b"are you there?", "ab")


@pytest.mark.parametrize("kind", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("fragmented", [False, True])
def test_oversized_message(sockets: Served, kind: int, fragmented: bool) -> None:
    """A message over the application's limit is answered with 1009, also when no part of it is."""
    half = LIMIT // 2
    sent = frame(kind, b"x" * (LIMIT + 1))
    if fragmented:
        sent = frame(kind, b"x" * half, final=False) + frame(0, b"x" * (half + 1))
    with opened(sockets, "/echo") as client:
        client.send_raw(sent)
        assert client.message() == Closed(1009, "Message of 100001 bytes exceeds the limit of 100000")


BREACHES: dict[str, tuple[bytes, int]] = {
    "bad-utf8": (frame(TEXT, b"\xff"), 1007),
    "not-masked": (frame(TEXT, b"x", masked=False), 1002),
    "reserved-bit": (frame(TEXT, b"x", reserved=4), 1002),
    "unknown-opcode": (frame(0x3, b"x"), 1002),
    "long-ping": (frame(PING, b"x" * 126), 1002),
    "fragmented-ping": (frame(PING, b"x", final=False), 1002),
    "continues-nothing": (frame(0, b"x"), 1002),
    "message-in-a-message": (frame(TEXT, b"a", final=False) + frame(TEXT, b"b"), 1002),
    "close-with-one-byte": (frame(0x8, b"x"), 1002),
    "close-with-bad-utf8": (close_frame(1000, b"\xff"), 1007),
}
"""What breaks the protocol, and the code that says so."""


@pytest.mark.parametrize("case", BREACHES)
def test_broken_protocol(sockets: Served, case: str) -> None:
    """A client that breaks the protocol is closed by the server; the application goes on serving others."""
    skip_if_broken(sockets, case)
    sent, code = BREACHES[case]
    # wsproto sends no close frame, granian one without a code.
    codes: dict[str, set[int | None]] = {"websockets": {code}, "wsproto": {None}, "granian-ws": {None, 1005, code}}
    with opened(sockets, "/echo") as client:
        client.send_raw(sent)
        end = client.message()
    assert isinstance(end, Closed)
    assert end.code in codes[sockets.kind]
    with opened(sockets, "/echo") as client:
        client.send_text("still there")
        assert client.message() == "still there"


def test_malformed_json(sockets: Served) -> None:
    """A message that is not JSON closes a handler that expects it with 1007."""
    with opened(sockets, "/json") as client:
        client.send_text('{"a": [1]}')
        assert client.message() == '{"a":[1]}'
        client.send_text("{")
        end = client.message()
    assert isinstance(end, Closed)
    assert (end.code, end.reason.startswith("$: JSON is malformed")) == (1007, True)


CODES = [*range(1000, 1016), 2999, 3000, 3999, 4000, 4999]
ON_THE_WIRE = (SENDABLE | {code for code in CODES if code >= 3000}) - {1014}
"""Codes that every server takes; 1014 was registered after most of them were written."""


@pytest.mark.parametrize("code", CODES)
def test_close_code_of_the_application(sockets: Served, code: int) -> None:
    """The client sees the code and the reason; a code that may not be sent is refused, and the connection stays."""
    with opened(sockets, f"/close/{code}?reason=b%C3%BFe") as client:
        first = client.message()
        if code == 1014:
            # The raw client, which is wsproto, does not know it either.
            assert isinstance(first, Closed)
        elif code in ON_THE_WIRE:
            assert first == Closed(code, "bÿe")
        else:
            assert isinstance(first, str)
            assert first.startswith(f"close code {code} may not be sent")
            assert client.message() == Closed(1000)


@pytest.mark.parametrize("code", CODES)
def test_close_code_of_the_client(sockets: Served, code: int) -> None:
    """The handler learns the code and the reason; a code that may not be sent breaks the protocol (1002)."""
    key = f"{sockets.kind}-{code}"
    with opened(sockets, f"/closed/{key}") as client:
        client.send_raw(close_frame(code, b"bye"))
        assert isinstance(client.message(), Closed)
    told = records(sockets, key)[0]
    if code == 1014:
        assert told.split()[0] in {"1002", "1014"}
    elif code in ON_THE_WIRE:
        assert told == (f"{code}" if sockets.kind == "granian-ws" else f"{code} bye")
    else:
        assert told.split()[0] == "1002"


def test_close_without_a_code(sockets: Served) -> None:
    """A close frame without a code is 1005 to the handler."""
    with opened(sockets, "/closed/no-code") as client:
        client.send_raw(frame(0x8, b""))
        assert isinstance(client.message(), Closed)
    assert records(sockets, "no-code") == ["1005"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_vanish_while_the_handler_receives(sockets: Served, how: str) -> None:
    """A handler that waits for a message learns that its client has gone, and cannot send to it any more."""
    key = f"receive-{how}"
    client = opened(sockets, f"/vanish/{key}/receive")
    assert client.message() == "ready"
    client.leave(reset=how == "reset")
    assert records(sockets, key, 2) == ["gone", "still gone"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_vanish_while_the_handler_sends(sockets: Served, how: str) -> None:
    """A handler that does nothing but send learns it too; its client had stopped reading, so it was waiting."""
    key = f"send-{how}"
    client = opened(sockets, f"/vanish/{key}/send")
    assert client.message() == "ready"
    client.leave(reset=how == "reset")
    assert records(sockets, key) == ["gone"]


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("then", ["handshake", "accept"])
def test_vanish_before_accept(sockets: Served, then: str, how: str) -> None:
    """A client that does not wait for its handshake is gone for the handler; accepting it is refused."""
    skip_if_broken(sockets, "before-accept")
    key = f"{then}-{how}"
    client = Client(sockets.address, f"/vanish/{key}/{then}")
    assert records(sockets, key) == ["waiting"]
    client.leave(reset=how == "reset")
    told = {"handshake": "gone", "accept": "Cannot accept: state is disconnected"}[then]
    assert records(sockets, key, 2) == ["waiting", told]


def test_interpreter_stays_free_threaded(sockets: Served) -> None:
    """The packages for WebSockets leave the GIL as it was."""
    assert httpx.get(f"{sockets.url}/gil", trust_env=False).json() == {"gil": not FREE_THREADED}
