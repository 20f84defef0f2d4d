"""The OWASP API Security Top 10 of 2023: what an application has without doing anything, and what it has not.

`docs/guide/owasp-api-top-ten.md` has a row for each risk, and each row names tests that show it. Some of them show that
the framework does nothing: whoever reads the table shall not take silence for safety.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest

import hawkapi
from hawkapi import (
    Controller,
    Depends,
    HawkAPI,
    Header,
    HTTPBearer,
    HTTPException,
    JSONResponse,
    PaginationParams,
    PermissionPolicy,
    Request,
    Router,
    Struct,
    TestClient,
    WebSocket,
    get,
)
from hawkapi.testing import WebSocketDenied

PROJECT = Path(__file__).parent.parent.parent
PAGE = PROJECT / "docs" / "guide" / "owasp-api-top-ten.md"
SOURCE = Path(hawkapi.__file__).parent
bearer = HTTPBearer()


@dataclass
class Note:
    owner: str
    text: str


NOTES = {1: Note("ada", "of ada"), 2: Note("bob", "of bob")}


def own_note(note_id: int, user: Annotated[str, Header()]) -> Note:
    """Return a note to its owner; others are not told that there is one."""
    note = NOTES.get(note_id)
    if note is None or note.owner != user:
        raise HTTPException(404, "There is no such note")
    return note


def test_objects_have_no_owners_by_themselves() -> None:
    """API1: a handler that does not ask whose an object is gives it to anybody."""
    app = HawkAPI()

    @app.get("/notes/{note_id}")
    async def note(note_id: int) -> Note:
        return NOTES[note_id]

    assert TestClient(app).get("/notes/2", headers={"user": "ada"}).json() == {"owner": "bob", "text": "of bob"}


def test_a_dependency_knows_the_object_and_the_user() -> None:
    """API1: a dependency has the path's parameters and the user, so one function guards all routes of a kind."""
    app = HawkAPI()

    @app.get("/notes/{note_id}")
    async def read(note: Annotated[Note, Depends(own_note)]) -> str:
        return note.text

    @app.delete("/notes/{note_id}", dependencies=[Depends(own_note)])
    async def remove(note_id: int) -> None:
        raise AssertionError

    client = TestClient(app, headers={"user": "ada"})
    assert client.get("/notes/1").json() == "of ada"
    refused = [client.get("/notes/2"), client.get("/notes/3"), client.delete("/notes/2")]
    assert [(answer.status_code, answer.json()["detail"]) for answer in refused] == [(404, "There is no such note")] * 3


def test_a_resolver_knows_the_object() -> None:
    """API1: the resolver of a policy is given the path's parameters, before any of the request's body is read."""

    async def resolve(request: Request) -> list[str]:
        return ["read"] if request.path_params["note_id"] == 1 else []

    app = HawkAPI()
    app.permission_policy = PermissionPolicy(resolve)

    @app.get("/notes/{note_id:int}", permissions=["read"])
    async def note(note_id: int) -> int:
        return note_id

    client = TestClient(app)
    assert [client.get(f"/notes/{number}").status_code for number in (1, 2)] == [200, 403]


def test_credentials_come_before_everything_else() -> None:
    """API2: without them nothing of a request is judged, so that it tells nothing; the answer has a challenge."""
    app = HawkAPI()

    @app.post("/notes/{note_id}")
    async def write(note_id: int, limit: int, note: Note, found: Annotated[Any, Depends(bearer)]) -> None:
        raise AssertionError

    answers = [TestClient(app).post(path, content=b"{malformed") for path in ("/notes/1", "/notes/x?limit=y")]
    assert [(answer.status_code, answer.headers["www-authenticate"]) for answer in answers] == [(401, "Bearer")] * 2


