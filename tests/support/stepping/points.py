"""Where threads can meet: before each instruction of the code under test that may touch what another thread sees.

Each is atomic by itself on every build, which `hawkapi/_threading.py` relies on and `tests/threads` proves for lists,
deques, dicts and sets; so the schedules between them are all there are. Left out is what no other thread can notice:

- instructions on the frame's own variables and stack;
- loading a name of a module, or a method: neither ever changes;
- loading an attribute that is only stored by `__init__` in the code under test, and that store.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Final

type Traced = ModuleType | type

_PRIVATE_NAMES: Final = """
    BUILD_CONST_KEY_MAP BUILD_LIST BUILD_MAP BUILD_SET BUILD_SLICE
    BUILD_STRING BUILD_TUPLE CACHE CALL_INTRINSIC_1 CALL_INTRINSIC_2 CHECK_EG_MATCH CHECK_EXC_MATCH CLEANUP_THROW
    CONVERT_VALUE COPY COPY_FREE_VARS END_ASYNC_FOR END_FOR END_SEND EXIT_INIT_CHECK FORMAT_SIMPLE FORMAT_WITH_SPEC
    GET_AWAITABLE GET_YIELD_FROM_ITER INTERPRETER_EXIT IS_OP JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT JUMP_FORWARD
    KW_NAMES LIST_APPEND LOAD_ASSERTION_ERROR LOAD_BUILD_CLASS LOAD_COMMON_CONSTANT LOAD_CONST LOAD_CONST_IMMORTAL
    LOAD_FAST LOAD_FAST_AND_CLEAR LOAD_FAST_BORROW LOAD_FAST_BORROW_LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_FAST_LOAD_FAST
    LOAD_GLOBAL LOAD_LOCALS LOAD_SMALL_INT LOAD_SPECIAL LOAD_SUPER_ATTR MAKE_CELL MAKE_FUNCTION NOP NOT_TAKEN
    POP_BLOCK POP_EXCEPT POP_ITER POP_JUMP_IF_FALSE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_IF_TRUE POP_TOP
    PUSH_EXC_INFO PUSH_NULL RAISE_VARARGS RERAISE RESUME RETURN_CONST RETURN_GENERATOR RETURN_VALUE SEND
    SET_FUNCTION_ATTRIBUTE STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_MAYBE_NULL STORE_FAST_STORE_FAST SWAP UNARY_NOT
    WITH_EXCEPT_START YIELD_VALUE
"""
_PRIVATE: Final = frozenset(_PRIVATE_NAMES.split())
_CALLS: Final = ("CALL", "BEFORE_")
"""How the names of instructions begin after which the interpreter may collect garbage."""


@contextmanager
def watched(things: Iterable[Traced], tell: Callable[[CodeType, int, bool], object]) -> Iterator[None]:
    """Call `tell(code, offset, is_call)` before each such instruction of modules and classes."""
    codes = list(_all_codes(things))
    changing = {name for code in codes for name in _stored_late(code)}
    # PERF: looked up by `[]`. On CPython 3.13t, `dict.get` in a dictionary that another thread has made takes its lock
    # twice when the key is equal but not identical: it yields forty times before it notices.
    shared = {id(code): _shared(code, changing) for code in codes}
    tools = sys.monitoring
    tool = next(number for number in range(6) if tools.get_tool(number) is None)

    def on_instruction(code: CodeType, offset: int) -> object:
        places = shared[id(code)]
        if offset not in places:
            return tools.DISABLE
        tell(code, offset, places[offset])
        return None

    tools.use_tool_id(tool, "hawkapi interleavings")
    try:
        tools.register_callback(tool, tools.events.INSTRUCTION, on_instruction)
        # What an earlier exploration has disabled may be of interest now.
        tools.restart_events()
        for code in codes:
            tools.set_local_events(tool, code, tools.events.INSTRUCTION)
        yield
    finally:
        for code in codes:
            tools.set_local_events(tool, code, tools.events.NO_EVENTS)
        tools.register_callback(tool, tools.events.INSTRUCTION, None)
        tools.free_tool_id(tool)


def _all_codes(things: Iterable[Traced]) -> Iterator[CodeType]:
    for thing in things:
        home = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
        yield from _codes_in(thing, home)


def _codes_in(thing: object, home: str) -> Iterator[CodeType]:
    for value in vars(thing).values():
        if isinstance(value, type) and value.__module__ == home:
            yield from _codes_in(value, home)
        for part in (value, *(getattr(value, name, None) for name in ("fget", "fset", "__func__"))):
            if isinstance(part, FunctionType) and part.__module__ == home:
                yield from _nested(part.__code__)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _stored_late(code: CodeType) -> Iterator[str]:
    """Return the attributes that this code stores on objects that others may have."""
    if code.co_name != "__init__":
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("STORE_ATTR", "DELETE_ATTR"):
                yield instruction.argval


def _shared(code: CodeType, changing: set[str]) -> dict[int, bool]:
    """Return the places of instructions that others may notice, and whether each is a call."""
    return {
        instruction.offset: instruction.opname.startswith(_CALLS)
        for instruction in dis.get_instructions(code)
        if not _is_private(instruction, code, changing)
    }


def _is_private(instruction: dis.Instruction, code: CodeType, changing: set[str]) -> bool:
    if instruction.opname == "LOAD_ATTR":
        is_method = bool((instruction.arg or 0) & 1)
        return is_method or instruction.argval not in changing
    if instruction.opname == "STORE_ATTR":
        return code.co_name == "__init__"
    return instruction.opname in _PRIVATE
