"""The examples of the documentation do what their pages say."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import hmac
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from asgi import call, request
from lifespans import COMPLETE, run_events
from logs import fresh_logger
from websockets_asgi import ACCEPT, close, converse, text

from hawkapi import TestClient
from hawkapi.config import load_dotenv
from hawkapi.openapi.codegen import build_client_ir, generate_python_client, generate_typescript_client
from hawkapi.testing import check_contract

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


@pytest.mark.parametrize(
    ("example", "target", "answer"),
    [
        pytest.param("hello.py", "/hello/world?excited=true", {"message": "Hello, world!"}, id="hello"),
        pytest.param("routing.py", "/items/5", {"item_id": 5, "name": "lamp"}, id="routing-router"),
        pytest.param("routing.py", "/v2/shop/items/5", {"item_id": 5, "name": "lamp"}, id="routing-version"),
        pytest.param("routing.py", "/v2/shop/orders/7", {"order": 7}, id="routing-controller"),
        pytest.param("routing.py", "/admin/status", {"status": "fine"}, id="routing-mount"),
        pytest.param("routing.py", "/links", ["/items/5", "/admin/status"], id="routing-urls"),
        pytest.param(
            "pages.py",
            "/users?page=2",
            {"items": [{"name": "joan"}, {"name": "mary"}], "total": 4, "page": 2, "size": 2, "pages": 2},
            id="pages",
        ),
        pytest.param(
            "parameters.py",
            "/items/main?text=hat&tags=a&tags=b&order=price&limit=5",
            {"shop": "main", "text": "hat", "tags": ["a", "b"], "order": "price", "limit": 5},
            id="parameters-query",
        ),
        pytest.param(
            "parameters.py", "/whoami", {"path": "/whoami", "language": "en", "session": None}, id="parameters-headers"
        ),
        pytest.param("errors.py", "/items/5", {"bought": 5}, id="errors"),
        pytest.param("middleware.py", "/counted", {"hello": "again"}, id="middleware"),
        pytest.param(
            "health.py",
            "/readyz",
            {
                "status": "ready",
                "checks": {"database": {"ok": True, "detail": "3 connections"}, "disk": {"ok": True, "detail": ""}},
            },
            id="health",
        ),
        pytest.param("flags.py", "/checkout", {"steps": 1, "button": "green", "discount": 0.15}, id="flags"),
        pytest.param("flags.py", "/reviews", ["good"], id="flags-required"),
        pytest.param("response_model.py", "/users/1", {"name": "ada"}, id="response-model"),
        pytest.param(
            "documentation_pages.py",
            "/items/2",
            {"name": "chair", "price": 45.5, "colour": "blue"},
            id="documentation-pages",
        ),
    ],
)
def test_example(example: str, target: str, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's request has the page's answer."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module(example.removesuffix(".py")).app
    reply = request(app, "GET", target)
    assert (reply.status, reply.json()) == (200, answer)


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="photo"; filename="../my cat.png"\r\n\r\n'
    + b"x" * 5
    + b"\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("target", "content_type", "body", "status", "answer"),
    [
        pytest.param(
            "/sign-up",
            "application/x-www-form-urlencoded",
            b"name=Ada&topic=a&topic=b",
            200,
            {"name": "Ada", "topics": ["a", "b"]},
            id="form",
        ),
        pytest.param(
            "/upload",
            "multipart/form-data; boundary=b",
            MULTIPART,
            200,
            {"stored_as": hashlib.sha256(b"xxxxx").hexdigest()[:8], "shown_as": ".._my_cat.png", "size": 5},
            id="upload",
        ),
        pytest.param(
            "/upload", "multipart/form-data; boundary=b", b"--b--", 400, {"error": "choose a photo"}, id="no-upload"
        ),
        pytest.param("/count", "text/plain", b"12345", 200, {"size": 5}, id="stream"),
    ],
)
def test_forms_example(
    target: str, content_type: str, body: bytes, status: int, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handlers of the page about requests answer what a client sends."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module("forms").app
    reply = request(app, "POST", target, body=body, headers={"content-type": content_type})
    assert (reply.status, reply.json()) == (status, answer)


def test_observability_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request has an id, which the handler sees too, and a place in a trace, and is counted."""
    monkeypatch.syspath_prepend(EXAMPLES)
    with fresh_logger():
        app = importlib.import_module("observability").app
        reply = request(app, "GET", "/prices/hat", headers={"x-request-id": "r1"})
        assert reply.json() == {"item": "hat", "price": "3.50", "request": "r1"}
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", reply.header("traceparent") or "")
        assert request(app, "GET", "/so-far").json() == {"requests": 1, "errors": 0}


