"""`OAuth2PasswordRequestForm`: what a client sends to get a token for a password (RFC 6749 section 4.3.2)."""

from __future__ import annotations

from typing import Annotated, Final

from hawkapi.codec.struct import Meta
from hawkapi.di.depends import SelfMade
from hawkapi.params.markers import Form

__all__ = ["OAuth2PasswordRequestForm", "OAuth2PasswordRequestFormStrict"]

HIDDEN: Final = Meta(extra_json_schema={"format": "password"})
"""Says to pages that show a form not to show what is typed (OpenAPI 3.1, section 4.4)."""


class OAuth2PasswordRequestForm(SelfMade):
    """The form of a token request: a parameter of this type is made of it, with `Depends()` or without.

    A form that lacks name or password is answered with the app's `validation_error_status` (400). Request-bound.

    Args:
        username: spelled so by the RFC.
        password: as the client sent it.
        grant_type: "password" if the client says it at all; `OAuth2PasswordRequestFormStrict` wants it.
        scope: scopes with spaces between them, default none.
        client_id: of the client's program, default none; it may stand in `Authorization: Basic` instead.
        client_secret: of the client's program, default none.
    """

    def __init__(
        self,
        *,
        username: Annotated[str, Form()],
        password: Annotated[str, HIDDEN, Form()],
        grant_type: Annotated[str | None, Form(pattern="^password$")] = None,
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, HIDDEN, Form()] = None,
    ) -> None:
        self.username = username
        self.password = password
        self.grant_type = grant_type
        self.scopes = scope.split()
        """What the client asks for."""
        self.client_id = client_id
        self.client_secret = client_secret


class OAuth2PasswordRequestFormStrict(OAuth2PasswordRequestForm):
    """The same for clients that follow the RFC: `grant_type=password` must be there."""

    def __init__(
        self,
        *,
        grant_type: Annotated[str, Form(pattern="^password$")],
        username: Annotated[str, Form()],
        password: Annotated[str, HIDDEN, Form()],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, HIDDEN, Form()] = None,
    ) -> None:
        super().__init__(
            username=username,
            password=password,
            grant_type=grant_type,
            scope=scope,
            client_id=client_id,
            client_secret=client_secret,
        )
