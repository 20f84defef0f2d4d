"""HTTP authentication: `Basic` (RFC 7617), `Bearer` (RFC 6750) and `Digest` (RFC 7616) in the `Authorization` field."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

from hawkapi.codec.struct import Struct
from hawkapi.requests.connection import HTTPConnection
from hawkapi.security._authorization import bearer_token, quoted, read_authorization
from hawkapi.security.base import DescribedScheme, either
from hawkapi.security.comparison import same_secret

__all__ = [
    "HTTPAuthorizationCredentials",
    "HTTPBasic",
    "HTTPBasicCredentials",
    "HTTPBearer",
    "HTTPBearerCredentials",
    "HTTPDigest",
]


class Credentials(Struct, frozen=True):
    """What is shown of credentials has nothing secret in it, because what is shown ends in logs."""

    hidden: ClassVar[str]
    """The member that is secret."""

    def __rich_repr__(self) -> Iterator[tuple[str, str]]:
        # SECURITY: msgspec's own one, which rich asks for tracebacks with variables, has everything in it.
        for name in self.__struct_fields__:
            yield name, "***" if name == self.hidden else getattr(self, name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


class HTTPBasicCredentials(Credentials, frozen=True):
    """A name and a password. Immutable."""

    hidden = "password"

    username: str
    password: str

    def matches(self, username: str, password: str) -> bool:
        """Whether they are these; the time it takes says neither which of them differs nor where."""
        same_name = same_secret(self.username, username)
        same_password = same_secret(self.password, password)
        return same_name and same_password


class HTTPAuthorizationCredentials(Credentials, frozen=True):
    """What `Authorization` holds. Immutable."""

    hidden = "credentials"

    scheme: str
    """As the client spells it."""
    credentials: str
    """What stands behind the scheme, without spaces around it."""


class HTTPBearerCredentials(HTTPAuthorizationCredentials, frozen=True):
    """A token, as `credentials`. Immutable."""


class HTTPBasic(DescribedScheme):
    """A name and a password (RFC 7617): `Depends(HTTPBasic())` is an `HTTPBasicCredentials`.

    Without them the client sees 401, and a browser asks its user. Never changed, so threads may share it.

    Args:
        realm: what browsers show when they ask, default "hawkapi".
        auto_error: whether requests without credentials are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        ValueError: the realm cannot stand in a header field.
    """

    def __init__(
        self,
        *,
        realm: str | None = None,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(auto_error=auto_error, scheme_name=scheme_name, description=description)
        self.realm = "hawkapi" if realm is None else realm
        # SPEC: RFC 7617 section 2: a realm is required; section 2.1: the only charset is UTF-8.
        self.challenge = f'Basic realm={quoted(self.realm)}, charset="UTF-8"'

    async def __call__(self, request: HTTPConnection) -> HTTPBasicCredentials | None:
        """Return the credentials.

        Raises:
            MissingCredentialError: there are none, or they cannot be read (401).
        """
        found = read_authorization(request)
        if found is None:
            self.refuse("Missing Authorization header")
            return None
        if found.scheme.lower() != "basic" or not found.rest:
            self.refuse("Invalid Authorization header format")
            return None
        try:
            text = base64.b64decode(found.rest, validate=True).decode()
        except ValueError:  # No base64 (`binascii.Error`), no ASCII, or no UTF-8 behind it.
            self.refuse("Invalid base64 encoding")
            return None
        return self._split(text)

    def _split(self, text: str) -> HTTPBasicCredentials | None:
        # SPEC: RFC 7617 section 2: a name has no colon, a password may; neither has control characters.
        username, colon, password = text.partition(":")
        if not colon or has_control_characters(text):
            self.refuse("Invalid credentials format")
            return None
        return HTTPBasicCredentials(username, password)

    def _describe(self) -> dict[str, Any]:
        return {"type": "http", "scheme": "basic"}


def has_control_characters(text: str) -> bool:
    """Whether a text has characters of the category Cc in ASCII."""
    return any(character < " " or character == "\x7f" for character in text)


class HTTPBearer(DescribedScheme):
    """A bearer token (RFC 6750): `Depends(HTTPBearer())` is an `HTTPBearerCredentials`.

    Without one the client sees 401. Never changed, so threads may share it.

    Args:
        realm: named in `WWW-Authenticate`, default none.
        bearer_format: what the token is, for the API's description, as "JWT"; `bearerFormat` is the same; default
            unsaid.
        auto_error: whether requests without a token are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        TypeError: `bearer_format` is given twice.
        ValueError: the realm cannot stand in a header field.
    """

    def __init__(
        self,
        *,
        realm: str | None = None,
        bearer_format: str | None = None,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
        bearerFormat: str | None = None,
    ) -> None:
        super().__init__(auto_error=auto_error, scheme_name=scheme_name, description=description)
        self.bearer_format = either("bearer_format", bearer_format, bearerFormat)
        self.challenge = "Bearer" if realm is None else f"Bearer realm={quoted(realm)}"

    async def __call__(self, request: HTTPConnection) -> HTTPBearerCredentials | None:
        """Return the credentials.

        Raises:
            MissingCredentialError: there are none, or they are no token (401).
        """
        found = read_authorization(request)
        if found is None:
            self.refuse("Missing Authorization header")
            return None
        token = bearer_token(found)
        if token is None:
            self.refuse("Invalid Authorization header format")
            return None
        return HTTPBearerCredentials(found.scheme, token)

    def _describe(self) -> dict[str, Any]:
        described = {"type": "http", "scheme": "bearer"}
        return described if self.bearer_format is None else {**described, "bearerFormat": self.bearer_format}


class HTTPDigest(DescribedScheme):
    """What a client sends for `Digest` (RFC 7616): `Depends(HTTPDigest())` is an `HTTPAuthorizationCredentials`.

    Its `credentials` are the parameters as one text, `username="ada", realm="notes", nonce=...`. They are neither read
    nor compared, and nonces are not issued: who depends on it does that, and answers a request without credentials,
    which `auto_error=False` lets pass, with a challenge that has a nonce. Over TLS, tokens and `Basic` do the same
    with less. Without credentials the client sees 401. Never changed, so threads may share it.

    Args:
        realm: named in `WWW-Authenticate`, default none.
        auto_error: whether requests without credentials are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        ValueError: the realm cannot stand in a header field.
    """

    def __init__(
        self,
        *,
        realm: str | None = None,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(auto_error=auto_error, scheme_name=scheme_name, description=description)
        self.challenge = "Digest" if realm is None else f"Digest realm={quoted(realm)}"

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Return the credentials.

        Raises:
            MissingCredentialError: there are none, or they are for another scheme (401).
        """
        found = read_authorization(request)
        if found is None:
            self.refuse("Missing Authorization header")
            return None
        parameters = found.rest.strip(" \t")
        if found.scheme.lower() != "digest" or not parameters:
            self.refuse("Invalid Authorization header format")
            return None
        return HTTPAuthorizationCredentials(found.scheme, parameters)

    def _describe(self) -> dict[str, Any]:
        return {"type": "http", "scheme": "digest"}
