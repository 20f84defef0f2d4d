"""Schemes, scopes and permissions; type checkers read it, and nothing runs it."""

from __future__ import annotations

from typing import Annotated, Any, assert_type

from hawkapi import (
    APIKeyHeader,
    Depends,
    HawkAPI,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    HTTPBearerCredentials,
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
    PermissionPolicy,
    Request,
    Security,
    SecurityScheme,
    SecurityScopes,
)
from hawkapi.requests.connection import HTTPConnection

app = HawkAPI()
bearer = OAuth2PasswordBearer(tokenUrl="token")


class Signed(SecurityScheme):
    """A scheme of one's own may ask for a request."""

    async def __call__(self, request: Request) -> str:
        """Return the signature."""
        return request.headers["signature"]


class Anywhere(SecurityScheme):
    """Or for any connection."""

    async def __call__(self, request: HTTPConnection) -> str:
        """Return the signature."""
        return request.headers["signature"]

    @property
    def openapi_scheme(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "apiKey", "in": "header", "name": "signature"}


def current_user(scopes: SecurityScopes, token: str = Depends(bearer)) -> str:
    """Read the scopes."""
    assert_type(scopes.scopes, tuple[str, ...])
    assert_type(scopes.scope_str, str)
    return token


@app.get("/default", dependencies=[Security(current_user, scopes=["a"]), Depends(Signed())])
async def default(user: str = Security(current_user, scopes=("a", "b")), key: str = Depends(APIKeyHeader("k"))) -> str:
    """Depend by default."""
    return user + key


@app.get("/annotated")
async def annotated(
    basic: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())],
    token: Annotated[HTTPBearerCredentials, Depends(HTTPBearer())],
) -> bool:
    """Depend in annotations."""
    assert_type(token.credentials, str)
    return basic.matches("u", "p")


@app.post("/token")
async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> list[str]:
    """Read the form."""
    assert_type(form.scopes, list[str])
    return [form.username, form.password]


async def by_request(request: Request) -> set[str]:
    """Resolve from a request."""
    assert_type(await bearer(request), str | None)
    return set()


def plainly(connection: HTTPConnection) -> list[str]:
    """Resolve in a worker thread."""
    return [connection.path]


app.permission_policy = PermissionPolicy(by_request, mode="any")
app.permission_policy = PermissionPolicy(plainly)
assert_type(app.permission_policy, PermissionPolicy)
