"""Generated code: a function that writes the members of an object without a loop.

PERF: a loop over members reads each through `getattr` and a tuple; written out, attributes and keys are constants of
the code. `tests/bench/response_model.py` measures it: a dataclass of five scalars takes 0.45 us, not 1.45, with the
GIL, 1.0, not 2.9, without; a body of 10 KB 60 % of the time.

For a class with the members `id` and `display_name` (`displayName` in JSON) this is generated, and compiled once for
all classes of that shape::

    def make(cls, again, convert, exact_0, project_0, exact_1, project_1):
        def write(value):
            if type(value) is not cls:
                return convert(value)
            try:
                item_0 = value.id
                if type(item_0) not in exact_0:
                    item_0 = project_0(item_0)
                item_1 = value.display_name
                if type(item_1) not in exact_1:
                    item_1 = project_1(item_1)
                return {'id': item_0, 'displayName': item_1}
            except CodecError:
                again(value)
                raise
        return write

`convert` writes what is not exactly of that class. `again` is the loop, which knows at which member it is, and so
names the place of what does not fit.

THREADS: free-threaded 3.13 never frees code, so it is made per shape and kept; `make` gives each plan, and so each
thread, its own function, which can be freed. Two threads that meet a new shape at once may both compile it, and one
result is kept. There are no more shapes than classes in the application: nothing that a client sends adds one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from hawkapi.codec.errors import CodecError
from hawkapi.responses._exclusion import Omits
from hawkapi.responses._project_scalars import Project


class Member(NamedTuple):
    """One member of a class, as what writes its objects needs it."""

    name: str
    encoded: str
    exact: frozenset[type]
    project: Project
    omits: Omits | None


type Make = Callable[..., Project]
type Tag = tuple[tuple[str, object], ...]
type Shape = tuple[tuple[str, str], ...]
"""The names of each member, in Python and in JSON."""

_START: Final = (
    "    def write(value):",
    "        if type(value) is not cls:",
    "            return convert(value)",
    "        try:",
)
# THREADS: only ever added to, at registration; relied on to be atomic are `get` and `setdefault`. Two threads may
# compile the same shape, and both use the one that was kept.
_made: Final[dict[tuple[Tag, Shape], Make]] = {}


def build_writer(cls: Any, tag: Tag, members: tuple[Member, ...], again: Project, convert: Project) -> Project:
    """Return the function that writes an object of a class.

    Args:
        cls: the class; values of others go to `convert`.
        tag: members with fixed values, which come first.
        members: the others; their names in Python must be identifiers.
        again: called with an object that does not fit, to raise an error with the place.
        convert: writes everything else.
    """
    shape = tuple((member.name, member.encoded) for member in members)
    make = _made.get((tag, shape))
    if make is None:
        make = _made.setdefault((tag, shape), _compile(tag, shape))
    return make(cls, again, convert, *(thing for member in members for thing in (member.exact, member.project)))


def source_of(tag: Tag, shape: Shape) -> str:
    """Return the code for a shape."""
    arguments = "".join(f", exact_{index}, project_{index}" for index in range(len(shape)))
    lines = [f"def make(cls, again, convert{arguments}):", *_START]
    for index, (name, _) in enumerate(shape):
        lines += [
            f"            item_{index} = value.{name}",
            f"            if type(item_{index}) not in exact_{index}:",
            f"                item_{index} = project_{index}(item_{index})",
        ]
    members = [f"{name!r}: {value!r}" for name, value in tag]
    members += [f"{encoded!r}: item_{index}" for index, (_, encoded) in enumerate(shape)]
    lines += [
        f"            return {{{', '.join(members)}}}",
        "        except CodecError:",
        "            again(value)",
        "            raise",
        "    return write",
    ]
    return "\n".join(lines) + "\n"


def _compile(tag: Tag, shape: Shape) -> Make:
    source = source_of(tag, shape)
    namespace: dict[str, Any] = {"CodecError": CodecError, "type": type}
    # SECURITY: made of names that a class in the application has, checked to be identifiers, and of `repr` of texts.
    exec(compile(source, f"<response model {', '.join(name for name, _ in shape)}>", "exec"), namespace)  # noqa: S102
    make: Make = namespace["make"]
    return make
