"""What all security schemes are: dependencies that take credentials out of a request, and describe themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from hawkapi.exceptions import HTTPException

__all__ = ["MissingCredentialError", "SecurityScheme", "missing_credential_error"]


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
