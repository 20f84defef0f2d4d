"""What a handler may ask for beside values: the request, a response to add to, background tasks, forms and files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from apps import app_with
from asgi import request

from hawkapi.background import BackgroundTasks
from hawkapi.exceptions import HTTPException, UnsupportedTypeError
from hawkapi.pagination import PaginationParams
from hawkapi.requests import FormData, Request, UploadFile
from hawkapi.responses import PlainTextResponse, Response
from hawkapi.validation import Body, File, Form

FORM = "application/x-www-form-urlencoded"
MULTIPART = {"content-type": "multipart/form-data; boundary=B"}


def multipart(*parts: tuple[str, str]) -> bytes:
    """Return a multipart body of dispositions and contents."""
    texts = [f"--B\r\ncontent-disposition: form-data; {where}\r\n\r\n{content}\r\n" for where, content in parts]
    return "".join([*texts, "--B--\r\n"]).encode()


async def by_annotation(r: Request, item_id: int) -> Any:
    """Answer the request by its type."""
    return [r.method, r.path_params, item_id, r.app is not None, await r.json()]


async def by_annotated(r: Annotated[Request, "documented"], item_id: int) -> Any:
    """Answer the request by its type, about which something else is said."""
    return [r.method, r.path_params, item_id, r.app is not None, await r.json()]


async def by_name(request) -> Any:  # type: ignore[no-untyped-def]
    """Answer the request by its name."""
    return [request.method, request.path_params, 5, True, await request.json()]


@pytest.mark.parametrize("handler", [by_annotation, by_annotated, by_name])
def test_request(handler: Callable[..., Any]) -> None:
    """A parameter of the type or of the name is the request."""
    reply = request(app_with(handler, "/{item_id:int}", "POST"), "POST", "/5", body=b"[1]")
    assert reply.json() == ["POST", {"item_id": 5}, 5, True, [1]]


async def takes_scope(scope: dict[str, Any]) -> str:
    """Answer from the scope."""
    return str(scope["path"])


def test_scope() -> None:
    """A dict called scope is the ASGI scope."""
    assert request(app_with(takes_scope, "/x"), "GET", "/x").json() == "/x"


async def adds(response: Response) -> dict[str, int]:
    """Set a status, a field and cookies on the response to be."""
    response.status_code = 202
    response.headers["x-a"] = "1"
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return {"a": 1}


def plain(response: Response) -> Response:
    """Return another response, from a worker thread."""
    response.headers["x-a"] = "1"
    return PlainTextResponse("own", status_code=201)


def test_response_parameter() -> None:
    """What is set on a Response parameter is added to the answer, whatever that is."""
    reply = request(app_with(adds), "GET", "/")
    assert (reply.status, reply.header("x-a"), reply.json()) == (202, "1", {"a": 1})
    assert sum(name == b"set-cookie" for name, _ in reply.headers) == 2
    reply = request(app_with(plain), "GET", "/")
    assert (reply.status, reply.header("x-a"), reply.body) == (201, "1", b"own")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_response_parameter_without_body(status: int) -> None:
    """A status that has no body takes away the one that the result would be."""

    async def handler(response: Response) -> dict[str, int]:
        """Set the status."""
        response.status_code = status
        response.headers["content-type"] = "text/plain"
        response.headers["x-a"] = "1"
        return {"a": 1}

    reply = request(app_with(handler), "GET", "/")
    assert (reply.status, reply.body, reply.header("x-a")) == (status, b"", "1")
    assert (reply.header("content-type"), reply.header("content-length")) == (None, None)


def test_response_parameter_says_what_the_body_is() -> None:
    """A content type takes the place of the result's own; how long the body is follows from the body."""

    async def handler(response: Response) -> dict[str, int]:
        """Name another type and a wrong length."""
        response.headers["content-type"] = "application/vnd.a+json"
        response.headers["content-length"] = "99"
        return {"a": 1}

    reply = request(app_with(handler), "GET", "/")
    assert (reply.header("content-type"), reply.header("content-length")) == ("application/vnd.a+json", "7")


def test_response_parameter_returned() -> None:
    """The parameter itself may be what is returned; its fields are sent once."""

    async def handler(response: Response) -> Response:
        """Return what was given."""
        response.set_cookie("a", "1")
        response.status_code = 202
        return response

    reply = request(app_with(handler), "GET", "/")
    assert (reply.status, sum(name == b"set-cookie" for name, _ in reply.headers)) == (202, 1)


def test_background_task_runs_in_the_applications_pool() -> None:
    """A plain function runs in a thread of the application's, not of asyncio's."""
    names: list[str] = []

    async def handler(tasks: BackgroundTasks) -> None:
        """Queue a task."""
        tasks.add_task(lambda: names.append(threading.current_thread().name))

    request(app_with(handler), "GET", "/")
    assert [name.startswith("hawkapi") for name in names] == [True]


