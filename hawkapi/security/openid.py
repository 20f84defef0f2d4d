"""OpenID Connect: bearer tokens, and for the API's description where the provider describes itself."""

from __future__ import annotations

from typing import Any

from hawkapi.security.base import required
from hawkapi.security.oauth2 import BearerScheme

__all__ = ["OpenIdConnect"]


class OpenIdConnect(BearerScheme):
    """A bearer token of an OpenID provider: `Depends(scheme)` is the text.

    Without one the client sees 401. Never changed, so threads may share it.

    Args:
        open_id_connect_url: of the provider's metadata (OpenID Connect Discovery 1.0 section 4); `openIdConnectUrl` is
            the same.
        auto_error: whether requests without a token are answered with 401, default yes; otherwise they give `None`.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.

    Raises:
        TypeError: there is no `open_id_connect_url`, or it is given twice.
    """

    def __init__(
        self,
        open_id_connect_url: str | None = None,
        *,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
        openIdConnectUrl: str | None = None,
    ) -> None:
        super().__init__(auto_error=auto_error, scheme_name=scheme_name, description=description)
        self.open_id_connect_url = required("open_id_connect_url", open_id_connect_url, openIdConnectUrl)

    def _describe(self) -> dict[str, Any]:
        return {"type": "openIdConnect", "openIdConnectUrl": self.open_id_connect_url}
