"""What a test gets back: `TestResponse`, its header fields, and the errors about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, cast

from hawkapi.exceptions import HawkAPIError, reason_phrase
from hawkapi.testing._cookies import name_and_value

__all__ = ["CaseInsensitiveDict", "HTTPStatusError", "TestResponse", "TooManyRedirectsError"]

_UNREAD: Final = object()


class HTTPStatusError(HawkAPIError):
    """`raise_for_status` found a status of 400 or more.

    Its cause is the exception behind a 500, where the application is hawkapi's.
    """

    def __init__(self, message: str, *, status_code: int, response: TestResponse) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.response = response


class TooManyRedirectsError(HawkAPIError):
    """A redirect led to another one, too many times in a row."""


class CaseInsensitiveDict(Mapping[str, str]):
    """The header fields of a response, by name in any case.

    `[]` and `get` return the last value of a name, `getlist` all. Iteration yields each name once, as it was first
    sent. Immutable.
    """

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        if isinstance(fields, Mapping):
            fields = cast("Mapping[str, str]", fields).items()
        self._pairs = tuple(fields)
        self._last = {name.lower(): value for name, value in self._pairs}
        names: dict[str, str] = {}
        for name, _ in self._pairs:
            names.setdefault(name.lower(), name)
        self._names = tuple(names.values())

    def getlist(self, name: str) -> list[str]:
        """Return every value of a name in order; an absent name has none."""
        return [value for key, value in self._pairs if key.lower() == name.lower()]

    def multi_items(self) -> list[tuple[str, str]]:
        """Return every pair, also those of repeated names."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> str:
        value = self._last.get(name.lower())
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._last

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"CaseInsensitiveDict({list(self._pairs)!r})"


class TestResponse:
    """The response to a test's request, read to its end.

    Args:
        status_code: as the application sent it.
        body: the content, as it was sent: a compressed one is not unpacked.
        headers: the fields, as ASGI pairs.
        url: that was asked for, after redirects.
        elapsed: from the request to the end of the application's work, background tasks included.
        history: the redirects that led here, the first one first.
        exception: what a hawkapi application logged and answered with 500, or what escaped an application under
            `raise_server_exceptions=False`.

    Not changed after it was made, so threads may share it.
    """

    __test__ = False

    def __init__(
        self,
        status_code: int,
        body: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        *,
        url: str = "",
        elapsed: timedelta = timedelta(0),
        history: Sequence[TestResponse] = (),
        exception: BaseException | None = None,
    ) -> None:
        self.status_code = status_code
        self.body = body
        self.headers = CaseInsensitiveDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        self.cookies = response_cookies(self.headers)
        """By name, from this response's `Set-Cookie` alone; the client's are `client.cookies`."""
        self.url = url
        self.elapsed = elapsed
        self.history = list(history)
        self.exception = exception
        self._json: Any = _UNREAD

    @property
    def content(self) -> bytes:
        """The same as `body`."""
        return self.body

    @property
    def text(self) -> str:
        """The body as UTF-8; what is not UTF-8 becomes U+FFFD."""
        return self.body.decode("utf-8", "replace")

    @property
    def reason_phrase(self) -> str:
        """The name of the status (RFC 9110 section 15)."""
        return reason_phrase(self.status_code)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code <= 299

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return 300 <= self.status_code <= 399

    def json(self) -> Any:
        """Return the body as JSON; it is read once.

        Raises:
            ValueError: it is not JSON; a note says what the response is instead.
        """
        # THREADS: two threads may both read it; they store equal values.
        if self._json is _UNREAD:
            try:
                self._json = json.loads(self.body)
            except ValueError as exc:
                exc.add_note(f"{self!r} is {self.headers.get('content-type', 'of no type')!r}: {self.body[:200]!r}")
                raise
        return self._json

    def raise_for_status(self) -> None:
        """Do nothing if the status is below 400.

        Raises:
            HTTPStatusError: it is 400 or more; caused by the exception behind the response, where that is known.
        """
        if self.status_code >= 400:
            error = HTTPStatusError(f"HTTP {self.status_code}", status_code=self.status_code, response=self)
            error.add_note(f"{self.url or 'the response'} says: {self.text[:500]}")
            raise error from self.exception

    def __repr__(self) -> str:
        return f"<TestResponse [{self.status_code}]>"


def response_cookies(headers: CaseInsensitiveDict) -> dict[str, str]:
    """Return the cookies of the `Set-Cookie` fields by name."""
    return dict(filter(None, map(name_and_value, headers.getlist("set-cookie"))))
