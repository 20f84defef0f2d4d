"""Answers over a real connection are those of the application, byte for byte, whatever kind of response they are."""

from __future__ import annotations

import json

import httpx
import pytest
from servers import Served
from wire import connected, request_bytes

from hawkapi.codec import CODEC


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "answer"),
    [
        pytest.param("GET", "/hello/w%C3%B6rld?excited=yes", None, 200, {"message": "Hello, wörld!"}, id="path-query"),
        pytest.param("GET", "/sync/7", None, 200, {"number": 7, "main": False}, id="worker-thread"),
        pytest.param("POST", "/items", {"name": "a"}, 201, {"name": "a", "price": 0.5, "tags": []}, id="body"),
        pytest.param("GET", "/lifespan", None, 200, {"started": True}, id="lifespan-state"),
        pytest.param("GET", "/roomy/nothing", None, 404, None, id="no-route-in-a-mount"),
        pytest.param("GET", "/typed?limit=11", None, 400, None, id="constraint"),
        pytest.param("GET", "/refuse/409", None, 409, None, id="http-exception"),
        pytest.param("GET", "/crash", None, 500, None, id="crash"),
    ],
)
def test_answer(client: httpx.Client, method: str, target: str, body: object, status: int, answer: object) -> None:
    """JSON for a result, a problem document for a failure."""
    got = client.request(method, target, json=body) if body is not None else client.request(method, target)
    assert got.status_code == status
    if answer is not None:
        assert got.headers["content-type"] == "application/json"
        assert got.json() == answer
    else:
        assert got.headers["content-type"] == "application/problem+json"
        assert got.json()["status"] == status


@pytest.mark.parametrize(
    "target",
    ["/hello/x", "/plain", "/file", "/static/style.css", "/static/nothing", "/crash", "/typed", "/refuse/418"],
)
def test_head_is_get_without_a_body(client: httpx.Client, target: str) -> None:
    """Status and fields are those of GET, the length among them; the connection goes on."""
    get = client.get(target)
    head = client.head(target)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert own_fields(head) == own_fields(get)
    assert head.headers["content-length"] == str(len(get.content))


def own_fields(response: httpx.Response) -> list[tuple[str, str]]:
    """Return the fields that the application and not the server has set."""
    return [(name, value) for name, value in response.headers.multi_items() if name not in {"date", "server"}]


def test_head_of_a_stream(server: Served, alive: None) -> None:
    """It is answered at once, without running the stream, and the next request follows."""
    with connected(server.address) as connection:
        connection.send(request_bytes("HEAD", "/stream/endless/head"))
        assert connection.answer("HEAD").status == 200
        connection.send(request_bytes("GET", "/plain"))
        assert connection.answer().body == b"plain text\n"


def test_no_content(server: Served) -> None:
    """204 has neither a body nor a length, and the next answer on the connection is the next one."""
    with connected(server.address) as connection:
        connection.send(request_bytes("DELETE", "/items/a"))
        answer = connection.answer("DELETE")
        assert answer.status == 204
        assert answer.header("content-length") is None
        assert answer.header("transfer-encoding") is None
        connection.send(request_bytes("GET", "/plain"))
        assert connection.answer().body == b"plain text\n"


@pytest.mark.parametrize("kind", ["", "sync/"])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_stream(server: Served, kind: str, count: int) -> None:
    """All chunks arrive, in order, and the end is marked."""
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", f"/stream/{kind}{count}"))
        answer = connection.answer()
        assert answer.complete
        assert answer.body == b"".join(b"%d\n" % number for number in range(count))


def test_stream_to_http_1_0(server: Served) -> None:
    """A client without the chunked coding gets the body up to the end of the connection."""
    if server.kind == "httptools":
        pytest.skip("uvicorn sends chunks to HTTP/1.0 with this parser, whatever it serves")
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", "/stream/3", version="1.0"))
        answer = connection.answer()
        assert (answer.status, answer.body) == (200, b"0\n1\n2\n")
        assert answer.header("transfer-encoding") is None


def test_stream_that_fails_is_not_complete(server: Served, alive: None) -> None:
    """The client sees that the body was cut off: the connection ends without the last chunk."""
    server.has_to_end_connections()
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", "/stream/broken"))
        answer = connection.answer()
        assert (answer.status, answer.body) == (200, b"beginning")
        # granian ends the body as if it were whole, whatever it serves.
        assert not answer.complete or server.kind.startswith("granian")


