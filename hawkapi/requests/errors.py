"""What may be wrong with a request body.

::

    HawkAPIError
    ├── RequestEntityTooLarge               413: too many bytes
    │   └── FormLimitError    (ValueError)  413: too many parts or fields, or too long ones
    └── MalformedBodyError    (ValueError)  400, or the app's `validation_error_status`: not what its type says
"""

from __future__ import annotations

from hawkapi.exceptions import HawkAPIError

__all__ = ["FormLimitError", "MalformedBodyError", "RequestEntityTooLarge"]


class RequestEntityTooLarge(HawkAPIError):
    """The body is longer than allowed; the client sees 413 (RFC 9110 section 15.5.14)."""

    def __init__(self, max_size: int) -> None:
        super().__init__(f"Request body exceeds maximum size of {max_size} bytes")
        self.max_size = max_size


class FormLimitError(RequestEntityTooLarge, ValueError):
    """The form has more of something than `max_size` allows; the message says of what, and the client sees 413."""

    def __init__(self, message: str, max_size: int) -> None:
        super().__init__(max_size)
        self.args = (message,)


class MalformedBodyError(HawkAPIError, ValueError):
    """The body is not what its media type says; the client sees a validation error whose field is `field`."""

    field = "body"
