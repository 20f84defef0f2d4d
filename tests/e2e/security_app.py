"""What real servers serve to the end-to-end tests of security: one route per way in, and a count of who came in."""

from __future__ import annotations

from typing import Annotated, Any

from hawkapi import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    Depends,
    HawkAPI,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    HTTPBearerCredentials,
    HTTPException,
    PermissionPolicy,
    Router,
    Security,
    WebSocket,
    same_secret,
)
from hawkapi._threading import ShardedCounter
from hawkapi.requests.connection import HTTPConnection
from hawkapi.security.jwt import JWTBearer, JWTVerifier

SECRET = "a secret of thirty-two bytes, yes"  # noqa: S105 - of these tests
KEY = "key-of-ada"

app = HawkAPI(max_body_size=1000)
came_in = ShardedCounter()
bearer, basic = HTTPBearer(), HTTPBasic(realm="e2e")
tokens = JWTBearer(JWTVerifier(algorithms=["HS256"], secret=SECRET, audience="e2e"), scope_claim="scope")


def check_key(key: str) -> str:
    """Return a key that is known."""
    if not same_secret(key, KEY):
        raise HTTPException(403, "Unknown key")
    return key


@app.get("/bearer")
async def by_bearer(found: Annotated[HTTPBearerCredentials, Depends(bearer)]) -> list[str]:
    """Answer a token."""
    came_in.add()
    return [found.scheme, found.credentials]


@app.post("/bearer")
async def post_by_bearer(found: Annotated[HTTPBearerCredentials, Depends(bearer)], body: dict[str, int]) -> int:
    """Read a body behind a token."""
    came_in.add()
    return len(body)


@app.get("/basic")
async def by_basic(found: Annotated[HTTPBasicCredentials, Depends(basic)]) -> str:
    """Answer a name whose password is right."""
    if not found.matches("jürgen", "o:pen"):
        raise HTTPException(401, "Wrong name or password", headers={"WWW-Authenticate": basic.challenge or ""})
    came_in.add()
    return found.username


@app.get("/key")
async def by_key(key: Annotated[str, Depends(APIKeyHeader("X-API-Key"))]) -> str:
    """Answer a key."""
    came_in.add()
    return check_key(key)


@app.get("/query-key")
async def by_query_key(key: Annotated[str, Depends(APIKeyQuery("key"))]) -> str:
    """Answer a key."""
    came_in.add()
    return check_key(key)


@app.get("/cookie-key")
async def by_cookie_key(key: Annotated[str, Depends(APIKeyCookie("key"))]) -> str:
    """Answer a key."""
    came_in.add()
    return check_key(key)


@app.get("/token")
async def by_token(claims: Annotated[dict[str, Any], Security(tokens, scopes=["read"])]) -> str:
    """Answer whose token it is."""
    came_in.add()
    name: str = claims["sub"]
    return name


@app.websocket("/token")
async def socket_by_token(ws: WebSocket, claims: Annotated[dict[str, Any], Security(tokens, scopes=["read"])]) -> None:
    """Tell whose token it is."""
    came_in.add()
    await ws.accept()
    await ws.send_text(claims["sub"])


async def permissions_of(connection: HTTPConnection) -> list[str]:
    """Return what a token says its owner may do."""
    claims = await tokens(connection)
    found: list[str] = (claims or {}).get("may", [])
    return found


app.permission_policy = PermissionPolicy(permissions_of)
admin = Router(prefix="/admin")


@admin.get("/reports", permissions=["reports"])
@admin.delete("/reports", permissions=["reports", "delete"])
async def reports() -> str:
    """Answer who may."""
    came_in.add()
    return "reports"


@admin.websocket("/live", permissions=["reports"])
async def live(ws: WebSocket) -> None:
    """Tell who may."""
    came_in.add()
    await ws.accept()
    await ws.send_text("live")


app.include_router(admin)

unattended = HawkAPI()
"""It has permissions and nobody to ask."""


@unattended.get("/reports", permissions=["reports"])
async def open_reports() -> str:
    """Answer nobody."""
    came_in.add()
    return "reports"


app.mount("/unattended", unattended)


@app.get("/came-in")
async def count() -> int:
    """Answer how many came in."""
    return came_in.value
