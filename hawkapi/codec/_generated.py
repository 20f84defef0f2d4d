"""Generated code: functions for one type that read or write what fits it, written out without a loop.

PERF: see `_generated_readers` and `_generated_writers` for what they gain.

A function does only what right values need. Whatever else it meets, it raises; its caller then does the work again with
the code that knows every case, and that code's answer counts. So a generated function may give up on anything, but
what it returns must be what the other would return.

For a dataclass with the members `name` and `price`, this is generated::

    def make(Misfit, cls, dict, float, high, int, low, new, str, type):
        def read(raw):
            if type(raw) is not dict:
                raise Misfit
            item_0 = raw['name']
            if type(item_0) is not str:
                raise Misfit
            item_1 = raw['price']
            if type(item_1) is float:
                if not low < item_1 < high:
                    raise Misfit
            elif type(item_1) is int:
                item_1 = float(item_1)
            else:
                raise Misfit
            made = new(cls)
            made.name = item_0
            made.price = item_1
            return made
        return read

`hawkapi.codec._generated.sources()` returns the text of all that a process has made; tracebacks show its lines.

THREADS: free-threaded 3.13 never frees code, so it is compiled once for each text and kept. Everything that belongs to
a type (classes, limits, functions for parts) comes as an argument of `make`, which gives each plan, and so each thread,
a function of its own, which can be freed. The arguments are cells, which that interpreter reads faster than globals,
and its threads do not contend for them. There are no more texts than types in the application: nothing that a client
sends adds one.

SECURITY: the texts are made of the names below and of `repr` of strings; names of members become constants, or
attributes after `is_plain_name`.
"""

from __future__ import annotations

import builtins
import keyword
import linecache
from collections.abc import Callable
from typing import Any, Final, final

type Function = Callable[[Any], Any]

INDENT: Final = "    "


class Misfit(Exception):
    """A value is not what generated code is for."""


# THREADS: only ever added to, at registration; relied on to be atomic are `get` and `setdefault`. Two threads may
# compile the same text, and both use the result that was kept.
_made: Final[dict[str, Callable[..., Function]]] = {}


@final
class Code:
    """The text of one function, and the objects that it uses."""

    def __init__(self, name: str, parameter: str) -> None:
        self._name = name
        self._lines = [f"def {name}({parameter}):"]
        self._depth = 1
        self._objects: dict[str, object] = {"Misfit": Misfit}
        self._variables = 0
        self._about: list[str] = []

    def add(self, *lines: str) -> None:
        """Add lines at the present depth."""
        self._lines += [INDENT * self._depth + line for line in lines]

    def open(self, line: str) -> None:
        """Add a line that begins a block."""
        self.add(line)
        self._depth += 1

    def close(self) -> None:
        """End the block."""
        self._depth -= 1

    def refuse_if(self, condition: str) -> None:
        """Give up where a condition holds."""
        self.add(f"if {condition}:", f"{INDENT}raise Misfit")

    def variable(self) -> str:
        """Return a new variable."""
        self._variables += 1
        return f"item_{self._variables - 1}"

    def use(self, *names: str) -> None:
        """Make builtins known."""
        for name in names:
            self._objects[name] = getattr(builtins, name)

    def bind(self, name: str, value: object) -> str:
        """Make an object known, and return the name for it: the one given, numbered if another object has it."""
        number = 0
        bound = name
        while self._objects.get(bound, value) is not value:
            number += 1
            bound = f"{name}_{number}"
        self._objects[bound] = value
        return bound

    def number(self, name: str, text: str) -> str:
        """Make a float known under a name; it is this function's own, as threads contend for those that they share."""
        self._objects.setdefault(name, float(text))
        return name

    def mention(self, name: str) -> None:
        """Put the name of a member into the name that tracebacks show."""
        self._about.append(name)

    @property
    def source(self) -> str:
        """The text, without the objects."""
        arguments = ", ".join(sorted(self._objects))
        body = "\n".join(INDENT + line for line in self._lines)
        return f"def make({arguments}):\n{body}\n{INDENT}return {self._name}\n"

    def finish(self) -> Function:
        """Return the function."""
        source = self.source
        make = _made.get(source)
        if make is None:
            make = _made.setdefault(source, self._compile(source))
        return make(**self._objects)

    def _compile(self, source: str) -> Callable[..., Function]:
        about = ", ".join(self._about) or "a value"
        # Escaped: a name in JSON may hold a null character, which no file name does.
        filename = f"<hawkapi {self._name} {repr(about)[1:-1]} {len(_made)}>"
        namespace: dict[str, Any] = {}
        exec(compile(source, filename, "exec"), namespace)  # noqa: S102 - see SECURITY above
        # Without a time of change, `linecache` keeps the lines although there is no such file.
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        make: Callable[..., Function] = namespace["make"]
        return make


def is_plain_name(name: str) -> bool:
    """Whether code may say `value.name`: Python changes some letters beyond ASCII in names that it reads."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def later(functions: list[Function]) -> Function:
    """Return a function that calls the first of a list that is still empty: that of a type which holds itself."""

    def call(value: Any) -> Any:
        return functions[0](value)

    return call


def sources() -> list[str]:
    """Return the text of everything that was generated in this process."""
    return [*_made]
