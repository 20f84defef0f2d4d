"""`RedirectResponse`: where else to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

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
    others: list[tuple[str, str]] = []
    for name, value in _field_pairs(headers):
        if str(name).lower() == "location":
            url = value
        else:
            others.append((name, value))
    return [("location", encode_url(url)), *others]


def _field_pairs(headers: HeaderFields | None) -> Iterable[tuple[str, str]]:
    """Return header fields as pairs, every value of a repeated name."""
    if isinstance(headers, MutableHeaders):
        return headers.multi_items()
    return cast("Mapping[str, str]", headers).items() if isinstance(headers, Mapping) else headers or ()
