"""Turns the source of a FastAPI application into that of a hawkapi one: `hawkapi migrate`.

Formatting and comments stay (libcst keeps them). What has no counterpart is left as it is, with a warning that names
the line and what a person has to decide.
"""

from __future__ import annotations

from hawkapi._optional import load_optional

__all__ = ["migrate_file"]


def migrate_file(source: str, *, convert_models: bool = False) -> tuple[str, list[str]]:
    """Return the source of one module for hawkapi, and a warning for each place that a person must look at.

    Args:
        source: the text of the module; what cannot be parsed is returned unchanged, with one warning.
        convert_models: make `msgspec.Struct` classes of pydantic models, default off.

    Raises:
        ImportError: libcst is not installed.
    """
    load_optional("libcst", needed_by="hawkapi migrate", package="libcst", extra="migrate")
    # Not at the top: it imports libcst, which is an extra.
    from hawkapi._migrate._rewriting import rewrite

    return rewrite(source, convert_models=convert_models)
