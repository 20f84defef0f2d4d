"""A request as a test describes it, and as an application gets it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict, cast

from hawkapi.http.headers import MutableHeaders
from hawkapi.testing._body import Body, Content, Files, FormData, build_body
from hawkapi.testing._url import URL, Params
from hawkapi.types import HeaderPairs

__all__ = ["HeaderFields", "Outgoing", "RequestOptions", "build_request", "merge_fields"]

type HeaderFields = Mapping[str, str] | Iterable[tuple[str, str]]

BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods that say `content-length: 0` when they have no body (RFC 9110 section 8.6)."""

CONTENT_FIELDS: Final = ("content-type", "content-length", "content-encoding", "content-language", "transfer-encoding")
CREDENTIALS: Final = ("authorization", "cookie", "host")
"""What a redirect to another origin leaves behind."""


class RequestOptions(TypedDict, total=False):
    """What every method of the client takes beside the path; see `TestClient.request`."""

    params: Params | None
    json: Any
    body: Content | None
    content: Content | None
    data: FormData | None
    files: Files | None
    headers: HeaderFields | None
    cookies: Mapping[str, str] | None
    follow_redirects: bool | None
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, before its cookies are known."""

    method: str
    url: URL
    fields: MutableHeaders
    body: Body
    cookies: Mapping[str, str]
    """Of this request only."""

    def to_headers(self, jar: Mapping[str, str]) -> HeaderPairs:
        """Return all header fields; cookies of the jar are added to what the test has given."""
        headers = MutableHeaders()
        headers["host"] = self.url.netloc
        for name in self.fields:
            del_default(headers, name)
            for value in self.fields.getlist(name):
                headers.append(name, value)
        self._describe_body(headers)
        pairs = [*headers.getlist("cookie"), *(f"{name}={value}" for name, value in {**jar, **self.cookies}.items())]
        if pairs:
            headers["cookie"] = "; ".join(pairs)
        return headers.to_pairs()

    def redirected(self, status: int, location: str) -> Outgoing:
        """Return the request that follows a redirect (RFC 9110 section 15.4).

        Raises:
            RuntimeError: the body must be sent again, and has been read from an iterator.
        """
        url = self.url.follow(location)
        fields = self.fields.copy()
        request = replace(self, url=url, fields=fields)
        if url.origin != self.url.origin:
            request = replace(request, cookies={})
            for name in CREDENTIALS:
                del_default(fields, name)
        if (status == 303 and self.method != "HEAD") or (status in {301, 302} and self.method == "POST"):
            for name in CONTENT_FIELDS:
                del_default(fields, name)
            return replace(request, method="GET", body=b"")
        if not isinstance(self.body, bytes):
            raise RuntimeError(f"a {status} asks for the body again, but it came from an iterator; give it as bytes")
        return request

    def _describe_body(self, headers: MutableHeaders) -> None:
        if "content-length" in headers or "transfer-encoding" in headers:
            return
        if not isinstance(self.body, bytes):
            headers["transfer-encoding"] = "chunked"
        elif self.body or self.method in BODY_METHODS:
            headers["content-length"] = str(len(self.body))


def build_request(
    method: str,
    url: URL,
    defaults: MutableHeaders,
    *,
    json: Any = None,
    body: Content | None = None,
    content: Content | None = None,
    data: FormData | None = None,
    files: Files | None = None,
    headers: HeaderFields | None = None,
    cookies: Mapping[str, str] | None = None,
) -> Outgoing:
    """Return a request from what a test says of it."""
    made, content_type = build_body(json=json, body=body, content=content, data=data, files=files)
    fields = merge_fields(defaults, headers)
    if content_type is not None and "content-type" not in fields:
        fields["content-type"] = content_type
    return Outgoing(method.upper(), url, fields, made, dict(cookies or {}))


def merge_fields(defaults: MutableHeaders, given: HeaderFields | None) -> MutableHeaders:
    """Return header fields in which those that are given replace defaults of the same name."""
    fields, own = defaults.copy(), MutableHeaders(given)
    for name in own:
        del_default(fields, name)
    for name, value in own.multi_items():
        fields.append(name, value)
    return fields


def del_default(fields: MutableHeaders, name: str) -> None:
    """Remove a field if it is there."""
    if name in fields:
        del fields[name]


def websocket_fields(
    defaults: MutableHeaders, headers: HeaderFields | None, subprotocols: Sequence[str]
) -> MutableHeaders:
    """Return the header fields of a WebSocket's handshake (RFC 6455 section 4.1)."""
    handshake = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    if subprotocols:
        handshake["sec-websocket-protocol"] = ", ".join(subprotocols)
    fields = merge_fields(MutableHeaders(handshake), cast("HeaderFields", defaults.multi_items()))
    return merge_fields(fields, headers)
