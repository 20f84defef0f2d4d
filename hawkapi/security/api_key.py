"""API keys: a secret text in a header field, in the query string or in a cookie."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from hawkapi.http._grammar import is_token
from hawkapi.requests.connection import HTTPConnection
from hawkapi.security.base import DescribedScheme, MissingCredentialError, missing_credential_error

__all__ = ["APIKeyCookie", "APIKeyHeader", "APIKeyQuery", "MissingCredentialError", "missing_credential_error"]


class APIKey(DescribedScheme):
    """A key under a name; an empty one is missing, and there is no `WWW-Authenticate` for keys."""

    place: ClassVar[str]
    """Where the key stands, as OpenAPI calls it."""
    called: ClassVar[str]
    """Where the key stands, for clients."""

    def __init__(
        self, name: str, *, auto_error: bool = True, scheme_name: str | None = None, description: str | None = None
    ) -> None:
        super().__init__(auto_error=auto_error, scheme_name=scheme_name, description=description)
        if not name:
            raise ValueError(f"{type(self).__name__} needs the name of a {self.called}")
        self.name = name

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return the key.

        Raises:
            MissingCredentialError: there is none, or there are several (401).
        """
        keys = self._keys(request)
        # SECURITY: a proxy that checks the first of several keys, and we the last, would check different ones.
        if len(keys) > 1:
            self.refuse(f"More than one {self.called}: {self.name}")
            return None
        if not keys or not keys[0]:
            self.refuse(f"Missing {self.called}: {self.name}")
            return None
        return keys[0]

    @abstractmethod
    def _keys(self, request: HTTPConnection) -> Sequence[str]: ...

    def _describe(self) -> dict[str, Any]:
        return {"type": "apiKey", "in": self.place, "name": self.name}


class APIKeyHeader(APIKey):
    """A key in a header field, as `X-API-Key: secret`: `Depends(APIKeyHeader("X-API-Key"))` is the text.

    Without one, an empty one, or with several, the client sees 401. Never changed, so threads may share it.

    Args:
        name: of the field, in any case.
        auto_error: whether requests without a key are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        ValueError: no field can have the name.
    """

    place = "header"
    called = "header"

    def __init__(
        self, name: str, *, auto_error: bool = True, scheme_name: str | None = None, description: str | None = None
    ) -> None:
        super().__init__(name, auto_error=auto_error, scheme_name=scheme_name, description=description)
        if not is_token(name):
            raise ValueError(f"{name!r} is not the name of a header field (RFC 9110 section 5.1)")

    def _keys(self, request: HTTPConnection) -> Sequence[str]:
        return request.headers.getlist(self.name)


class APIKeyQuery(APIKey):
    """A key in the query string, as `?key=secret`; otherwise as `APIKeyHeader`.

    URLs are written to logs and kept in histories, so a header field is the better place.
    """

    place = "query"
    called = "query parameter"

    def _keys(self, request: HTTPConnection) -> Sequence[str]:
        return request.query_params.getlist(self.name)


class APIKeyCookie(APIKey):
    """A key in a cookie; otherwise as `APIKeyHeader`. Of several cookies with one name the last counts.

    Browsers send cookies with requests that other sites make: such a handler needs protection from CSRF.
    """

    place = "cookie"
    called = "cookie"

    def _keys(self, request: HTTPConnection) -> Sequence[str]:
        key = request.cookies.get(self.name)
        return [] if key is None else [key]