async def optional_objects(
    page: PaginationParams | None = None,
    r: Request | None = None,
    tasks: BackgroundTasks | None = None,
    response: Response | None = None,
) -> Any:
    """Answer whether optional ones are there."""
    return [page.limit if page else None, r is not None, tasks is not None, response is not None]


@pytest.mark.parametrize(("query", "limit"), [("", None), ("?size=3", 3)])
def test_optional_objects(query: str, limit: int | None) -> None:
    """What is made for a request is there also where it is optional; a model of the query only where it was sent."""
    assert request(app_with(optional_objects), "GET", f"/{query}").json() == [limit, True, True, True]


def test_background_tasks() -> None:
    """Tasks of all parameters share one queue and run after the response, only if the handler returned."""
    ran: list[object] = []

    async def handler(first: BackgroundTasks, second: BackgroundTasks, fail: bool = False) -> str:
        """Queue two tasks."""
        first.add_task(ran.append, 1)
        second.add_task(ran.append, 2)
        if fail:
            raise HTTPException(418)
        return "sent"

    app = app_with(handler)
    assert request(app, "GET", "/").json() == "sent"
    assert ran == [1, 2]
    assert request(app, "GET", "/?fail=1").status == 418
    assert ran == [1, 2]


@dataclass
class Login:
    name: str
    ages: list[int]


async def form_fields(name: Annotated[str, Form()], age: Annotated[int, Form(ge=0)] = 1) -> Any:
    """Answer fields."""
    return [name, age]


async def form_model(login: Annotated[Login, Form()]) -> Any:
    """Answer a model of the fields."""
    return [login.name, login.ages]


async def whole_form(form: FormData) -> Any:
    """Answer the form."""
    return [form.get("name"), form.getlist("name")]


@pytest.mark.parametrize(
    ("handler", "body", "expected"),
    [
        (form_fields, b"name=a+b&age=3", ["a b", 3]),
        (form_fields, b"name=", ["", 1]),
        (form_model, b"name=x&ages=1&ages=2", ["x", [1, 2]]),
        (whole_form, b"name=x&name=y", ["x", ["x", "y"]]),
    ],
)
def test_form(handler: Callable[..., Any], body: bytes, expected: object) -> None:
    """Fields of a form become arguments."""
    reply = request(app_with(handler, method="POST"), "POST", "/", body=body, headers={"content-type": FORM})
    assert (reply.status, reply.json()) == (200, expected)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"age=x", {"content-type": FORM}, 400),
        (b"", {}, 400),
        (b"{}", {"content-type": "application/json"}, 415),
        (b"--B", MULTIPART, 400),
        (b"--B", {"content-type": "multipart/form-data"}, 400),
    ],
)
def test_form_invalid(body: bytes, headers: dict[str, str], status: int) -> None:
    """A form that does not fit is the client's error."""
    assert request(app_with(form_fields, method="POST"), "POST", "/", body=body, headers=headers).status == status


async def upload(
    file: UploadFile,
    more: list[UploadFile],
    raw: Annotated[bytes, File()] = b"none",
    maybe: UploadFile | None = None,
    note: Annotated[str, Form()] = "",
) -> Any:
    """Answer files."""
    return [file.filename, (await file.read()).decode(), len(more), raw.decode(), maybe is None, note]


def test_upload() -> None:
    """Files become arguments, alone, as lists and as bytes, beside fields."""
    body = multipart(
        ('name="file"; filename="a.txt"', "A"),
        ('name="more"; filename="b"', "B"),
        ('name="more"; filename="c"', "C"),
        ('name="raw"; filename="d"', "D"),
        ('name="note"', "hi"),
    )
    reply = request(app_with(upload, method="POST"), "POST", "/", body=body, headers=MULTIPART)
    assert reply.json() == ["a.txt", "A", 2, "D", True, "hi"]


def test_upload_missing() -> None:
    """A file that is not there is named."""
    body = multipart(('name="file"', "a field, not a file"))
    reply = request(app_with(upload, method="POST"), "POST", "/", body=body, headers=MULTIPART)
    assert (reply.status, [error["field"] for error in reply.json()["errors"]]) == (400, ["form.file", "form.more"])


def test_upload_closed_after_response() -> None:
    """Files are closed when the request is over, also when the handler fails."""
    taken: list[UploadFile] = []

    async def handler(file: UploadFile) -> None:
        """Keep the file."""
        taken.append(file)
        raise HTTPException(409)

    body = multipart(('name="file"; filename="a"', "A" * 2**21))
    assert request(app_with(handler, method="POST"), "POST", "/", body=body, headers=MULTIPART).status == 409
    assert taken[0].file.closed


def test_body_and_form_refused() -> None:
    """One handler cannot take JSON and a form."""

    async def handler(a: Annotated[dict[str, int], Body()], b: Annotated[str, Form()]) -> None:
        """Want both."""

    with pytest.raises(UnsupportedTypeError, match="one body is one"):
        app_with(handler, method="POST")
