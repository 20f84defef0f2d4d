"""What pydantic's models say of results: how they are written, and their JSON Schema.

Nothing here loads pydantic before a user has: whoever has a model has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from hawkapi.codec.errors import ROOT, CodecError, Violation


def is_pydantic(cls: type) -> bool:
    """Whether a class is one of pydantic's models or dataclasses."""
    module = sys.modules.get("pydantic")
    return module is not None and (issubclass(cls, module.BaseModel) or "__pydantic_validator__" in vars(cls))


def build_dumper(
    model: Any, *, exclude_none: bool = False, exclude_unset: bool = False, exclude_defaults: bool = False
) -> Callable[[object], object]:
    """Return a function that writes a result as a model says: with aliases, in types that JSON has.

    An instance of a subclass is written without what it adds; what is no instance is validated first, also an object
    with the model's attributes. The function raises `CodecError` for what does not fit.
    """
    from pydantic import TypeAdapter, ValidationError  # Optional: only its users have a model.
    from pydantic_core import PydanticSerializationError

    from hawkapi.codec._pydantic import violations_of  # It imports pydantic too.

    adapter: Any = TypeAdapter(model)
    cls = getattr(model, "__origin__", model)

    def dump(value: object) -> object:
        try:
            if not isinstance(value, cls):
                value = adapter.validate_python(value, from_attributes=True)
            return adapter.dump_python(
                value,
                mode="json",
                by_alias=True,
                exclude_none=exclude_none,
                exclude_unset=exclude_unset,
                exclude_defaults=exclude_defaults,
                warnings="error",
            )
        except ValidationError as exc:
            raise CodecError(violations_of(exc)) from None
        except PydanticSerializationError as exc:
            raise CodecError([Violation(ROOT, str(exc))]) from None

    return dump


def json_schema(model: Any, *, as_result: bool = False) -> dict[str, Any]:
    """Return pydantic's own JSON Schema of a model, with `$defs`: as it is validated, or as results are written."""
    from pydantic import TypeAdapter  # Optional: only its users have a model.

    mode: Any = "serialization" if as_result else "validation"
    found: dict[str, Any] = TypeAdapter(model).json_schema(by_alias=True, ref_template="#/$defs/{model}", mode=mode)
    return found
