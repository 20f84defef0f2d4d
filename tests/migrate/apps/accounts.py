"""Accounts: OAuth2 passwords and signed tokens with scopes, forms, background tasks, exception handlers."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Dict, List, Optional

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Depends,
    FastAPI,
    Form,
    HTTPException,
    Query,
    Request,
    Response,
    Security,
    status,
)
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import (
    APIKeyQuery,
    HTTPBasic,
    HTTPBasicCredentials,
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
    SecurityScopes,
)
from pydantic import BaseModel, ConfigDict, Field, field_validator

SECRET = b"not for production"
NOW = datetime(2030, 1, 15, 12, 0, tzinfo=timezone.utc)
LIFETIME = timedelta(minutes=15)

oauth2 = OAuth2PasswordBearer(tokenUrl="token", scopes={"me": "Read your data.", "admin": "Read all data."})
basic = HTTPBasic()
api_key = APIKeyQuery(name="api_key", auto_error=False)


# Models


class Address(BaseModel):
    street: str
    city: str


class UserIn(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    username: str = Field(min_length=3, max_length=20, pattern="^[a-z]+$")
    email: str
    password: str = Field(min_length=8)

    @field_validator("email")
    @classmethod
    def email_has_an_at(cls, value: str) -> str:
        if "@" not in value:
            raise ValueError("no address")
        return value.lower()


class UserOut(BaseModel):
    username: str
    email: str
    disabled: bool = False
    address: Optional[Address] = None


class UserStored(UserOut):
    password_hash: str
    scopes: List[str] = []


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


class Order(BaseModel):
    number: int
    items: Dict[str, int]
    total: float


class QuotaExceeded(Exception):
    def __init__(self, limit: int):
        super().__init__(f"at most {limit}")
        self.limit = limit


# What is kept


def hash_password(password: str) -> str:
    return hashlib.sha256(b"salt:" + password.encode()).hexdigest()


def make_user(name: str, email: str, password: str, scopes: List[str]) -> UserStored:
    return UserStored(username=name, email=email, password_hash=hash_password(password), scopes=scopes)


users: Dict[str, UserStored] = {
    "ada": make_user("ada", "ada@example.org", "lovelace", ["me"]),
    "root": make_user("root", "root@example.org", "toor", ["me", "admin"]),
}
orders: Dict[str, List[Order]] = {
    "ada": [
        Order(number=1, items={"pen": 2, "paper": 10}, total=12.5),
        Order(number=2, items={"ink": 1}, total=3),
    ]
}
outbox: List[str] = []


# Tokens


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(payload: str) -> str:
    return encode(hmac.new(SECRET, payload.encode(), hashlib.sha256).digest())


def make_token(claims: Dict[str, Any], expires: datetime) -> str:
    payload = encode(json.dumps({**claims, "exp": expires.timestamp()}).encode())
    return f"{payload}.{sign(payload)}"


def read_token(token: str) -> Dict[str, Any]:
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(sign(payload).encode(), signature.encode()):
        raise ValueError("the signature is wrong")
    claims: Dict[str, Any] = json.loads(decode(payload))
    if claims["exp"] < NOW.timestamp():
        raise ValueError("the token is too old")
    return claims


def token_of(name: str) -> str:
    """A token as a client would have got it; that of `old` is not valid any more."""
    if name == "old":
        return make_token({"sub": "ada", "scopes": ["me"]}, NOW - LIFETIME)
    return make_token({"sub": name, "scopes": users[name].scopes}, NOW + LIFETIME)


# Dependencies


async def current_user(scopes: SecurityScopes, token: Annotated[str, Depends(oauth2)]) -> UserStored:
    challenge = f'Bearer scope="{scopes.scope_str}"' if scopes.scopes else "Bearer"
    refused = HTTPException(
        status_code=status.HTTP_401_UNAUTHORIZED,
        detail="could not validate the credentials",
        headers={"WWW-Authenticate": challenge},
    )
    try:
        claims = read_token(token)
        user = users[claims["sub"]]
    except (ValueError, KeyError):
        raise refused from None
    for scope in scopes.scopes:
        if scope not in claims["scopes"]:
            raise HTTPException(
                status_code=status.HTTP_403_FORBIDDEN,
                detail="not enough permissions",
                headers={"WWW-Authenticate": challenge},
            )
    return user


async def active_user(user: Annotated[UserStored, Security(current_user, scopes=["me"])]) -> UserStored:
    if user.disabled:
        raise HTTPException(status_code=400, detail="inactive user")
    return user


ActiveUser = Annotated[UserStored, Depends(active_user)]


def send_mail(to: str, text: str, copies: int = 1) -> None:
    outbox.extend([f"{to}: {text}"] * copies)


async def log_mail(to: str) -> None:
    outbox.append(f"logged {to}")


# The application

app = FastAPI(title="Accounts", docs_url="/documentation", redoc_url=None)
admin = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Security(current_user, scopes=["admin"])])


@app.on_event("startup")
async def start() -> None:
    app.state.token_of = token_of
    app.state.started = True


@app.exception_handler(QuotaExceeded)
async def quota_exceeded(request: Request, exc: QuotaExceeded):
    return JSONResponse({"problem": str(exc), "limit": exc.limit}, 429, {"X-Limit": str(exc.limit)})


@app.exception_handler(ZeroDivisionError)
def no_division(request: Request, exc: ZeroDivisionError) -> JSONResponse:
    return JSONResponse(status_code=422, content={"problem": "division", "query": request.url.query})


@app.post("/token", response_model=Token)
async def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    user = users.get(form.username)
    if user is None or user.password_hash != hash_password(form.password):
        raise HTTPException(status_code=400, detail="incorrect username or password")
    return Token(access_token=make_token({"sub": user.username, "scopes": user.scopes}, NOW + LIFETIME))


@app.get("/users/me", response_model=UserOut)
async def read_me(user: ActiveUser):
    return user


@app.get("/users/me/orders")
async def read_orders(user: ActiveUser, limit: Annotated[int, Query(ge=1)] = 10) -> List[Order]:
    return orders.get(user.username, [])[:limit]


@app.put("/users/me/address", response_model=UserOut)
async def set_address(user: ActiveUser, address: Annotated[Address, Body()], primary: Annotated[bool, Body()]):
    if primary:
        user.address = address
    return user


@app.post("/users", response_model=UserOut, status_code=201)
async def sign_up(user: UserIn, tasks: BackgroundTasks, response: Response):
    if user.username in users:
        raise HTTPException(status_code=409, detail="the name is taken")
    if len(users) > 10:
        raise QuotaExceeded(10)
    users[user.username] = make_user(user.username, user.email, user.password, ["me"])
    tasks.add_task(send_mail, user.email, "welcome", copies=2)
    tasks.add_task(log_mail, user.email)
    response.headers["X-User"] = user.username
    return users[user.username]


@app.delete("/users/{username}", dependencies=[Security(current_user, scopes=["admin"])])
async def remove(username: str) -> Dict[str, str]:
    if users.pop(username, None) is None:
        raise HTTPException(status_code=404, detail=f"no user {username}")
    return {"removed": username}


@admin.get("/users", response_model=List[UserOut], response_model_exclude_defaults=True)
async def list_users():
    return [users[name] for name in sorted(users)]


@app.post("/contact")
async def contact(
    subject: Annotated[str, Form(min_length=1)],
    text: Annotated[str, Form()],
    tasks: BackgroundTasks,
    tags: Annotated[List[str], Form()] = [],
):
    tasks.add_task(send_mail, "desk", subject)
    return {"subject": subject, "length": len(text), "tags": tags}


@app.get("/outbox")
async def read_outbox():
    return outbox


@app.get("/secret")
async def secret(credentials: Annotated[HTTPBasicCredentials, Depends(basic)]):
    if not hmac.compare_digest(credentials.password.encode(), b"toor"):
        raise HTTPException(401, "wrong password", {"WWW-Authenticate": "Basic"})
    return {"user": credentials.username}


@app.get("/key")
async def key(value: Annotated[Optional[str], Depends(api_key)]):
    return {"key": value}


@app.get("/teapot")
async def teapot():
    raise QuotaExceeded(3)


@app.get("/divide")
async def divide(a: int, b: int):
    return {"result": a / b}


@app.get("/health")
async def health():
    return HTMLResponse("<p>well</p>")


app.include_router(admin)
