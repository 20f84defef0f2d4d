"""`RedirectResponse`: where else to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hawkapi.http.headers import MutableHeaders
from hawkapi.http.urls import encode_url
from hawkapi.responses.base import HeaderFields, Response

if TYPE_CHECKING:
    from hawkapi.background import BackgroundTask, BackgroundTasks

__all__ = ["RedirectResponse"]


class RedirectResponse(Response):
    """A redirection without a body.

    Args:
        url: a URL or a reference; anything whose text is one. What a URL cannot have is percent-encoded, and CR, LF
            and NUL are removed. SECURITY: it may name another site, so do not pass on what a client sent unchecked.
        status_code: default 307, which keeps method and body; 303 makes the client use `GET`.
        headers: as for `Response`; a `location` among them wins.
        background: as for `Response`.
    """

    def __init__(
        self,
        url: object,
        *,
        status_code: int = 307,
        headers: HeaderFields | None = None,
        background: BackgroundTask | BackgroundTasks | None = None,
    ) -> None:
        self.body = b""
        self._set_fields(status_code, _with_location(str(url), headers), None, None, background)


def _with_location(url: str, headers: HeaderFields | None) -> list[tuple[str, str]]:
    """Return the fields with one `location`, which is percent-encoded before its characters are checked."""
    if isinstance(headers, MutableHeaders):
        headers = headers.multi_items()
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers or ())
    others: list[tuple[str, str]] = []
    for name, value in pairs:
        if isinstance(name, str) and name.lower() == "location":
            url = value
        else:
            others.append((name, value))
    return [("location", encode_url(url)), *others]
