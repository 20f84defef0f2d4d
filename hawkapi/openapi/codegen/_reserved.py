"""Names that have a meaning already where those of a document are put."""

from __future__ import annotations

import builtins
import keyword
from typing import Final

__all__ = ["PYTHON_IN_CLASSES", "PYTHON_MODULE", "PYTHON_TYPES", "TYPESCRIPT_METHODS", "TYPESCRIPT_TYPES"]

PYTHON_TYPES: Final = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict"})
"""These are written `builtins.str` in a class that has a member or a method of such a name."""
PYTHON_IN_CLASSES: Final = frozenset(
    {*keyword.kwlist, "Any", "ClassVar", "Literal", "Upload", "builtins", "dataclasses", "msgspec"}
)
"""What is written inside of classes."""

_IMPORTED: Final = """
ApiError Client Mapping NamedTuple Self Sequence TracebackType TypeAliasType Union UnionType annotations contextlib
functools get_args get_origin get_type_hints httpx json quote urlencode
"""
PYTHON_MODULE: Final = PYTHON_IN_CLASSES.union(dir(builtins), _IMPORTED.split())

_LANGUAGE: Final = """
any as asserts async await bigint boolean break case catch class const constructor continue debugger declare default
delete do else enum export extends false finally for from function get if implements import in infer instanceof
interface is keyof let module namespace never new null number object of package private protected public readonly
require return set static string super switch symbol this throw true try type typeof undefined unique unknown var void
while with yield
"""
_RUNTIME: Final = """
ApiError Array Blob Client ClientOptions Encoding Error FormData Headers JSON Object Pair Promise Record RequestInit
Response Sent String TypeError URLSearchParams
"""
TYPESCRIPT_TYPES: Final = frozenset(f"{_LANGUAGE} {_RUNTIME}".split())

# Whatever has a method `then` is taken for a promise.
_MEMBERS: Final = """
baseUrl constructor fetchImpl hasOwnProperty headers isPrototypeOf propertyIsEnumerable send then toJSON
toLocaleString toString valueOf
"""
TYPESCRIPT_METHODS: Final = frozenset(_MEMBERS.split())
