"""Credentials of the drawn applications: one that is good for each scheme, and dependencies that look at them."""

from __future__ import annotations

from typing import Annotated, Final

from hawkapi import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    Depends,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    HTTPBearerCredentials,
    HTTPException,
    OAuth2PasswordBearer,
    PermissionPolicy,
    Request,
    SecurityScopes,
)
from hawkapi.security import same_secret

GOOD: Final = "a-long-random-text"
USER: Final = "ada"
SCOPES: Final = {"things:read": "Read things", "things:write": "Write things"}

in_header = APIKeyHeader("X-Key")
in_query = APIKeyQuery("key")
in_cookie = APIKeyCookie("key")
basic = HTTPBasic(realm="varied")
bearer = HTTPBearer()
oauth2 = OAuth2PasswordBearer("/token", scopes=SCOPES)
permission_key = APIKeyHeader("X-Permission-Key", auto_error=False, scheme_name="PermissionKey")


def _check(given: str) -> str:
    if not same_secret(given, GOOD):
        raise HTTPException(401, "These credentials are not good")
    return given


def key_in_header(key: Annotated[str, Depends(in_header)]) -> str:
    """Return the key."""
    return _check(key)


def key_in_query(key: Annotated[str, Depends(in_query)]) -> str:
    """Return the key."""
    return _check(key)


async def key_in_cookie(key: Annotated[str, Depends(in_cookie)]) -> str:
    """Return the key."""
    return _check(key)


async def basic_user(found: Annotated[HTTPBasicCredentials, Depends(basic)]) -> str:
    """Return the name of who asks."""
    if not found.matches(USER, GOOD):
        raise HTTPException(401, headers={"WWW-Authenticate": 'Basic realm="varied", charset="UTF-8"'})
    return found.username


def bearer_user(found: Annotated[HTTPBearerCredentials, Depends(bearer)]) -> str:
    """Return the name of who asks."""
    _check(found.credentials)
    return USER


async def scoped_user(scopes: SecurityScopes, token: Annotated[str, Depends(oauth2)]) -> str:
    """Return the name of who asks; the token is good for every scope there is."""
    _check(token)
    assert set(scopes.scopes) <= SCOPES.keys()
    return USER


DEPENDENCIES: Final = ("key_in_header", "key_in_query", "key_in_cookie", "basic_user", "bearer_user")
"""What refuses a request without good credentials."""


async def permissions_of(request: Request) -> set[str]:
    """Return what a request may do."""
    key = await permission_key(request)
    return {"things:see", "things:touch"} if key is not None and same_secret(key, GOOD) else set()


policy = PermissionPolicy(permissions_of)
