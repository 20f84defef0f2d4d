"""What pages consist of: files from npm, compressed in the package, and their copies on a CDN."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from typing import Any, Final, NamedTuple

from hawkapi.exceptions import PathNotFoundError
from hawkapi.http.conditional import ETag, HeaderSource, Outcome, evaluate
from hawkapi.http.preferences import choose_coding
from hawkapi.requests import Request
from hawkapi.responses.base import Response

CDN: Final = "https://cdn.jsdelivr.net"
MEDIA_TYPES: Final = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
"""By the end of the name (RFC 9239; RFC 2318)."""
IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""For a year, without asking (RFC 8246): another version has another address."""


class Asset(NamedTuple):
    """A file that a page loads."""

    name: str
    package: str
    """Of npm."""
    version: str
    path: str
    """Where it is in its package."""
    sha256: str
    """Of its content, in hexadecimal digits."""
    sri: str
    """Of the published file, as the attribute `integrity` takes it (W3C Subresource Integrity)."""

    @property
    def address(self) -> str:
        """The last segment of its URL: no other content ever has the same."""
        return f"{self.version}-{self.sha256[:16]}-{self.name}"

    @property
    def cdn_url(self) -> str:
        """Where the published file is."""
        return f"{CDN}/npm/{self.package}@{self.version}/{self.path}"

    @property
    def media_type(self) -> str:
        """What it is sent as."""
        return MEDIA_TYPES[self.name.rpartition(".")[2]]

    def compressed(self) -> bytes:
        """Read it, as gzip (RFC 1952)."""
        return _read(f"{self.name}.gz")


def load_assets() -> dict[str, Asset]:
    """Read which assets there are, by name.

    Nothing is kept: the manifest has three kilobytes, and is read when somebody opens a page.
    """
    packages: list[dict[str, Any]] = json.loads(_read("manifest.json"))["packages"]
    return {
        file["name"]: Asset(
            file["name"], package["name"], package["version"], file["path"], file["sha256"], file["sri"]
        )
        for package in packages
        for file in package["files"]
    }


def _read(name: str) -> bytes:
    return files("hawkapi._html_pages").joinpath("files", name).read_bytes()


def answer_asset(address: str, headers: HeaderSource) -> Response | None:
    """Answer a request for an asset; `None`: no asset has the address.

    It is sent compressed to a client that accepts gzip and does not prefer it plain (RFC 9110 section 12.5.3), with an
    entity tag for each form, and with 304 to one that has it.
    """
    asset = next((asset for asset in load_assets().values() if asset.address == address), None)
    if asset is None:
        return None
    # A client that refuses every form gets the plain one, as one that says nothing does: a page without it is none.
    is_compressed = choose_coding(", ".join(headers.getlist("accept-encoding")), ["gzip"]) == "gzip"
    etag = ETag(f"{asset.sha256[:32]}{'-gzip' if is_compressed else ''}")
    fields = {
        "cache-control": IMMUTABLE,
        "etag": etag.to_header(),
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    outcome = evaluate("GET", headers, etag=etag)
    if outcome is not Outcome.PROCEED:
        return Response(status_code=304 if outcome is Outcome.NOT_MODIFIED else 412, headers=fields)
    content = asset.compressed()
    if is_compressed:
        fields["content-encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, headers=fields, content_type=asset.media_type)


def serve_asset(request: Request, address: str) -> Response:
    """Answer a request for an asset, as a handler; a plain function, so that a worker thread reads the file.

    Raises:
        PathNotFoundError: there is none at the address.
    """
    response = answer_asset(address, request.headers)
    if response is None:
        raise PathNotFoundError(request.method, request.path)
    return response
