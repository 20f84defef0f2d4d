"""What a document says of the security schemes of hawkapi, wherever routes depend on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hawkapi import Depends, HawkAPI, Router, Security, SecurityScopes, WebSocket
from hawkapi.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPBasic,
    HTTPBearer,
    OAuth2,
    OAuth2AuthorizationCodeBearer,
    OAuth2ClientCredentials,
    OAuth2PasswordBearer,
    OpenIdConnect,
    SecurityScheme,
)

OFFICIAL = Path(__file__).parent.parent / "data" / "openapi-3.1.json"
DISCOVERY = "https://id.example.org/.well-known/openid-configuration"


def document_of(*guards: Any, scopes: list[str] | None = None) -> dict[str, Any]:
    """Return the document of an application with one route behind some schemes."""
    app = HawkAPI(health_url=None, readyz_url=None, livez_url=None)
    app.get("/", dependencies=[Security(guard, scopes=scopes) for guard in guards])(lambda: "")
    return app.openapi()


def operation_in(document: dict[str, Any]) -> dict[str, Any]:
    """Return the one operation of a document."""
    (item,) = document["paths"].values()
    operation: dict[str, Any] = item["get"]
    return operation


@pytest.mark.parametrize(
    ("scheme", "key", "described", "scopes"),
    [
        pytest.param(
            APIKeyHeader("X-Key"),
            "APIKeyHeader",
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            [],
            id="key-in-header",
        ),
        pytest.param(
            APIKeyQuery("key"), "APIKeyQuery", {"type": "apiKey", "in": "query", "name": "key"}, [], id="key-in-query"
        ),
        pytest.param(
            APIKeyCookie("key"), "APIKeyCookie", {"type": "apiKey", "in": "cookie", "name": "key"}, [], id="cookie"
        ),
        pytest.param(HTTPBasic(), "HTTPBasic", {"type": "http", "scheme": "basic"}, [], id="basic"),
        pytest.param(HTTPBearer(), "HTTPBearer", {"type": "http", "scheme": "bearer"}, [], id="bearer"),
        pytest.param(
            HTTPBearer(bearer_format="JWT", scheme_name="token", description="From /login."),
            "token",
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From /login."},
            [],
            id="bearer-with-words",
        ),
        pytest.param(
            OAuth2PasswordBearer("/token", scopes={"read": "Read."}),
            "OAuth2PasswordBearer",
            {"type": "oauth2", "flows": {"password": {"tokenUrl": "/token", "scopes": {"read": "Read."}}}},
            ["read"],
            id="password",
        ),
        pytest.param(
            OAuth2AuthorizationCodeBearer("/authorize", "/token", refresh_url="/refresh"),
            "OAuth2AuthorizationCodeBearer",
            {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "/authorize",
                        "tokenUrl": "/token",
                        "refreshUrl": "/refresh",
                        "scopes": {},
                    }
                },
            },
            ["read"],
            id="authorization-code",
        ),
        pytest.param(
            OAuth2ClientCredentials("/token"),
            "OAuth2ClientCredentials",
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {}}}},
            ["read"],
            id="client-credentials",
        ),
        pytest.param(
            OAuth2(flows={"implicit": {"authorizationUrl": "/authorize", "scopes": {}}}),
            "OAuth2",
            {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "/authorize", "scopes": {}}}},
            ["read"],
            id="flows",
        ),
        pytest.param(
            OpenIdConnect(DISCOVERY),
            "OpenIdConnect",
            {"type": "openIdConnect", "openIdConnectUrl": DISCOVERY},
            ["read"],
            id="openid-connect",
        ),
    ],
)
def test_scheme(scheme: SecurityScheme, key: str, described: dict[str, Any], scopes: list[str]) -> None:
    """It is a component; only schemes of OAuth2 and OpenID Connect have the scopes of a route."""
    document = document_of(scheme, scopes=["read"])
    assert document["components"]["securitySchemes"] == {key: described}
    assert operation_in(document)["security"] == [{key: scopes}]


def test_document_with_every_scheme_is_valid() -> None:
    """Against the official schema."""
    jsonschema = pytest.importorskip("jsonschema")
    flows = {"implicit": {"authorizationUrl": "/authorize", "scopes": {}}}
    document = document_of(
        APIKeyHeader("X-Key"),
        APIKeyQuery("key"),
        APIKeyCookie("key"),
        HTTPBasic(),
        HTTPBearer(bearer_format="JWT"),
        OAuth2(flows=flows),
        OAuth2PasswordBearer("/token"),
        OAuth2AuthorizationCodeBearer("/authorize", "/token"),
        OAuth2ClientCredentials("/token"),
        OpenIdConnect(DISCOVERY),
        scopes=["read"],
    )
    assert len(document["components"]["securitySchemes"]) == 10
    jsonschema.Draft202012Validator(json.loads(OFFICIAL.read_text("utf-8"))).validate(document)


@pytest.mark.parametrize(
    ("schemes", "keys"),
    [
        pytest.param(
            [APIKeyHeader("X-One"), APIKeyHeader("X-Two")], ["APIKeyHeader_X-One", "APIKeyHeader_X-Two"], id="keys"
        ),
        pytest.param(
            [OAuth2PasswordBearer("/token"), OAuth2PasswordBearer("/admin/token")],
            ["OAuth2PasswordBearer_admin_token", "OAuth2PasswordBearer_token"],
            id="oauth2",
        ),
        pytest.param(
            [HTTPBearer(bearer_format="JWT"), HTTPBearer()], ["HTTPBearer", "HTTPBearer_JWT"], id="bearer-formats"
        ),
        pytest.param([HTTPBasic(realm="a"), HTTPBasic(realm="b")], ["HTTPBasic"], id="described-alike"),
    ],
)
def test_keys_of_schemes_of_one_class(schemes: list[SecurityScheme], keys: list[str]) -> None:
    """Each has a key of its own, whatever their order; those that are described alike are one."""
    for ordered in (schemes, schemes[::-1]):
        assert list(document_of(*ordered)["components"]["securitySchemes"]) == keys


def test_schemes_of_every_place_are_needed_together() -> None:
    """Of the application, the router, the route, a parameter, and what a parameter depends on."""
    app, router = HawkAPI(dependencies=[Depends(APIKeyHeader("X-App"))]), Router(dependencies=[Depends(HTTPBasic())])
    oauth2 = OAuth2PasswordBearer("/token")

    async def user(scopes: SecurityScopes, token: str = Depends(oauth2)) -> str:
        return token

    async def admin(name: str = Security(user, scopes=["admin"])) -> str:
        return name

    @router.get("/", dependencies=[Depends(APIKeyCookie("session"))])
    async def handler(name: str = Security(admin, scopes=["read"])) -> str:
        return name

    app.include_router(router)
    operation = operation_in(app.openapi())
    assert operation["security"] == [
        {"APIKeyHeader": [], "HTTPBasic": [], "APIKeyCookie": [], "OAuth2PasswordBearer": ["admin", "read"]}
    ]
    assert list(operation["responses"]) == ["200", "401", "403"]
    assert "parameters" not in operation


def test_problem_responses_of_credentials() -> None:
    """401 and 403 are problem documents."""
    document = document_of(HTTPBearer(), scopes=["read"])
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}}
    responses = operation_in(document)["responses"]
    assert responses["401"] == {"description": "Missing or invalid credentials", "content": problem}
    assert responses["403"] == {"description": "Insufficient permissions", "content": problem}


def test_permissions_without_credentials() -> None:
    """The policy answers with 403; who the client is, it finds out itself."""
    app = HawkAPI()
    app.get("/", permissions=["write"])(lambda: "")
    operation = operation_in(app.openapi())
    assert (operation["x-permissions"], list(operation["responses"])) == (["write"], ["200", "403"])
    assert "security" not in operation


def test_optional_schemes_are_alternatives() -> None:
    """A client may show either, or none; who wants all shows what the first says and the second too."""
    document = document_of(
        HTTPBearer(auto_error=False), APIKeyHeader("X-Key", auto_error=False), APIKeyCookie("session")
    )
    operation = operation_in(document)
    assert operation["security"] == [
        {"HTTPBearer": [], "APIKeyCookie": []},
        {"APIKeyHeader": [], "APIKeyCookie": []},
        {"APIKeyCookie": []},
    ]
    assert "401" in operation["responses"]


def test_scheme_that_one_asks_for_and_another_requires() -> None:
    """It is required."""
    document = document_of(HTTPBearer(auto_error=False), HTTPBearer())
    assert operation_in(document)["security"] == [{"HTTPBearer": []}]


@pytest.mark.parametrize(
    ("auto_error", "security"), [(True, [{"JWTBearer": []}]), (False, [{"JWTBearer": []}, {}])], ids=str
)
def test_verified_tokens(auto_error: bool, security: list[dict[str, Any]]) -> None:
    """Their format is told; one that is not valid is answered with 401 even where none is needed."""
    pytest.importorskip("jwt", reason="needs PyJWT")
    from hawkapi.security.jwt import JWTBearer, JWTVerifier

    document = document_of(JWTBearer(JWTVerifier(algorithms=["HS256"], secret="x" * 32), auto_error=auto_error))
    assert document["components"]["securitySchemes"] == {
        "JWTBearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    operation = operation_in(document)
    assert operation["security"] == security
    assert list(operation["responses"]) == ["200", "401"]


def test_scheme_of_your_own() -> None:
    """It says itself what it is; one that says nothing is left out."""

    class Signed(SecurityScheme):
        scheme_name = "signature"

        async def __call__(self, request: Any) -> Any:
            return None

        @property
        def openapi_scheme(self) -> dict[str, Any]:
            return {"type": "mutualTLS"}

    class Silent(SecurityScheme):
        async def __call__(self, request: Any) -> Any:
            return None

    document = document_of(Signed(), Silent())
    assert document["components"]["securitySchemes"] == {"signature": {"type": "mutualTLS"}}
    assert operation_in(document)["security"] == [{"signature": []}]


def guarded_websocket(app: HawkAPI) -> None:
    """Register a WebSocket behind a scheme."""

    @app.websocket("/ws", dependencies=[Depends(HTTPBearer())])
    async def handler(ws: WebSocket) -> None: ...


def hidden_route(app: HawkAPI) -> None:
    """Register a route that the document does not have, behind a scheme."""
    app.get("/hidden", include_in_schema=False, dependencies=[Depends(HTTPBearer())])(lambda: "")


@pytest.mark.parametrize("register", [guarded_websocket, hidden_route])
def test_schemes_that_no_operation_has(register: Callable[[HawkAPI], None]) -> None:
    """They are no components."""
    app = HawkAPI()
    register(app)
    assert "components" not in app.openapi()
