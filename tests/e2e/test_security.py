"""Ways in, through real servers: who is let in, who is not, and what is said to them, byte by byte."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Served, can_serve, serve
from websocket_client import Client, Closed, Refusal
from wire import Answer, connected, request_bytes

from hawkapi import HTTPBasicCredentials

jwt = pytest.importorskip("jwt", reason="needs PyJWT")

HERE = Path(__file__).parent
SECRET = "a secret of thirty-two bytes, yes"  # noqa: S105 - of these tests
REALM = 'Basic realm="e2e", charset="UTF-8"'
INVALID = 'Bearer error="invalid_token"'


@pytest.fixture(scope="module", params=["websockets", pytest.param("granian-ws", marks=pytest.mark.e2e_long)])
def guarded(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Serve the application of `security_app.py`."""
    if not can_serve(request.param):
        pytest.skip(f"{request.param} is not installed")
    with serve(request.param, HERE, "security_app:app") as served:
        yield served


def token(secret: str = SECRET, **claims: Any) -> str:
    """Return the value of `Authorization` for a token that is good for an hour."""
    payload = {"sub": "ada", "aud": "e2e", "exp": int(time.time()) + 3600, "scope": "read", **claims}
    return f"Bearer {jwt.encode(payload, secret, algorithm='HS256')}"


def basic(content: str) -> bytes:
    """Return the field for a name and a password."""
    return b"Authorization: Basic " + base64.b64encode(content.encode())


def ask(server: Served, method: str, target: str, *fields: str | bytes, body: bytes | None = None) -> Answer:
    """Send a request as it is written."""
    with connected(server.address) as connection:
        connection.send(request_bytes(method, target, fields, body))
        return connection.answer(method)


def came_in(server: Served) -> int:
    """Return how often a handler was called."""
    return int(ask(server, "GET", "/came-in").body)


@pytest.mark.parametrize(
    ("target", "field", "body"),
    [
        pytest.param("/bearer", "Authorization: Bearer tok", b'["Bearer","tok"]', id="bearer"),
        pytest.param("/bearer", "aUTHORIZATION:bEARER    tok  ", b'["bEARER","tok"]', id="bearer-spelled-otherwise"),
        pytest.param("/basic", basic("jürgen:o:pen"), '"jürgen"'.encode(), id="basic"),
        pytest.param("/key", "x-api-key:  key-of-ada ", b'"key-of-ada"', id="header"),
        pytest.param("/query-key?key=key%2Dof-ada", "X: y", b'"key-of-ada"', id="query"),
        pytest.param("/cookie-key", "Cookie: a=b; key=key-of-ada", b'"key-of-ada"', id="cookie"),
        pytest.param("/token", f"Authorization: {token()}", b'"ada"', id="token"),
        pytest.param("/admin/reports", f"Authorization: {token(may=['reports'])}", b'"reports"', id="permission"),
        pytest.param("/admin/reports/", f"Authorization: {token(may=['reports'])}", b'"reports"', id="slash"),
    ],
)
def test_let_in(guarded: Served, target: str, field: str | bytes, body: bytes) -> None:
    """Who has what a route asks for is answered by its handler, which is called once."""
    before = came_in(guarded)
    answer = ask(guarded, "GET", target, field)
    assert (answer.status, answer.body, answer.header("www-authenticate")) == (200, body, None)
    assert came_in(guarded) == before + 1


