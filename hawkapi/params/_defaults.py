"""The markers as `hawkapi` offers them: what they make may stand as the default of a parameter of any type.

At run time they are the classes of `markers`. To a type checker they are functions that return `Any`, because in
`limit: int = Query(10, ge=1)` the marker stands for an integer, which a class cannot say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hawkapi.params import markers

__all__ = ["Body", "Cookie", "File", "Form", "Header", "Path", "Query"]


def _for_any_type[**P](marker: Callable[P, markers.ParamMarker]) -> Callable[P, Any]:
    return marker


Body = _for_any_type(markers.Body)
Cookie = _for_any_type(markers.Cookie)
File = _for_any_type(markers.File)
Form = _for_any_type(markers.Form)
Header = _for_any_type(markers.Header)
Path = _for_any_type(markers.Path)
Query = _for_any_type(markers.Query)