def test_monitoring_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A request is counted by its route, and logged."""
    pytest.importorskip("prometheus_client", reason="it is optional")
    structlog = pytest.importorskip("structlog", reason="it is optional")
    structlog.reset_defaults()
    monkeypatch.syspath_prepend(EXAMPLES)
    try:
        app = importlib.import_module("monitoring").app
        assert request(app, "GET", "/reports/2030").json() == {"year": 2030}
    finally:
        structlog.reset_defaults()
    assert b'{method="GET",path="/reports/{year}",status="200"} 1.0' in request(app, "GET", "/metrics").body
    assert '"path": "/reports/2030"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "status", "answer"),
    [
        pytest.param("/items/0", 410, "the item is gone", id="http-exception"),
        pytest.param("/items/101", 409, "out of stock", id="class"),
        pytest.param("/nowhere", 404, "nothing here", id="status"),
        pytest.param("/items/x", 400, "path.item_id", id="validation"),
    ],
)
def test_errors_example(target: str, status: int, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's errors are answered as it says."""
    monkeypatch.syspath_prepend(EXAMPLES)
    reply = request(importlib.import_module("errors").app, "GET", target)
    assert (reply.status, answer in reply.body.decode()) == (status, True)


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "answer"),
    [
        pytest.param(
            "PUT",
            "/items/5",
            {},
            b'{"item":{"name":"hat"},"note":"x"}',
            {"id": 5, "name": "hat", "note": "x"},
            id="bodies",
        ),
        pytest.param(
            "POST",
            "/photos",
            {"content-type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nmine\r\n'
            b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n123\r\n--b--\r\n',
            {"title": "mine", "file": "a.png", "bytes": 3},
            id="form",
        ),
    ],
)
def test_parameters_example(
    method: str, target: str, headers: dict[str, str], body: bytes, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's bodies are read as it says."""
    monkeypatch.syspath_prepend(EXAMPLES)
    reply = request(importlib.import_module("parameters").app, method, target, headers=headers, body=body)
    assert reply.json() == answer


@pytest.mark.parametrize(
    ("target", "status", "detail"),
    [
        pytest.param("/chat", 403, "flag 'chat' disabled", id="status"),
        pytest.param("/refunds?order=none", 404, "flag 'refunds' disabled", id="guard"),
    ],
)
def test_flags_example_when_a_flag_is_off(
    target: str, status: int, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's disabled features have the page's status."""
    monkeypatch.syspath_prepend(EXAMPLES)
    reply = request(importlib.import_module("flags").app, "GET", target)
    assert (reply.status, reply.json()["detail"]) == (status, detail)


FORM = {"content-type": "application/x-www-form-urlencoded"}
ADA = {"authorization": "Bearer token-of-ada"}


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "challenge"),
    [
        pytest.param("GET", "/notes", {}, 401, "Bearer", id="no-token"),
        pytest.param("GET", "/notes", {"authorization": "Bearer x"}, 401, 'Bearer error="invalid_token"', id="unknown"),
        pytest.param("GET", "/notes", ADA, 200, None, id="scope"),
        pytest.param(
            "POST", "/notes", ADA, 403, 'Bearer error="insufficient_scope", scope="notes:write"', id="other-scope"
        ),
        pytest.param("GET", "/metrics", {}, 401, None, id="no-key"),
        pytest.param("GET", "/metrics", {"x-api-key": "guess"}, 403, None, id="wrong-key"),
        pytest.param("GET", "/metrics", {"x-api-key": "a long random text"}, 200, None, id="key"),
        pytest.param("GET", "/admin", {}, 401, 'Basic realm="admin", charset="UTF-8"', id="no-password"),
        pytest.param("GET", "/reports", ADA, 200, None, id="permission"),
        pytest.param("GET", "/reports", {}, 401, "Bearer", id="nobody"),
        pytest.param("DELETE", "/reports", ADA, 403, None, id="missing-permission"),
    ],
)
def test_security_example(
    method: str,
    target: str,
    headers: dict[str, str],
    status: int,
    challenge: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page's routes let in whom they should."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delenv("METRICS_KEY", raising=False)
    reply = request(importlib.import_module("security").app, method, target, headers=headers)
    assert (reply.status, reply.header("www-authenticate")) == (status, challenge)


@pytest.mark.parametrize(
    ("form", "status"), [("username=ada&password=lovelace", 200), ("username=ada&password=x", 400), ("username=b", 400)]
)
def test_security_example_issues_tokens(form: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's token is issued for the right password only."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module("security").app
    reply = request(app, "POST", "/token", headers=FORM, body=form.encode())
    assert reply.status == status
    if status == 200:
        assert reply.json() == {"access_token": "token-of-ada", "token_type": "bearer"}


def test_tokens_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's token is good for the page's route."""
    pytest.importorskip("jwt", reason="needs PyJWT")
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delenv("TOKEN_SECRET", raising=False)
    tokens = importlib.import_module("tokens")
    headers = {"authorization": f"Bearer {tokens.issue_token('ada')}"}
    assert request(tokens.app, "GET", "/me", headers=headers).json() == "ada"
    assert request(tokens.app, "GET", "/me").status == 401


def test_settings_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's settings come from where it says, and the page's errors are what it shows."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    example = importlib.import_module("settings")
    for name in ("DATABASE_URL", "DEBUG", "LOG_LEVEL", "ALLOWED_HOSTS", "UPLOADS", "POOL"):
        monkeypatch.delenv(f"SHOP_{name}", raising=False)
    (tmp_path / ".env").write_text("SHOP_DATABASE_URL=sqlite:///shop.db\nSHOP_ALLOWED_HOSTS=a.example, b.example\n")
    (tmp_path / ".env.test").write_text("SHOP_POOL='{\"size\": 2}'\n")
    settings = example.ShopSettings("test", debug=True)
    assert (settings.pool, settings.debug, settings.name) == (example.Pool(2), True, "shop")
    assert request(example.create_app(settings), "GET", "/hosts").json() == ["a.example", "b.example"]
    (tmp_path / ".env").unlink()
    (tmp_path / ".env.production").write_text("\n\nSHOP_DEBUG=maybe\n")
    with pytest.raises(ValueError, match="missing or invalid") as caught:
        example.ShopSettings("production")
    page = (EXAMPLES.parent / "guide" / "settings.md").read_text(encoding="utf-8")
    assert str(caught.value) in page


def test_env_file_example() -> None:
    """The page's file assigns what its comments say."""
    assert load_dotenv(EXAMPLES / "shop.env") == {
        "SHOP_NAME": "corner shop",
        "SHOP_DEBUG": "yes",
        "SHOP_GREETING": "two\nlines",
        "SHOP_PATTERN": "[a-z]\\d # no comment",
        "SHOP_CERTIFICATE": "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----",
    }


def test_middleware_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's middleware counts what it says."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module("middleware").app
    numbers = [request(app, "GET", target).headers[-2:] for target in ("/counted", "/", "/counted")]
    assert [name for name, _ in numbers[0]] == [b"x-counted", b"x-number"]
    first, second = (int(numbers[index][0][1]) for index in (0, 2))
    assert second == first + 1


def test_middleware_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's middleware lets signed bodies in, and says who has sent them."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module("middleware_hooks").app
    body = b'{"hats":2}'
    signature = hmac.new(b"keep it secret", body, "sha256").hexdigest()
    headers = {"content-type": "application/json", "x-signature": signature}
    reply = request(app, "POST", "/orders", body=body, headers=headers)
    assert reply.json() == {"ordered": {"hats": 2}, "by": "a partner"}
    assert (reply.header("x-sender"), reply.header("x-size")) == ("a partner", str(len(reply.body)))
    assert request(app, "POST", "/orders", body=b'{"hats":3}', headers=headers).status == 401


@pytest.mark.parametrize(
    ("token", "status", "log"),
    [pytest.param("token-of-ada", 200, ["commit"], id="known"), pytest.param("other", 401, [], id="unknown")],
)
def test_dependencies(token: str, status: int, log: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A session is opened for who is known, and committed."""
    monkeypatch.syspath_prepend(EXAMPLES)
    example = importlib.import_module("dependencies")
    example.log.clear()
    reply = request(example.app, "GET", "/items", headers={"x-token": token})
    assert (reply.status, example.log) == (status, log)


def test_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """The container's example greets from a request and from a script, and closes what it opened."""
    monkeypatch.syspath_prepend(EXAMPLES)
    example = importlib.import_module("container")
    example.log.clear()
    reply = request(example.app, "GET", "/greetings/ada")
    assert (reply.status, reply.json(), example.log) == (200, {"message": "hello, ada"}, ["commit"])
    assert asyncio.run(example.script()) == "hello, script"
    assert example.log == ["commit", "commit", "pool closed"]


def test_overriding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests on the page about the container pass."""
    monkeypatch.syspath_prepend(EXAMPLES)
    importlib.import_module("overriding").test_greeting()


def test_lifespan_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's application starts, answers as it says, and leaves nothing open."""
    monkeypatch.syspath_prepend(EXAMPLES)
    module = importlib.import_module("lifespan")
    state: dict[str, Any] = {}
    replies: list[Any] = []

    async def serve() -> None:
        replies.append(await call(module.app, "GET", "/", state=dict(state)))

    assert asyncio.run(run_events(module.app, serve, state=state)) == COMPLETE
    assert replies[0].json() == {"greeting": "hello", "started": True, "pool": ["connection"]}
    assert (module.pools, module.app.state.started) == ({}, False)


def test_plugins_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's plugin moves routes, and sees the failure."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module("plugins").app
    assert request(app, "GET", "/api/broken").status == 500
    last = "failure 1: /api/broken: LookupError('no such thing')"
    assert request(app, "GET", "/api/last").json() == {"last": last}


def test_websockets_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's chat tells everybody in a room, and refuses who does not say who they are."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module("websockets_chat").app
    assert converse(app, "/echo", "a", 1000) == [ACCEPT, text("a")]
    news = text('{"from":"ada","says":[1]}')
    sent = converse(app, "/rooms/tea?limit=1", "[1]", headers=[("X-User", "ada")])
    assert sent == [ACCEPT, news, close(4000, "that was enough")]
    assert converse(app, "/rooms/tea") == [close(1008, "say who you are")]
    evil = [("X-User", "eve"), ("Origin", "https://evil.org"), ("Host", "example.org")]
    assert converse(app, "/rooms/tea", headers=evil) == [close(1008, "not from this site")]


def test_asyncapi_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document names what the WebSocket and the stream really send."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module("asyncapi_document").app
    document = request(app, "GET", "/asyncapi.json").json()
    assert document == app.asyncapi()
    assert list(document["operations"]) == ["departures_send", "follow_receive", "follow_send"]
    sent = converse(app, "/lines/north?start_km=2", '{"train": 7}')
    assert sent == [ACCEPT, text("line north"), text('{"train":7,"km":3.0}'), close(1000)]
    reply = request(app, "GET", "/departures")
    assert (reply.header("content-type"), reply.body) == (
        "text/event-stream",
        b'data: {"train": 7, "km": 0.0}\n\n',
    )


def test_openapi_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows what is reported of the later version."""
    monkeypatch.syspath_prepend(EXAMPLES)
    example = importlib.import_module("openapi_document")
    page = (EXAMPLES.parent / "guide" / "openapi.md").read_text("utf-8")
    assert f"```text\n{example.report()}\n```" in page
    assert example.gaps().endswith("Found 1 issue.")
    assert request(example.app, "GET", "/openapi.json").json() == example.app.openapi()
    assert request(example.app, "GET", "/books/1?currency=USD").json() == {"title": "Emma", "price": 6.0}
    assert request(example.app, "GET", "/books/2").status == 404
    assert request(example.app, "POST", "/books", body=b'{"title": "Ida"}').json() == {"title": "Ida", "price": 0.0}


def test_contract_tests_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's tests pass, and none of them proves little."""
    pytest.importorskip("jsonschema", reason="judges the answers")
    monkeypatch.syspath_prepend(EXAMPLES)
    outcomes = check_contract(importlib.import_module("library").app, strict=True)
    assert [(str(outcome.case), outcome.status_code) for outcome in outcomes] == [
        ("GET /books", 200),
        ("GET /books (everything)", 200),
        ("GET /books without query parameter 'author'", 400),
        ("POST /books", 201),
        ("POST /books (everything)", 201),
        ("POST /books without its body", 400),
        ("GET /books/{number}", 200),
    ]
    assert {outcome.unsure for outcome in outcomes if not outcome.case.is_refused} == {None}
    (mark,) = importlib.import_module("contract_tests").test_contract.pytestmark
    assert [str(case) for case in mark.args[1]] == [str(outcome.case) for outcome in outcomes]


def test_bakery_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's code for clients names what the generated ones have; tests/e2e has more of it."""
    monkeypatch.syspath_prepend(EXAMPLES)
    ir = build_client_ir(importlib.import_module("bakery").app.openapi())
    page = (EXAMPLES.parent / "guide" / "client-generation.md").read_text("utf-8")
    python, typescript = generate_python_client(ir), generate_typescript_client(ir)
    ast.parse(page.split("```python\n")[1].split("```")[0])
    assert {f"async def {name}(" in python for name in re.findall(r"bakery\.([a-z]+_[a-z_]+)\(", page)} == {True}
    assert {f"class {name}" in python for name in re.findall(r"client\.([A-Z]\w+)\(", page)} == {True}
    assert {f"async {name}(" in typescript for name in re.findall(r"bakery\.([a-z]+[A-Z]\w*)\(", page)} == {True}


def test_sessions_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody logs in under a new name of the session, is known, and logs out."""
    monkeypatch.syspath_prepend(EXAMPLES)
    with TestClient(importlib.import_module("sessions").app) as client:
        seen = [client.get("/me").json()["user"]]
        for target in ("/login/ann", "/login/bob"):
            client.post(target)
            seen.append(client.get("/me").json()["user"])
        client.post("/logout")
        seen.append(client.get("/me").json()["user"])
    assert seen == [None, "ann", "bob", None]


def test_grpc_greeter_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP clients find the port, and gRPC clients are greeted there; without a name they are refused."""
    aio: Any = pytest.importorskip("grpc.aio", reason="there are no wheels of it for this interpreter")
    monkeypatch.syspath_prepend(EXAMPLES)

    async def greeting(port: int, name: bytes) -> bytes:
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer: bytes = await channel.unary_unary("/shop.Greeter/Hello")(name, timeout=30)
            return answer

    with TestClient(importlib.import_module("grpc_greeter").app) as client:
        port = client.get("/").json()["grpc_port"]
        assert asyncio.run(greeting(port, b"Ada")) == b"Hello, Ada, from Greeter"
        with pytest.raises(aio.AioRpcError, match="a greeting needs a name"):
            asyncio.run(greeting(port, b""))


def test_graphql_books_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query is answered, by POST and by GET."""
    monkeypatch.syspath_prepend(EXAMPLES)
    with TestClient(importlib.import_module("graphql_books").app) as client:
        query = "{ books(after: 1900) { title } }"
        replies = [client.post("/graphql", json={"query": query}), client.get("/graphql", params={"query": query})]
    assert [reply.json() for reply in replies] == [{"data": {"books": [{"title": "Ulysses"}]}}] * 2
