"""What a document says of credentials: schemes found among dependencies, wherever they are."""

from __future__ import annotations

from typing import Any

from hawkapi import Depends, HawkAPI, Request, Router
from hawkapi.di.depends import Dependency

BEARER = {"type": "http", "scheme": "bearer"}
OAUTH2 = {"type": "oauth2", "flows": {"password": {"tokenUrl": "/token", "scopes": {"read": "Read."}}}}


class Scheme:
    """A dependency that describes itself."""

    def __init__(self, document: dict[str, Any], *, auto_error: bool = True) -> None:
        self.openapi_scheme = document
        self.auto_error = auto_error

    async def __call__(self, request: Request) -> str:
        """Return what identifies the client."""
        return "token"


class Bearer(Scheme):
    """A scheme of another name."""


class Secured(Dependency):
    """A dependency with scopes."""

    def __init__(self, dependency: Any, scopes: list[str]) -> None:
        super().__init__(dependency)
        self.scopes = scopes


def api_key(name: str) -> dict[str, Any]:
    """Return the scheme of a key in a header."""
    return {"type": "apiKey", "in": "header", "name": name}


def operation_of(app: HawkAPI) -> dict[str, Any]:
    """Return the one operation of an application."""
    (item,) = app.openapi()["paths"].values()
    operation: dict[str, Any] = item["get"]
    return operation


def test_scheme_of_a_parameter() -> None:
    """It is required, documented once, and 401 is the answer without it."""
    app, scheme = HawkAPI(), Bearer(BEARER)

    @app.get("/")
    def handler(token: str = Depends(scheme), again: str = Depends(scheme)) -> str:
        return ""

    operation = operation_of(app)
    assert operation["security"] == [{"Bearer": []}]
    assert list(operation["responses"]) == ["200", "401"]
    assert "parameters" not in operation
    assert app.openapi()["components"]["securitySchemes"] == {"Bearer": BEARER}


def test_schemes_of_guards_and_of_dependencies() -> None:
    """All are needed: one requirement holds them all."""

    def inner(token: str = Depends(Bearer(BEARER))) -> str:
        return token

    def outer(token: str = Depends(inner)) -> str:
        return token

    app = HawkAPI(dependencies=[Depends(Scheme(api_key("X-App")))])
    router = Router(dependencies=[Depends(Scheme(api_key("X-Router")))])

    @router.get("/", dependencies=[Depends(Scheme(api_key("X-Route")))])
    def handler(token: str = Depends(outer)) -> str:
        return ""

    app.include_router(router)
    assert operation_of(app)["security"] == [
        {"Scheme_X-App": [], "Scheme_X-Router": [], "Scheme_X-Route": [], "Bearer": []}
    ]
    assert app.openapi()["components"]["securitySchemes"] == {
        "Bearer": BEARER,
        "Scheme_X-App": api_key("X-App"),
        "Scheme_X-Route": api_key("X-Route"),
        "Scheme_X-Router": api_key("X-Router"),
    }


def test_two_objects_that_say_the_same_are_one_scheme() -> None:
    """Nobody can tell them apart."""
    app = HawkAPI(dependencies=[Depends(Bearer(BEARER)), Depends(Bearer(dict(BEARER)))])
    app.get("/")(lambda: "")
    assert operation_of(app)["security"] == [{"Bearer": []}]


def test_schemes_without_a_name_to_tell_them_apart_are_numbered() -> None:
    """Two HTTP schemes of one class are two schemes."""
    app = HawkAPI(dependencies=[Depends(Bearer(BEARER)), Depends(Bearer({"type": "http", "scheme": "digest"}))])
    app.get("/")(lambda: "")
    assert operation_of(app)["security"] == [{"Bearer": [], "Bearer_2": []}]


def test_scopes_are_those_of_oauth2() -> None:
    """Of the whole route, sorted; schemes that know no scopes have none."""
    app, oauth2, bearer = HawkAPI(), Scheme(OAUTH2), Bearer(BEARER)

    def user(token: str = Secured(oauth2, ["write", "read"]), other: str = Depends(bearer)) -> str:  # type: ignore[assignment]
        return token

    @app.get("/", dependencies=[Secured(user, ["admin", "read"])])
    def handler() -> str:
        return ""

    assert operation_of(app)["security"] == [{"Scheme": ["admin", "read", "write"], "Bearer": []}]


def test_optional_scheme() -> None:
    """A request without it is served too, so 401 is no answer."""
    app, scheme = HawkAPI(), Bearer(BEARER, auto_error=False)

    @app.get("/")
    def handler(token: str | None = Depends(scheme)) -> str:
        return ""

    operation = operation_of(app)
    assert operation["security"] == [{"Bearer": []}, {}]
    assert list(operation["responses"]) == ["200"]


def test_optional_scheme_beside_a_required_one() -> None:
    """The required one stays in both alternatives."""
    optional, required = Bearer(BEARER, auto_error=False), Scheme(api_key("X-Key"))
    app = HawkAPI(dependencies=[Depends(optional), Depends(required)])
    app.get("/")(lambda: "")
    operation = operation_of(app)
    assert operation["security"] == [{"Bearer": [], "Scheme": []}, {"Scheme": []}]
    assert "401" in operation["responses"]


def test_scheme_that_names_itself() -> None:
    """Its name is the key, made fit for one."""
    scheme = Bearer(BEARER)
    scheme.scheme_name = "my scheme"  # type: ignore[attr-defined]
    app = HawkAPI(dependencies=[Depends(scheme)])
    app.get("/")(lambda: "")
    assert operation_of(app)["security"] == [{"my_scheme": []}]


def test_operation_without_credentials() -> None:
    """It says nothing of them."""
    app = HawkAPI(dependencies=[Depends(Scheme({}))])
    app.get("/")(lambda: "")
    assert "security" not in operation_of(app)
    assert "components" not in app.openapi()
