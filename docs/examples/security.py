"""Tokens, scopes, permissions, a password and a key."""

import hashlib
import os
from dataclasses import dataclass
from typing import Annotated

from hawkapi import (
    APIKeyHeader,
    Depends,
    HawkAPI,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPException,
    InsufficientScopeError,
    InvalidTokenError,
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
    PermissionPolicy,
    Request,
    Security,
    SecurityScopes,
)
from hawkapi.security import same_secret, secret_among

app = HawkAPI()
bearer = OAuth2PasswordBearer("token", scopes={"notes:read": "Read notes", "notes:write": "Write notes"})


def hash_of(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


@dataclass(frozen=True)
class User:
    name: str
    salt: bytes
    password_hash: bytes
    scopes: frozenset[str]


SALT = os.urandom(16)
USERS = {"ada": User("ada", SALT, hash_of("lovelace", SALT), frozenset({"notes:read"}))}
TOKENS = {"token-of-ada": USERS["ada"]}  # In real life: random, in a database, and for some minutes only.


@app.post("/token", status_code=200)
def token(form: OAuth2PasswordRequestForm) -> dict[str, str]:
    user = USERS.get(form.username)
    # A hash is made for unknown names too, so that the time does not say which names there are.
    given = hash_of(form.password, user.salt if user else SALT)
    if user is None or not same_secret(given, user.password_hash):
        raise HTTPException(400, "Wrong name or password")
    return {"access_token": f"token-of-{user.name}", "token_type": "bearer"}


def current_user(scopes: SecurityScopes, token: Annotated[str, Depends(bearer)]) -> User:
    user = TOKENS.get(token)
    if user is None:
        raise InvalidTokenError
    if not user.scopes.issuperset(scopes.scopes):
        raise InsufficientScopeError(scopes.scopes)
    return user


@app.get("/notes")
async def read_notes(user: Annotated[User, Security(current_user, scopes=["notes:read"])]) -> list[str]:
    return [f"a note of {user.name}"]


@app.post("/notes")
async def write_note(user: Annotated[User, Security(current_user, scopes=["notes:write"])], text: str) -> str:
    return text


KEYS = {os.environ.get("METRICS_KEY", "a long random text")}


def metrics_key(key: Annotated[str, Depends(APIKeyHeader("X-API-Key"))]) -> None:
    if not secret_among(key, KEYS):
        raise HTTPException(403)


@app.get("/metrics", dependencies=[Depends(metrics_key)])
async def metrics() -> dict[str, int]:
    return {"requests": 1}


@app.get("/admin")
async def admin(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic(realm="admin"))]) -> str:
    if not credentials.matches("root", os.environ.get("ADMIN_PASSWORD", "a long random text")):
        raise HTTPException(401, headers={"WWW-Authenticate": 'Basic realm="admin", charset="UTF-8"'})
    return "hello"


async def permissions_of(request: Request) -> set[str]:
    user = TOKENS.get(await bearer(request) or "")
    return {"reports:read"} if user is not None else set()


app.permission_policy = PermissionPolicy(permissions_of)


@app.get("/reports", permissions=["reports:read"])
async def reports() -> list[str]:
    return ["good"]


@app.delete("/reports", permissions=["reports:read", "reports:delete"])
async def delete_reports() -> None: ...