REFUSED = [
    pytest.param("GET", "/bearer", [], 401, "Bearer", id="bearer-missing"),
    pytest.param("HEAD", "/bearer", [], 401, "Bearer", id="bearer-head"),
    pytest.param("GET", "/bearer", ["Authorization: Bearer"], 401, "Bearer", id="bearer-alone"),
    pytest.param("GET", "/bearer", ["Authorization: Bearer a b"], 401, "Bearer", id="bearer-two-words"),
    pytest.param("GET", "/bearer", ["Authorization: Bearer a, Bearer b"], 401, "Bearer", id="bearer-list"),
    pytest.param("GET", "/bearer", [b"Authorization: Bearer \xe9"], 401, "Bearer", id="bearer-no-ascii"),
    pytest.param("GET", "/bearer", ["Authorization: Bearer a", "Authorization: Bearer b"], 401, "Bearer", id="twice"),
    pytest.param("GET", "/bearer", ["Authorization;x: Bearer a"], 400, None, id="field-name"),
    pytest.param("GET", "/bearer", ["Authorization : Bearer a"], 400, None, id="space-before-colon"),
    pytest.param("GET", "/bearer?authorization=Bearer+a", ["X-Authorization: Bearer a"], 401, "Bearer", id="elsewhere"),
    pytest.param("POST", "/bearer", ["Content-Type: application/json"], 401, "Bearer", id="body-is-not-judged"),
    pytest.param("GET", "/basic", [], 401, REALM, id="basic-missing"),
    pytest.param("GET", "/basic", ["Authorization: Basic"], 401, REALM, id="basic-alone"),
    pytest.param("GET", "/basic", ["Authorization: Basic  b"], 401, REALM, id="basic-no-base64"),
    pytest.param("GET", "/basic", [basic("jürgen:open")], 401, REALM, id="basic-wrong-password"),
    pytest.param("GET", "/basic", [basic("jürgen")], 401, REALM, id="basic-no-colon"),
    pytest.param("GET", "/basic", [basic("jürgen:o:pen\n")], 401, REALM, id="basic-line-break"),
    pytest.param("GET", "/key", ["X-API-Key:"], 401, None, id="key-empty"),
    pytest.param("GET", "/key", ["X-API-Key: a", "X-API-Key: key-of-ada"], 401, None, id="key-twice"),
    pytest.param("GET", "/query-key?key=", [], 401, None, id="query-key-empty"),
    pytest.param("GET", "/query-key?key=a&key=key-of-ada", [], 401, None, id="query-key-twice"),
    pytest.param("GET", "/cookie-key", ["Cookie: key="], 401, None, id="cookie-key-empty"),
    pytest.param("GET", "/token", [], 401, "Bearer", id="token-missing"),
    pytest.param("GET", "/token", ["Authorization: Bearer a.b.c"], 401, INVALID, id="token-invalid"),
    pytest.param("GET", "/token", [f"Authorization: {token()}="], 401, INVALID, id="token-padded"),
    pytest.param("GET", "/token", [f"Authorization: {token('x' * 32)}"], 401, INVALID, id="token-of-another-secret"),
    pytest.param("GET", "/token", [f"Authorization: {token(aud='other')}"], 401, INVALID, id="token-for-others"),
    pytest.param("GET", "/token", [f"Authorization: {token(exp=1)}"], 401, INVALID, id="token-too-old"),
    pytest.param(
        "GET",
        "/token",
        [f"Authorization: {token(scope='write')}"],
        403,
        'Bearer error="insufficient_scope", scope="read"',
        id="token-of-another-scope",
    ),
    pytest.param("GET", "/admin/reports", [], 401, "Bearer", id="permissions-of-nobody"),
    pytest.param("GET", "/admin/reports", [f"Authorization: {token()}"], 403, None, id="no-permissions"),
    pytest.param("HEAD", "/admin/reports", [f"Authorization: {token()}"], 403, None, id="no-permissions-for-head"),
    pytest.param("GET", "/admin/%72eports", [f"Authorization: {token()}"], 403, None, id="path-spelled-otherwise"),
    pytest.param("GET", "//admin/reports", [f"Authorization: {token()}"], 404, None, id="path-with-two-slashes"),
    pytest.param("GET", "/x/../admin/reports", [f"Authorization: {token()}"], 404, None, id="path-with-dots"),
    pytest.param(
        "DELETE", "/admin/reports", [f"Authorization: {token(may=['reports'])}"], 403, None, id="permissions-of-get"
    ),
    pytest.param("GET", "/unattended/reports", [f"Authorization: {token(may=['reports'])}"], 500, None, id="no-policy"),
]


@pytest.mark.parametrize(("method", "target", "fields", "status", "challenge"), REFUSED)
def test_refused(
    guarded: Served, method: str, target: str, fields: list[str | bytes], status: int, challenge: str | None
) -> None:
    """Nobody else is; what they are told is a status and a challenge, and no handler is called."""
    before = came_in(guarded)
    body = b"{malformed" if method == "POST" else None
    answer = ask(guarded, method, target, *fields, body=body)
    assert (answer.status, answer.header("www-authenticate")) == (status, challenge)
    assert came_in(guarded) == before


def test_refused_with_a_huge_field(guarded: Served) -> None:
    """Megabytes of credentials are refused by the server or the application, and the next client is served."""
    with connected(guarded.address) as connection:
        huge = request_bytes("GET", "/token", [b"Authorization: Bearer " + b"a" * (4 << 20)])
        answer = connection.answer_or_end() if connection.send_unless_closed(huge) else None
        assert answer is None or answer.status in {400, 401, 431}
    assert ask(guarded, "GET", "/token", f"Authorization: {token()}").status == 200


@pytest.mark.parametrize(
    ("target", "authorization", "end"),
    [
        pytest.param("/token", token(), "ada", id="token"),
        pytest.param("/admin/live", token(may=["reports"]), "live", id="permission"),
        pytest.param("/token", None, 401, id="missing"),
        pytest.param("/token", "Bearer a.b.c", 401, id="invalid"),
        pytest.param("/token", token(scope="write"), 403, id="scope"),
        pytest.param("/admin/live", token(), 403, id="no-permissions"),
        pytest.param("/admin/live", None, 403, id="permissions-of-nobody"),
    ],
)
def test_websocket(guarded: Served, target: str, authorization: str | None, end: str | int) -> None:
    """A handshake is refused before it is accepted, and no handler is called."""
    before = came_in(guarded)
    with Client(guarded.address, target, headers=[("Authorization", authorization)] if authorization else []) as client:
        answer = client.answer()
        if isinstance(end, str):
            assert not isinstance(answer, Refusal)
            assert (client.message(), client.message()) == (end, Closed(1000))
        else:
            assert isinstance(answer, Refusal)
            assert answer.status == end
            assert (b"www-authenticate" in dict(answer.headers)) == target.startswith("/token")
    assert came_in(guarded) == before + isinstance(end, str)


def test_credentials_are_not_told(guarded: Served) -> None:
    """Neither an answer nor the server's log repeats what a client sent, and credentials do not show themselves."""
    answers = [
        ask(guarded, "GET", target, b"Authorization: Bearer hunter2.hunter2.hunter2", basic("ada:hunter2"))
        for target in ("/bearer", "/basic", "/token", "/admin/reports", "/unattended/reports?key=hunter2")
    ]
    assert [answer.status for answer in answers] == [401, 401, 401, 401, 500]
    assert not any(b"hunter2" in answer.body for answer in answers)
    assert "hunter2" not in guarded.log.read_text("utf-8")
    assert "hunter2" not in repr(HTTPBasicCredentials("ada", "hunter2"))
