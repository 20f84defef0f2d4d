"""What an operation's documentation says, for both languages."""

from __future__ import annotations

from hawkapi.openapi.codegen.ir import OperationIR

__all__ = ["paragraphs"]


def paragraphs(operation: OperationIR) -> list[str]:
    """Return summary and description, one of them where they begin alike, and whether the operation is deprecated."""
    summary, description = (operation.summary or "").strip(), (operation.description or "").strip()
    found = [] if description.startswith(summary) else [summary]
    found += [description] if description else []
    return [*found, *(["Deprecated."] if operation.deprecated else [])]
