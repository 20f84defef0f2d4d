"""`VersionRouter`: a router whose routes all belong to one version of an API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hawkapi.routing.router import Router

__all__ = ["VersionRouter"]


class VersionRouter(Router):
    """A router that puts a version in front of its prefix: version `v1` and prefix `/api` make `/v1/api/...`.

    A route with a `version=` of its own keeps that. Mounts, controllers and included routers without a version get
    this one too. Thread-safe, as `Router`.

    Args:
        version: a segment or several; slashes around it mean nothing in the path.
        prefix: put between the version and the path of every route and mount.
        tags: put in front of the tags of every route.
        dependencies: run before those of every route.

    Raises:
        ValueError: the version is empty.
    """

    def __init__(
        self,
        version: str,
        *,
        prefix: str = "",
        tags: Sequence[str] | None = None,
        dependencies: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(prefix=prefix, tags=tags, dependencies=dependencies)
        if not version.strip("/"):
            raise ValueError(f"version {version!r} is empty; use a Router instead")
        self._routes_version = version

    @property
    def version(self) -> str:
        """The version as it was given."""
        assert self._routes_version is not None
        return self._routes_version
