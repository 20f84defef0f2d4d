"""What all security schemes are: dependencies that take credentials out of a request, and describe themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from hawkapi.exceptions import HTTPException
from hawkapi.security._authorization import quoted

__all__ = [
    "InsufficientScopeError",
    "InvalidTokenError",
    "MissingCredentialError",
    "SecurityScheme",
    "missing_credential_error",
]


class MissingCredentialError(HTTPException):
    """The request has no credentials, or none that can be read: 401 (RFC 9110 section 15.5.2).

    Args:
        detail: what is missing, for the client.
        headers: further response fields, above all `WWW-Authenticate`; default none.
    """

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(401, detail, headers=headers)


def missing_credential_error(detail: str, *, headers: Mapping[str, str] | None = None) -> MissingCredentialError:
    """Return the error for a request without credentials; a scheme of your own raises it."""
    return MissingCredentialError(detail, headers=headers)


class InvalidTokenError(HTTPException):
    """A token is not what it should be, or its time is over: 401 with `WWW-Authenticate` (RFC 6750 section 3.1).

    Args:
        detail: for the client, default "Invalid token": the less it says, the less it tells those who try.
    """

    def __init__(self, detail: str = "Invalid token") -> None:
        super().__init__(401, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class InsufficientScopeError(HTTPException):
    """A token is good, but not for this: 403 with `WWW-Authenticate` (RFC 6750 section 3.1).

    Args:
        scopes: which the client needs, told to it; default untold.
        detail: for the client, default "Insufficient scope".

    Raises:
        ValueError: a scope has characters that no header field can hold.
    """

    def __init__(self, scopes: Iterable[str] = (), detail: str = "Insufficient scope") -> None:
        needed = " ".join(scopes)
        challenge = 'Bearer error="insufficient_scope"' + (f", scope={quoted(needed)}" if needed else "")
        super().__init__(403, detail, headers={"WWW-Authenticate": challenge})


class SecurityScheme(ABC):
    """The base of security schemes: `Depends(scheme)` is what `__call__` returns, in HTTP handlers and WebSockets.

    A scheme only finds credentials. Whether they are good is for who depends on it to decide: compare secrets with
    `same_secret`. Ours are never changed once made, so threads may share them.

    A scheme of your own sets `scheme_name`, or leaves it to the name of its class.
    """

    scheme_name: str | None = None
    """What the API's description calls the scheme; default the name of its class, made unique."""

    @abstractmethod
    async def __call__(self, request: Any) -> Any:
        """Return the credentials of a request; annotate `request` with `Request`, or `HTTPConnection` for both kinds.

        Raises:
            MissingCredentialError: there are none (401).
        """

    @property
    def openapi_scheme(self) -> dict[str, Any]:
        """The scheme as OpenAPI 3.1 describes it (section 4.8.27, Security Scheme Object); default nothing."""
        return {}


class DescribedScheme(SecurityScheme):
    """What the schemes of hawkapi have in common.

    Args:
        auto_error: answer requests without credentials with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.
    """

    challenge: str | None = None
    """What `WWW-Authenticate` says in the response to a request without credentials (RFC 9110 section 11.6.1)."""

    def __init__(self, *, auto_error: bool, scheme_name: str | None, description: str | None) -> None:
        self.auto_error = auto_error
        self.scheme_name = scheme_name
        self.description = description

    @property
    def openapi_scheme(self) -> dict[str, Any]:
        """The scheme as OpenAPI 3.1 describes it (section 4.8.27, Security Scheme Object)."""
        described = self._describe()
        return described if self.description is None else {**described, "description": self.description}

    @abstractmethod
    def _describe(self) -> dict[str, Any]: ...

    def refuse(self, detail: str) -> None:
        """Refuse a request without credentials, unless the scheme lets these pass.

        Raises:
            MissingCredentialError: it does not (401).
        """
        if self.auto_error:
            headers = None if self.challenge is None else {"WWW-Authenticate": self.challenge}
            raise MissingCredentialError(detail, headers=headers)


def either(name: str, value: str | None, alias: str | None) -> str | None:
    """Return what was given under one of the two names of an argument.

    Raises:
        TypeError: it was given under both.
    """
    if value is not None and alias is not None:
        raise TypeError(f"{name} is given twice, under both of its names; keep one")
    return alias if value is None else value


def required(name: str, value: str | None, alias: str | None) -> str:
    """Return what was given under one of the two names of an argument.

    Raises:
        TypeError: it was given under both, or under none.
    """
    found = either(name, value, alias)
    if found is None:
        raise TypeError(f"{name} is missing: the URL stands in the API's description")
    return found
