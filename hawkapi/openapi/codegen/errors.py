"""`UnusableSpecError`: a document that no client can be made of."""

from __future__ import annotations

from hawkapi.exceptions import HawkAPIError

__all__ = ["UnusableSpecError"]


class UnusableSpecError(HawkAPIError, ValueError):
    """A document is no OpenAPI 3 document, or a part of it has no meaning: one sentence that names the place.

    Args:
        message: what is wrong.
        place: where, as a JSON pointer into the document (`#/paths/~1items/get`); empty for the document itself.
    """

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.place = place