def test_failures_show_no_credentials(caplog: pytest.LogCaptureFixture) -> None:
    """API2: neither the page that `debug=True` shows, nor the log, has fields, cookies, queries or bodies in it."""
    app = HawkAPI(debug=True)

    @app.post("/")
    async def fail(request: Request, found: Annotated[Any, Depends(bearer)], key: str, note: Note) -> None:
        raise RuntimeError(f"failed with {found!r} of {request.headers!r}")

    for accept in ("text/html", "text/plain", "application/json"):
        fields = {"authorization": "Bearer hunter2", "cookie": "session=hunter2", "accept": accept}
        answer = TestClient(app).post("/?key=hunter2", json={"owner": "hunter2", "text": "hunter2"}, headers=fields)
        assert (answer.status_code, "failed with HTTPBearerCredentials" in answer.text) == (500, True)
        assert ("hunter2" in answer.text, "session" in answer.text) == (False, False)
    assert len(caplog.records) == 3
    assert "hunter2" not in caplog.text


def test_tries_are_not_counted() -> None:
    """API2: whoever tries passwords is not slowed down by the framework."""
    app = HawkAPI()

    @app.get("/", dependencies=[Depends(bearer)])
    async def nothing() -> None: ...

    client = TestClient(app)
    assert {client.get("/", headers={"authorization": "Basic x"}).status_code for _ in range(100)} == {401}


class Account(Struct):
    name: str
    is_admin: bool = False


class Profile(Struct):
    name: str


class StrictProfile(Struct, forbid_unknown_fields=True):
    name: str


def test_members_that_are_not_declared_are_not_taken() -> None:
    """API3: a client sets the members of the type that the handler names, and no others."""
    app = HawkAPI()

    @app.post("/")
    async def rename(profile: Profile) -> list[str]:
        return [name for name in ("name", "is_admin") if hasattr(profile, name)]

    @app.post("/strict")
    async def rename_strictly(profile: StrictProfile) -> None:
        raise AssertionError

    client, document = TestClient(app), {"name": "ada", "is_admin": True}
    assert client.post("/", json=document).json() == ["name"]
    assert client.post("/strict", json=document).status_code == 400


def test_members_that_are_not_declared_are_not_sent() -> None:
    """API3: an answer has the members of the return type, or of `response_model`, and no others."""
    app = HawkAPI()

    @app.get("/returned")
    async def returned() -> Profile:
        return Account("ada", is_admin=True)  # type: ignore[return-value]  # what a database gives

    @app.get("/model", response_model=list[Profile])
    async def modelled() -> Any:
        return [{"name": "ada", "is_admin": True}]

    client = TestClient(app)
    assert (client.get("/returned").json(), client.get("/model").json()) == ({"name": "ada"}, [{"name": "ada"}])


def test_what_has_no_type_is_sent_whole() -> None:
    """API3: a handler that says nothing of what it returns sends all of it."""
    app = HawkAPI()

    @app.get("/")
    async def everything() -> Any:
        return Account("ada", is_admin=True)

    assert TestClient(app).get("/").json() == {"name": "ada", "is_admin": True}


def test_sizes_are_bounded() -> None:
    """API4: bodies, the depth of JSON and pages have limits that no request can raise."""
    app = HawkAPI()

    @app.post("/")
    async def read(body: dict[str, Any]) -> None: ...

    @app.get("/pages")
    async def pages(page: PaginationParams) -> int:
        return page.limit

    client = TestClient(app)
    assert client.post("/", content=b" " * (10 * 1024 * 1024 + 1)).status_code == 413
    assert client.post("/", content=b"[" * 100_000, headers={"content-type": "application/json"}).status_code == 400
    assert client.get("/pages?size=1000000&max_size=1000000").json() == 100


def test_a_message_is_bounded() -> None:
    """API4: a message on a WebSocket has at most 1 MiB."""
    app = HawkAPI()

    @app.websocket("/")
    async def echo(ws: WebSocket) -> None:
        await ws.accept()
        await ws.receive_text()

    with TestClient(app).websocket_connect("/") as ws:
        ws.send_text("x" * (1024 * 1024 + 1))
        end = ws.receive()
    assert (end["type"], end["code"]) == ("websocket.close", 1009)


