"""Sessions in a store, and a new name for them when somebody logs in."""

from hawkapi import HawkAPI, Request
from hawkapi.middleware import SessionMiddleware
from hawkapi.middleware.session import renew_session
from hawkapi.middleware.session_stores import MemorySessionStore

app = HawkAPI()
# In production: a secret key from the settings, and secure=True, the default.
app.add_middleware(SessionMiddleware, secret_key="keep me secret", store=MemorySessionStore(), secure=False)


@app.post("/login/{name}")
async def login(name: str, request: Request) -> None:
    request.session["user"] = name
    renew_session(request.scope)


@app.get("/me")
async def me(request: Request) -> dict[str, str | None]:
    return {"user": request.session.get("user")}


@app.post("/logout")
async def logout(request: Request) -> None:
    request.session.clear()
