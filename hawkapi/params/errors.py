"""What is wrong with a request, in the form that the client reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hawkapi.exceptions import HawkAPIError

__all__ = ["RequestValidationError", "ValidationErrorDetail"]


@dataclass(frozen=True, slots=True)
class ValidationErrorDetail:
    """One thing that is wrong with a request."""

    field: str
    """Where: `query.limit`, `path.id`, `items[0].name` inside the body, `$` or `body` for the whole body."""
    message: str
    """What was expected and what was there."""
    value: object = None
    """The text that was there, for what arrives as text; otherwise `None`."""


class RequestValidationError(HawkAPIError):
    """The request does not fit what the handler declares; every reason is in `errors`.

    The client sees `status_code` when it is given, otherwise the app's `validation_error_status` (default 400), with a
    problem document (RFC 9457) that lists the errors.
    """

    def __init__(self, errors: Sequence[ValidationErrorDetail], *, status_code: int | None = None) -> None:
        self.errors = list(errors)
        self.status_code = status_code
        super().__init__(self.detail)

    @property
    def detail(self) -> str:
        """A sentence with the number of errors."""
        count = len(self.errors)
        return f"{count} validation error{'' if count == 1 else 's'}"
