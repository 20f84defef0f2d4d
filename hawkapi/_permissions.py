"""The guard of a route with `permissions=`: it asks the application's policy before anything else is done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from hawkapi.di.depends import Dependency
from hawkapi.exceptions import HTTPException
from hawkapi.requests import Request
from hawkapi.requests.connection import HTTPConnection
from hawkapi.routing.route import Route, WebSocketRoute

if TYPE_CHECKING:
    from hawkapi.security.permissions import PermissionPolicy

FORBIDDEN: Final = 4003
"""The close code (RFC 6455 section 7.4.2, private use) for a client without the permissions of a WebSocket."""

type PolicyOf = Callable[[], PermissionPolicy | None]

logger = logging.getLogger("hawkapi")


@final
class HandshakeRefusedError(HTTPException):
    """A WebSocket's client lacks permissions: it is closed with `code`, whatever else the server could send."""

    code = FORBIDDEN


def permission_guard(route: Route, policy_of: PolicyOf) -> Dependency | None:
    """Return what is called first for a route, or nothing where it asks for no permissions.

    Args:
        route: to be guarded.
        policy_of: returns the application's policy, at each request: it may be set after the routes.
    """
    if not route.permissions:
        return None
    permissions = tuple(route.permissions)

    async def check(connection: HTTPConnection) -> None:
        policy = policy_of()
        if policy is None:
            # SECURITY: what nobody decides is not open; a client cannot tell this from other faults of the server.
            logger.error(
                "route %s has permissions=%r, but there is nobody to ask: set app.permission_policy",
                route.path,
                list(permissions),
            )
            raise HTTPException(500, "Permissions cannot be checked")
        await policy.check(connection, permissions)

    async def check_request(request: Request) -> None:
        await check(request)

    async def check_handshake(connection: HTTPConnection) -> None:
        try:
            await check(connection)
        except HTTPException as exc:
            raise HandshakeRefusedError(exc.status_code, exc.detail, headers=exc.headers) from exc

    return Dependency(check_handshake if isinstance(route, WebSocketRoute) else check_request)
