"""Results that do not fit their model: errors of the application, with their place."""

from __future__ import annotations

from typing import Any

from hawkapi.codec import CodecError, Violation
from hawkapi.codec.errors import ROOT, join_place


def misfit(wanted: str, value: Any) -> CodecError:
    """Return the error for a value of the wrong type."""
    return CodecError([Violation(ROOT, f"Expected `{wanted}`, got `{type(value).__qualname__}`")])


def missing(name: str) -> CodecError:
    """Return the error for an object without a member that it must have."""
    return CodecError([Violation(ROOT, f"Object missing required field `{name}`")])


def moved(error: CodecError, step: str) -> CodecError:
    """Return an error about a part as one about the whole."""
    return CodecError([Violation(join_place(step, place), message) for place, message, _ in error.violations])
