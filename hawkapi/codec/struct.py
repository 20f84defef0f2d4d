"""`Struct`, `Meta` and `field`: classes that are declared once and read, checked and written by every codec.

They *are* msgspec's where the msgspec codec is in use, and portable classes with the same behaviour elsewhere, so an
application that takes them from here runs unchanged on every build::

    from typing import Annotated

    from hawkapi import Meta, Struct


    class Item(Struct, frozen=True, rename="camel"):
        display_name: Annotated[str, Meta(min_length=1)]
        unit_price: Annotated[float, Meta(ge=0)] = 0.0
        tags: list[str] = []
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hawkapi.codec._choice import CODEC

if TYPE_CHECKING or CODEC == "portable":
    from hawkapi.codec._meta import Meta
    from hawkapi.codec._struct import Struct, field
    from hawkapi.codec._unset import UNSET, UnsetType
else:
    from hawkapi.codec._msgspec import UNSET, Meta, Struct, UnsetType, field

__all__ = ["UNSET", "Meta", "Struct", "UnsetType", "field"]