def test_requests_are_not_counted() -> None:
    """API4, API6: one client may ask as often as it likes, for the same thing too."""
    app = HawkAPI()
    bought: list[int] = []

    @app.post("/tickets")
    async def buy() -> int:
        bought.append(1)
        return len(bought)

    client = TestClient(app)
    assert [client.post("/tickets").json() for _ in range(100)] == list(range(1, 101))


class Reports(Controller):
    prefix = "/controller"

    @get("/")
    async def read(self) -> None:
        """Answer who may."""


async def live(ws: WebSocket) -> None:
    """Accept who may."""
    await ws.accept()


async def nothing() -> None:
    """Answer nothing."""


def guarded_application() -> HawkAPI:
    """Return an application with routes of every kind, and one guard."""
    app = HawkAPI(dependencies=[Depends(bearer)])
    router = Router(prefix="/router")
    router.get("/")(nothing)
    app.get("/route")(nothing)
    app.include_router(router)
    app.include_controller(Reports)
    app.get("/version", version="v2")(nothing)
    app.websocket("/live")(live)
    return app


def test_one_guard_is_before_every_handler() -> None:
    """API5: dependencies of the application come before all handlers: of routers, controllers, versions, WebSockets."""
    client = TestClient(guarded_application())
    paths = ("/route", "/router", "/controller", "/v2/version")
    asked = {client.request(method, path).status_code for path in paths for method in ("GET", "HEAD")}
    assert asked == {401}
    with pytest.raises(WebSocketDenied) as caught, client.websocket_connect("/live"):
        pass
    assert caught.value.response.status_code == 401
    fields = {"authorization": "Bearer a"}
    assert {client.get(path, headers=fields).status_code for path in paths} == {204}


def test_a_guard_is_not_before_mounts_and_documents() -> None:
    """API5: what is mounted guards itself; the description and the probes are open until they are switched off."""
    inner = HawkAPI()
    inner.get("/")(nothing)
    app = guarded_application()
    app.mount("/mounted", inner)
    client = TestClient(app)
    paths = ("/mounted/", "/openapi.json", "/healthz", "/readyz", "/livez")
    assert [client.get(path).status_code for path in paths] == [204, 200, 200, 200, 200]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_permissions_that_nobody_decides_are_refused(method: str, caplog: pytest.LogCaptureFixture) -> None:
    """API5: a route with permissions in an application without a policy is closed to everyone, and the log says why."""
    app = HawkAPI()
    app.get("/", permissions=["read"])(nothing)
    assert TestClient(app).request(method, "/").status_code == 500
    assert len(caplog.records) == 1


def test_only_keys_of_issuers_are_fetched() -> None:
    """API7: nothing that serves asks other servers, except for the keys at a URL that the application gives.

    The command line reads the documents that its user names, and writes clients that ask servers, and projects whose
    containers ask themselves whether they are well; the doctor knows the names of such clients.
    """
    commands = ("cli/", "doctor/", "openapi/codegen/", "_scaffold/")
    outgoing = re.compile(r"\b(urllib\.request|http\.client|httpx|aiohttp|ftplib|create_connection|open_connection)\b")
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if outgoing.search(path.read_text())}
    serving = {name for name in found if not name.startswith(commands)}
    assert serving == {"security/jwks.py"}


def test_failures_tell_nothing() -> None:
    """API8: what went wrong is for the log; `debug` is off until somebody switches it on."""
    app = HawkAPI()

    @app.get("/")
    async def fail() -> None:
        raise RuntimeError("secret of the database")

    answer = TestClient(app).get("/", headers={"accept": "text/html"})
    assert (answer.status_code, answer.json()["detail"]) == (500, "Internal Server Error")
    assert "secret" not in answer.text


