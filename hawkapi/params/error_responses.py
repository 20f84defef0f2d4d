"""The responses to exceptions that are answers: validation errors, `HTTPException`, bodies that are too large."""

from __future__ import annotations

from hawkapi.exceptions import HTTPException, reason_phrase
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail
from hawkapi.requests.errors import MalformedBodyError, RequestEntityTooLarge
from hawkapi.responses.base import Response
from hawkapi.responses.problem import problem_response

__all__ = ["as_validation_error", "expected_response", "status_of"]


def as_validation_error(exc: Exception) -> Exception:
    """Return the validation error that a malformed body is; any other exception as it is."""
    if not isinstance(exc, MalformedBodyError):
        return exc
    error = RequestValidationError([ValidationErrorDetail(exc.field, str(exc))])
    error.__cause__ = exc
    return error


def status_of(exc: Exception, validation_status: int) -> int:
    """Return the status that an exception is answered with unless a handler decides otherwise."""
    if isinstance(exc, HTTPException):
        return exc.status_code
    if isinstance(exc, RequestValidationError):
        return exc.status_or(validation_status)
    return 413 if isinstance(exc, RequestEntityTooLarge) else 500


def expected_response(exc: Exception, validation_status: int) -> Response | None:
    """Return the response to an exception that has a status of its own, or `None`."""
    if isinstance(exc, HTTPException):
        return exc.to_response()
    if isinstance(exc, RequestValidationError):
        status = exc.status_or(validation_status)
        # PERF: plain dicts, which every encoder writes without asking what they are.
        errors = [{"field": error.field, "message": error.message, "value": error.value} for error in exc.errors]
        return problem_response("validation", status, "Validation Error", detail=exc.detail, errors=errors)
    if isinstance(exc, RequestEntityTooLarge):
        return problem_response("payload-too-large", 413, reason_phrase(413), detail=str(exc))
    return None
