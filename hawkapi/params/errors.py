"""What is wrong with a request, in the form that the client reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hawkapi.exceptions import HawkAPIError
from hawkapi.responses.problem import PROBLEM_TYPES

__all__ = ["ProblemDetail", "RequestValidationError", "ValidationErrorDetail"]


@dataclass(frozen=True, slots=True)
class ValidationErrorDetail:
    """One thing that is wrong with a request."""

    field: str
    """Where: `query.limit`, `path.id`, `items[0].name` inside the body, `$` or `body` for the whole body."""
    message: str
    """What was expected and what was there."""
    value: object = None
    """The text that was there, for what arrives as text; otherwise `None`."""


@dataclass(frozen=True, slots=True)
class ProblemDetail:
    """A problem document (RFC 9457) as a value; members that are `None` are not sent."""

    type: str = "about:blank"
    title: str = "Error"
    status: int = 400
    detail: str | None = None
    errors: list[ValidationErrorDetail] | None = None


class RequestValidationError(HawkAPIError):
    """The request does not fit what the handler declares; every reason is in `errors`.

    The client sees `status_code` when it is given or set, otherwise the app's `validation_error_status` (default 400),
    with a problem document (RFC 9457) that lists the errors.
    """

    def __init__(self, errors: Sequence[ValidationErrorDetail], *, status_code: int | None = None) -> None:
        self.errors = list(errors)
        self._status_code = status_code
        super().__init__(self.detail)

    @property
    def status_code(self) -> int:
        """The status as given, else 400."""
        return self.status_or(400)

    @status_code.setter
    def status_code(self, status_code: int) -> None:
        self._status_code = status_code

    def status_or(self, default: int) -> int:
        """Return the status as given, else the default."""
        return default if self._status_code is None else self._status_code

    @property
    def detail(self) -> str:
        """A sentence with the number of errors."""
        count = len(self.errors)
        return f"{count} validation error{'' if count == 1 else 's'}"

    def to_problem_detail(self, status_code: int = 400) -> ProblemDetail:
        """Return the problem document; `status_code` counts where the error has none of its own."""
        status = self.status_or(status_code)
        return ProblemDetail(PROBLEM_TYPES + "validation", "Validation Error", status, self.detail, self.errors)
