"""OAuth 2 (RFC 6749): bearer tokens, and for the API's description where clients get them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from hawkapi.requests.connection import HTTPConnection
from hawkapi.security._authorization import bearer_token, read_authorization
from hawkapi.security.base import DescribedScheme, either, required

__all__ = ["OAuth2", "OAuth2AuthorizationCodeBearer", "OAuth2ClientCredentials", "OAuth2PasswordBearer"]


class BearerScheme(DescribedScheme):
    """A scheme whose credentials are a bearer token, given as a text."""

    challenge = "Bearer"

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return the token.

        Raises:
            MissingCredentialError: there is none, or what there is is no token (401).
        """
        found = read_authorization(request)
        if found is None:
            self.refuse("Not authenticated")
            return None
        token = bearer_token(found)
        if token is None:
            self.refuse("Invalid authentication credentials")
        return token


class OAuth2(BearerScheme):
    """A bearer token, which clients get in whatever ways its flows describe: `Depends(scheme)` is the text.

    Without one the client sees 401. Never changed, so threads may share it.

    Args:
        flows: as OpenAPI 3.1 writes them (section 4.8.28, OAuth Flows Object).
        auto_error: whether requests without a token are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.
    """

    def __init__(
        self,
        flows: Mapping[str, Mapping[str, Any]],
        *,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(auto_error=auto_error, scheme_name=scheme_name, description=description)
        self.flows = {name: dict(flow) for name, flow in flows.items()}

    def _describe(self) -> dict[str, Any]:
        return {"type": "oauth2", "flows": {name: dict(flow) for name, flow in self.flows.items()}}


class OAuth2PasswordBearer(OAuth2):
    """A bearer token that clients get with their user's password (RFC 6749 section 4.3): see `OAuth2`.

    It is what the API's pages can do themselves; for other sites' programs use the authorization code (RFC 9700).

    Args:
        token_url: where tokens are issued, absolute or relative to the API's description; `tokenUrl` is the same.
        scopes: what tokens may be good for, with a description of each; default none.
        refresh_url: where tokens are renewed; `refreshUrl` is the same; default nowhere.
        auto_error: whether requests without a token are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        TypeError: there is no `token_url`, or it is given twice.
    """

    def __init__(
        self,
        token_url: str | None = None,
        *,
        scopes: Mapping[str, str] | None = None,
        refresh_url: str | None = None,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
        tokenUrl: str | None = None,
        refreshUrl: str | None = None,
    ) -> None:
        self.token_url = required("token_url", token_url, tokenUrl)
        flow = flow_of(self.token_url, either("refresh_url", refresh_url, refreshUrl), scopes)
        self.scopes = dict(scopes or {})
        super().__init__({"password": flow}, auto_error=auto_error, scheme_name=scheme_name, description=description)


class OAuth2AuthorizationCodeBearer(OAuth2):
    """A bearer token that clients get with an authorization code (RFC 6749 section 4.1): see `OAuth2`.

    Args:
        authorization_url: where users allow it; `authorizationUrl` is the same.
        token_url: where codes are exchanged for tokens; `tokenUrl` is the same.
        refresh_url: where tokens are renewed; `refreshUrl` is the same; default nowhere.
        scopes: what tokens may be good for, with a description of each; default none.
        auto_error: whether requests without a token are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        TypeError: one of the two URLs is missing, or given twice.
    """

    def __init__(
        self,
        authorization_url: str | None = None,
        token_url: str | None = None,
        *,
        refresh_url: str | None = None,
        scopes: Mapping[str, str] | None = None,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
        authorizationUrl: str | None = None,
        tokenUrl: str | None = None,
        refreshUrl: str | None = None,
    ) -> None:
        self.authorization_url = required("authorization_url", authorization_url, authorizationUrl)
        self.token_url = required("token_url", token_url, tokenUrl)
        flow = flow_of(self.token_url, either("refresh_url", refresh_url, refreshUrl), scopes)
        super().__init__(
            {"authorizationCode": {"authorizationUrl": self.authorization_url, **flow}},
            auto_error=auto_error,
            scheme_name=scheme_name,
            description=description,
        )


class OAuth2ClientCredentials(OAuth2):
    """A bearer token that programs get for themselves (RFC 6749 section 4.4): see `OAuth2`.

    Args:
        token_url: where tokens are issued; `tokenUrl` is the same.
        refresh_url: where tokens are renewed; `refreshUrl` is the same; default nowhere.
        scopes: what tokens may be good for, with a description of each; default none.
        auto_error: whether requests without a token are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        TypeError: there is no `token_url`, or it is given twice.
    """

    def __init__(
        self,
        token_url: str | None = None,
        *,
        refresh_url: str | None = None,
        scopes: Mapping[str, str] | None = None,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
        tokenUrl: str | None = None,
        refreshUrl: str | None = None,
    ) -> None:
        self.token_url = required("token_url", token_url, tokenUrl)
        flow = flow_of(self.token_url, either("refresh_url", refresh_url, refreshUrl), scopes)
        super().__init__(
            {"clientCredentials": flow}, auto_error=auto_error, scheme_name=scheme_name, description=description
        )


def flow_of(token_url: str, refresh_url: str | None, scopes: Mapping[str, str] | None) -> dict[str, Any]:
    """Return what the flows have in common as OpenAPI 3.1 writes it (section 4.8.29, OAuth Flow Object).

    Raises:
        TypeError: the scopes have no descriptions.
    """
    # A list, as `Security` takes, would be cast into nonsense or fail with a message about dicts.
    if scopes is not None and not isinstance(cast("object", scopes), Mapping):
        raise TypeError(f"scopes= of a scheme is a dict of names and descriptions, not {scopes!r}")
    flow: dict[str, Any] = {"tokenUrl": token_url, "scopes": dict(scopes or {})}
    return flow if refresh_url is None else {**flow, "refreshUrl": refresh_url}