def test_other_sites_are_not_let_in() -> None:
    """API8: no page of another site may read an answer, unless the application says so."""
    app = HawkAPI()
    app.get("/")(nothing)
    fields = {"origin": "https://evil.example", "access-control-request-method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = TestClient(app).request(method, "/", headers=fields)
        assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b=c", "a\nb", "a\x00b"])
def test_fields_cannot_be_split(value: str) -> None:
    """API8: what would end a field and begin another is not sent as that."""
    app = HawkAPI()

    @app.get("/")
    async def answer(text: str) -> JSONResponse:
        return JSONResponse({}, headers={"x-text": text})

    sent = TestClient(app).get("/", params={"text": value})
    assert "set-cookie" not in sent.headers
    assert not set(sent.headers.get("x-text", "")) & {"\r", "\n", "\x00"}


def test_protective_fields_are_not_sent() -> None:
    """API8: HSTS, `nosniff` and the like are for a middleware, or for the proxy that ends TLS."""
    app = HawkAPI()
    app.get("/")(json_answer)
    assert set(TestClient(app).get("/").headers) == {"content-type", "content-length", "vary"}


async def json_answer() -> dict[str, str]:
    """Answer some JSON."""
    return {}


def test_origins_of_websockets_are_not_checked() -> None:
    """API8: a page of any site may open a WebSocket with its user's cookies; a handler asks `ws.allows_origin()`."""
    app = HawkAPI()
    app.websocket("/live")(live)

    @app.websocket("/own")
    async def own(ws: WebSocket) -> None:
        if not ws.allows_origin():
            raise HTTPException(403)
        await ws.accept()

    client = TestClient(app, headers={"origin": "https://evil.example"})
    with client.websocket_connect("/live"):
        pass
    with pytest.raises(WebSocketDenied) as caught, client.websocket_connect("/own"):
        pass
    assert caught.value.response.status_code == 403


def test_the_inventory_is_made_of_the_routes() -> None:
    """API9: every route is described, a late one too, unless it is hidden; deprecated ones say so in each answer."""
    app = HawkAPI()
    app.get("/old", deprecated=True, sunset="2030-01-01")(nothing)
    app.get("/v", version="v2")(nothing)
    app.get("/hidden", include_in_schema=False)(nothing)
    client = TestClient(app)
    assert set(client.get("/openapi.json").json()["paths"]) == {"/old", "/v2/v"}
    app.get("/late")(nothing)
    assert set(client.get("/openapi.json").json()["paths"]) == {"/late", "/old", "/v2/v"}
    assert (client.get("/hidden").status_code, client.get("/v").status_code) == (204, 404)
    answer = client.get("/old")
    assert ("deprecation" in answer.headers, "sunset" in answer.headers) == (True, True)


def test_the_inventory_can_be_kept_inside() -> None:
    """API9: with `openapi_url=None` nothing describes the API to strangers."""
    app = HawkAPI(openapi_url=None)
    app.get("/")(nothing)
    assert TestClient(app).get("/openapi.json").status_code == 404


def test_answers_of_others_can_be_judged_as_requests_are() -> None:
    """API10: what another API sent is read by a type, with the limits that a client's body has."""
    from hawkapi.codec import CodecError
    from hawkapi.validation.decoder import get_decoder

    read = get_decoder(Profile)
    assert read(b'{"name":"ada","is_admin":true}') == Profile("ada")
    for content in (b'{"name":5}', b"[" * 100_000, b'{"name":"\xff"}', b"<html>"):
        with pytest.raises(CodecError):
            read(content)


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not beside these tests")
def test_the_table_names_tests_that_exist() -> None:
    """Every risk has a row, every row names tests, and each of them is there."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| API")]
    assert [row.split()[1] for row in rows] == [f"API{number}" for number in range(1, 11)]
    named = [re.findall(r"`([\w/]+\.py)::(\w+)`", row) for row in rows]
    assert all(named)
    missing = [
        f"{path}::{name}" for row in named for path, name in row if name not in names_in(PROJECT / "tests" / path)
    ]
    assert missing == []


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not beside these tests")
def test_the_table_names_every_test_of_this_file() -> None:
    """What is shown here is told there."""
    told = set(re.findall(r"`security/test_owasp\.py::(\w+)`", PAGE.read_text("utf-8")))
    assert {name for name in names_in(Path(__file__)) if not name.startswith("test_the_table")} == told


def names_in(path: Path) -> set[str]:
    """Return the names of the tests of a file; of none where there is no file."""
    if not path.exists():
        return set()
    functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    return {function.name for function in functions if function.name.startswith("test_")}
