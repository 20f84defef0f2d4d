"""What every middleware shares."""

from __future__ import annotations

from hawkapi.routing.middleware_entry import MiddlewareEntry

__all__ = ["MiddlewareEntry"]
