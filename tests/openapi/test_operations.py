"""What a document says of operations as a whole: their names, words, paths, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi import HawkAPI, Route, Router, VersionRouter, WebSocket
from hawkapi.openapi import generate_openapi


def hello() -> str:
    """Say hello.

    To everybody:
        always.
    """
    return "hello"


def silent() -> str:
    return ""


def operations_of(app: HawkAPI) -> dict[str, dict[str, Any]]:
    """Return the operations of an application by method and path."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    return {f"{method} {path}": operation for path, item in paths.items() for method, operation in item.items()}


def test_document_of_nothing() -> None:
    """It has what every document must have, and no more."""
    assert generate_openapi([]) == {"openapi": "3.1.0", "info": {"title": "HawkAPI", "version": "0.1.0"}, "paths": {}}


def test_info() -> None:
    """It is that of the application."""
    app = HawkAPI(title="Shop", version="7", description="Sells.")
    assert app.openapi()["info"] == {"title": "Shop", "version": "7", "description": "Sells."}


def test_words_of_a_docstring() -> None:
    """Its first line is the summary, all of it the description."""
    app = HawkAPI()
    app.get("/a")(hello)
    app.get("/b")(silent)
    found = operations_of(app)
    assert found["get /a"]["summary"] == "Say hello."
    assert found["get /a"]["description"] == "Say hello.\n\nTo everybody:\n    always."
    assert found["get /b"].keys() == {"operationId", "responses"}


def test_words_of_options() -> None:
    """They come before those of the docstring."""
    app = HawkAPI()
    app.get("/", summary="Short.", description="Long.", tags=["b", "a", "b"], deprecated=True, name="other")(hello)
    operation = operations_of(app)["get /"]
    del operation["responses"]
    assert operation == {
        "tags": ["b", "a"],
        "summary": "Short.",
        "description": "Long.",
        "operationId": "other",
        "deprecated": True,
    }


def test_options_without_words() -> None:
    """They say nothing, so the docstring does; a document has no empty summary."""
    app = HawkAPI()
    app.get("/a", summary="", description="")(hello)
    app.get("/b", summary="", description="")(silent)
    found = operations_of(app)
    assert found["get /a"]["summary"] == "Say hello."
    assert found["get /a"]["description"] == "Say hello.\n\nTo everybody:\n    always."
    assert found["get /b"].keys() == {"operationId", "responses"}


def test_tags_are_listed_once() -> None:
    """In the order of the alphabet."""
    app = HawkAPI(tags=["z"])
    app.get("/a", tags=["b"])(hello)
    app.get("/b", tags=["a"])(silent)
    assert app.openapi()["tags"] == [{"name": "a"}, {"name": "b"}, {"name": "z"}]


def test_methods() -> None:
    """Each has an operation but HEAD, and those that OpenAPI has no place for."""
    app = HawkAPI()
    app.add_route("/", hello, methods=["PATCH", "GET", "POST", "PURGE", "OPTIONS"])
    assert list(operations_of(app)) == ["get /", "post /", "options /", "patch /"]


def test_path_has_no_types() -> None:
    """They are in the schemas of parameters."""
    app = HawkAPI(prefix="/api")
    app.get("/{a:int}/x/{b:path}")(hello)
    app.get("/")(hello)
    assert list(app.openapi()["paths"]) == ["/api/{a}/x/{b}", "/api"]


def test_root_path() -> None:
    """It is one slash."""
    app = HawkAPI()
    app.get("/")(hello)
    assert list(app.openapi()["paths"]) == ["/"]


NAMES: dict[str, tuple[list[tuple[str, list[str], str]], list[str]]] = {
    "unique": ([("/a", ["GET"], "one"), ("/b", ["GET"], "two")], ["one", "two"]),
    "methods": ([("/a", ["GET", "POST"], "one")], ["one_get", "one_post"]),
    "paths": ([("/a", ["GET"], "one"), ("/b/{id}", ["GET"], "one")], ["one_a_get", "one_b_id_get"]),
    "mixed": ([("/a", ["GET"], "one"), ("/b", ["PUT"], "one")], ["one_get", "one_put"]),
    "taken": (
        [("/a", ["GET", "POST"], "one"), ("/b", ["GET"], "one_get")],
        ["one_a_get", "one_post", "one_get"],
    ),
    "alike": ([("/a/b", ["GET"], "one"), ("/a_b", ["GET"], "one")], ["one_a_b_get", "one_a_b_get_2"]),
}


@pytest.mark.parametrize(("routes", "expected"), NAMES.values(), ids=NAMES)
def test_operation_ids_are_unique(routes: list[tuple[str, list[str], str]], expected: list[str]) -> None:
    """A unique name stays as it is; others get the method, then the path."""
    app = HawkAPI()
    for path, methods, name in routes:
        app.add_route(path, hello, methods=methods, name=name)
    assert [operation["operationId"] for operation in operations_of(app).values()] == expected


def test_what_is_left_out() -> None:
    """Routes that say so, probes, the document itself, and WebSockets."""
    app = HawkAPI()
    app.get("/hidden", include_in_schema=False)(hello)

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None: ...

    assert app.openapi()["paths"] == {}
    assert generate_openapi([*app.routes, *app.websocket_routes])["paths"] == {}


def test_versions() -> None:
    """A document of one version has its routes only."""
    app = HawkAPI()
    for version in ("v1", "v2"):
        router = VersionRouter(version)
        router.get("/a")(hello)
        app.include_router(router)
    assert list(app.openapi()["paths"]) == ["/v1/a", "/v2/a"]
    assert list(app.openapi(api_version="v2")["paths"]) == ["/v2/a"]
    assert app.openapi("v3")["paths"] == {}


def test_routes_of_routers_and_by_hand() -> None:
    """Every way to register is described."""
    app, router = HawkAPI(), Router(prefix="/r", tags=["r"])
    router.get("/a")(hello)
    app.include_router(router)
    by_hand = Route("/b/{id:int}", hello, frozenset({"GET"}), include_in_schema=True)
    document = generate_openapi([*app.routes, by_hand])
    assert [document["paths"][path]["get"].get("tags") for path in ("/r/a", "/b/{id}")] == [["r"], None]
    assert generate_openapi([by_hand])["paths"]["/b/{id}"]["get"]["operationId"] == "hello"


def test_permissions() -> None:
    """They are listed, and 403 is the answer without them."""
    route = Route("/", silent, frozenset({"GET"}), permissions=["a", "b"])
    operation = generate_openapi([route])["paths"]["/"]["get"]
    assert operation["x-permissions"] == ["a", "b"]
    assert list(operation["responses"]) == ["200", "403"]
