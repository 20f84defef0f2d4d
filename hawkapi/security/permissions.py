"""`PermissionPolicy`: which permissions a client has, compared with what a route asks for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Literal, cast

from hawkapi._callables import is_async_callable
from hawkapi._workers import run_in_worker
from hawkapi.exceptions import HTTPException, check_status

__all__ = ["PermissionPolicy"]

type Resolver = Callable[[Any], Iterable[str] | Awaitable[Iterable[str]]]
"""Takes the request, returns what the client may do."""

MODES: Final = ("all", "any")


class PermissionPolicy:
    """Decides whether a client may call routes with `permissions=[...]`: `app.permission_policy = PermissionPolicy(f)`.

    It is asked before anything else of the request is read. Never changed, so threads may share it.

    Args:
        resolver: takes the request and returns the client's permissions, any iterable of texts; coroutine functions
            and plain ones, which run in a worker thread. An `HTTPException` that it raises is the answer, anything else
            a 500. For a WebSocket it gets an `HTTPConnection`.
        mode: "all", the default, if the client needs every permission of the route, "any" if one is enough.
        error_status: of the response to a client that may not, default 403.
        error_detail: what the response says, default "Insufficient permissions".
        error_headers: further fields of that response, above all the `WWW-Authenticate` that belongs to a 401 (RFC 9110
            section 15.5.2); default none.
        show_missing: whether it also says which permissions are missing, default yes; only with mode "all".

    Raises:
        ValueError: the mode is neither of the two, or the status is not one of an error, 400 to 599.
        TypeError: the resolver cannot be called.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        mode: Literal["all", "any"] = "all",
        error_status: int = 403,
        error_detail: str = "Insufficient permissions",
        error_headers: Mapping[str, str] | None = None,
        show_missing: bool = True,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"mode must be 'all' or 'any', not {mode!r}")
        if not callable(resolver):
            raise TypeError(f"PermissionPolicy needs a function that returns a client's permissions, not {resolver!r}")
        self.resolver = resolver
        self.mode = mode
        self.error_status = check_status(error_status, lowest=400)
        self.error_detail = error_detail
        self.error_headers = dict(error_headers or {})
        self.show_missing = show_missing

    async def check(self, request: Any, required: Iterable[str]) -> None:
        """Return if a client may do what is required.

        Raises:
            HTTPException: it may not (`error_status`), or the resolver says so.
            TypeError: what is required is one text, or the resolver returned no permissions.
            Exception: whatever else the resolver raises.
        """
        if isinstance(required, str):
            raise TypeError(f"permissions are a list of texts; write [{required!r}]")
        needed = set(required)
        if not needed:
            return
        missing = needed - await self._granted(request)
        if not missing or (self.mode == "any" and missing != needed):
            return
        detail = self.error_detail
        if self.mode == "all" and self.show_missing:
            detail = f"{detail}. Missing: {', '.join(sorted(missing))}"
        raise HTTPException(self.error_status, detail, headers=self.error_headers)

    async def _granted(self, request: Any) -> set[str]:
        """Return the permissions of a client."""
        resolver: Callable[[Any], Any] = self.resolver
        granted = resolver(request) if is_async_callable(resolver) else await self._in_worker(request)
        if inspect.isawaitable(granted):
            granted = await granted
        # SECURITY: a text is an iterable of its letters; "a" in it must not be the permission "a".
        if isinstance(granted, str | bytes) or not isinstance(granted, Iterable):
            raise TypeError(f"a resolver of permissions returns a set or list of texts, not {granted!r}")
        return set(cast("Iterable[str]", granted))

    async def _in_worker(self, request: Any) -> Any:
        resolver: Callable[[Any], Any] = self.resolver
        return await run_in_worker(getattr(request, "scope", None), resolver, request)
