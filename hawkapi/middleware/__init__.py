"""Middleware: what runs around the handlers."""

from hawkapi.middleware.base import CapturedResponse, Middleware, MiddlewareEntry

__all__ = ["CapturedResponse", "Middleware", "MiddlewareEntry"]