def test_events(client: httpx.Client) -> None:
    """They are one stream of text in the form that browsers read."""
    answer = client.get("/events")
    assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text == "id: 1\nevent: first\ndata: one\n\ndata: two\ndata: lines\n\ndata: three\n\n"


def test_event_is_sent_at_once(client: httpx.Client) -> None:
    """An event arrives although the stream stays silent afterwards."""
    with client.stream("GET", "/events/silent/at-once") as answer:
        assert next(answer.iter_bytes()) == b"data: hello\n\n"
    assert client.get("/records/at-once").json() == ["closed"]


def test_background_task_runs_after_the_answer(client: httpx.Client) -> None:
    """The answer does not wait for it."""
    assert client.get("/background/task").json() == {"key": "task"}
    assert client.get("/records/task").json() == ["after"]


@pytest.mark.parametrize("accept", ["application/msgpack", "application/json;q=0.1, application/x-msgpack"])
def test_msgpack_answer(client: httpx.Client, accept: str) -> None:
    """A client that prefers MessagePack gets it, and caches are told."""
    answer = client.get("/either", headers={"accept": accept})
    assert answer.headers["content-type"] in {"application/msgpack", "application/x-msgpack"}
    assert "accept" in answer.headers["vary"].lower()
    packed = b"\x83\xa4text\xa2\xc3\xbc\xa7numbers\x93\x01\xfe\xcb\x40\x0c\x00\x00\x00\x00\x00\x00\xa7nothing\xc0"
    assert answer.content == packed


def test_msgpack_body(client: httpx.Client) -> None:
    """A body in MessagePack is validated as JSON is."""
    fields = {"content-type": "application/msgpack"}
    good = client.post("/items", content=b"\x82\xa4name\xa1a\xa5price\x02", headers=fields)
    assert (good.status_code, good.json()) == (201, {"name": "a", "price": 2.0, "tags": []})
    for body in (b"\x81\xa4name\x01", b"\x81\xa4name", b"\xc1", b"{}", b""):
        assert client.post("/items", content=body, headers=fields).status_code == 400


def test_cookies(client: httpx.Client) -> None:
    """Several `Set-Cookie` fields arrive as several, and come back in one field."""
    answer = client.get("/cookies/set", params={"value": "a b"})
    assert len(answer.headers.get_list("set-cookie")) == 2
    assert client.get("/fields").json()["cookies"]["plain"] == "1"


@pytest.mark.parametrize(
    "value",
    ["a\r\nset-cookie: stolen=1", "a\nx-other: 1", "a\r\n\r\n<script>", "a\x00b", "\r\n", "a\rset-cookie: b"],
)
@pytest.mark.parametrize("target", ["/reflect?value=", "/redirect?to=", "/cookies/set?value=", "/attachment?name="])
def test_response_splitting(server: Served, target: str, value: str) -> None:
    """A client's text in a header field adds neither fields nor answers; the next answer is the next request's."""
    quoted = "".join(f"%{byte:02X}" for byte in value.encode())
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", target + quoted))
        answer = connection.answer()
        assert answer.status in {200, 307, 400}
        names = [name for name, _ in answer.headers]
        assert "x-other" not in names
        assert not any(value.startswith("stolen") for name, value in answer.headers if name == "set-cookie")
        assert b"<script>" not in answer.body
        connection.send(request_bytes("GET", "/plain"))
        assert connection.answer().body == b"plain text\n"


@pytest.mark.parametrize("name", ["größe.txt", "日本.txt", 'a"b\\c.txt', "a;b.txt", "%41.txt", " "])
def test_file_name_of_any_kind(client: httpx.Client, name: str) -> None:
    """A client's text as a file name is sent as RFC 6266 says, in one field of ASCII."""
    answer = client.get("/attachment", params={"name": name})
    assert (answer.status_code, answer.text) == (200, "small\n")
    assert answer.headers["content-disposition"].isascii()
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("to", ["/日本", "//x/é?ü=1", "/a b", "https://example.com/"])
def test_redirect_anywhere(client: httpx.Client, to: str) -> None:
    """The place is percent-encoded."""
    answer = client.get("/redirect", params={"to": to})
    assert answer.status_code == 307
    assert answer.headers["location"].isascii()
    assert " " not in answer.headers["location"]


def test_codec_of_the_server(client: httpx.Client) -> None:
    """The server has the codec of this run, so each run proves what it says: equal answers from each."""
    assert CODEC in {"msgspec", "portable"}
    answer = client.post("/items", content=json.dumps({"name": 1, "price": "x", "tags": [1]}))
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 3)
