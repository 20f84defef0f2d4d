"""The words of Python that make, change or guard what threads share."""

from __future__ import annotations

from typing import Final

CONTAINERS: Final = frozenset(
    {
        "ChainMap",
        "Counter",
        "OrderedDict",
        "WeakKeyDictionary",
        "WeakSet",
        "WeakValueDictionary",
        "array",
        "bytearray",
        "defaultdict",
        "deque",
        "dict",
        "list",
        "set",
    }
)
"""What makes an object that holds others and can be changed."""

MUTABLE_TYPES: Final = frozenset({"MutableMapping", "MutableSequence", "MutableSet"})
"""What an annotation may call them."""

CHANGES: Final = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "difference_update",
        "discard",
        "extend",
        "extendleft",
        "insert",
        "intersection_update",
        "move_to_end",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "rotate",
        "setdefault",
        "sort",
        "symmetric_difference_update",
        "update",
    }
)
"""Methods that change such an object."""

PRIMITIVES: Final = {
    **dict.fromkeys(["Lock", "RLock", "maybe_thread_lock", "named_lock", "named_rlock"], "lock"),
    **dict.fromkeys(["Barrier", "BoundedSemaphore", "Condition", "Event", "Semaphore"], "lock"),
    **dict.fromkeys(["AsyncEvent", "AsyncLock", "AsyncSemaphore", "Once", "maybe_async_lock"], "cross-loop"),
    "ShardedCounter": "sharded",
    **dict.fromkeys(["ThreadOwned", "local"], "thread-owned"),
    "ContextVar": "context",
    **dict.fromkeys(["Queue", "SimpleQueue", "LifoQueue", "PriorityQueue", "ThreadPoolExecutor"], "lock"),
}
"""What threads or tasks meet at, and the kind of the finding. The same names of asyncio are of the kind `asyncio`."""

ASYNCIO: Final = frozenset({"Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "Queue", "Semaphore"})
"""What asyncio ties to the loop that first uses it."""

LOOP_CALLS: Final = frozenset({"create_future", "create_task", "ensure_future"})
"""What makes something that belongs to one loop; a finding when an attribute keeps it."""

CACHES: Final = frozenset({"cache", "cached_property", "lru_cache", "singledispatch"})
"""Decorators that keep what they were asked."""

MAKERS: Final = frozenset(
    {"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__setstate__", "__class_getitem__"}
)
"""Methods that make an object, which nobody else has yet."""

HARMLESS: Final = frozenset(
    {
        "Decimal",
        "fromkeys",
        "replace",
        "toordinal",
        "union",
        "Fraction",
        "MappingProxyType",
        "NamedTuple",
        "NewType",
        "ParamSpec",
        "Path",
        "Struct",
        "TypeAliasType",
        "TypeVar",
        "TypeVarTuple",
        "TypedDict",
        "attrgetter",
        "bool",
        "bytes",
        "cast",
        "compile",
        "date",
        "datetime",
        "find_spec",
        "float",
        "fromisoformat",
        "frozenset",
        "get_config_var",
        "getLogger",
        "getattr",
        "hasattr",
        "int",
        "itemgetter",
        "join",
        "len",
        "maketrans",
        "max",
        "methodcaller",
        "min",
        "namedtuple",
        "object",
        "range",
        "sorted",
        "str",
        "sum",
        "timedelta",
        "timezone",
        "token_bytes",
        "tuple",
        "type",
        "version",
        "zip",
    }
)
"""Calls at module level whose result nobody can change, or whose owner is Python itself."""
