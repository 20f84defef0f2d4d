"""Middleware: what runs around the handlers."""

from hawkapi.middleware.base import MiddlewareEntry

__all__ = ["MiddlewareEntry"]
