"""Handler parameters: what a handler asks for, and how a request fills it."""

from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail

__all__ = ["RequestValidationError", "ValidationErrorDetail"]
