"""The rule about shared values that request code reads and writes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctoring import findings_in, lines_found, lines_marked

LOST_UPDATES = [
    pytest.param(
        """
        hits = 0
        @app.get("/")
        async def index() -> int:
            global hits
            hits += 1  # here
            return hits
        """,
        id="global",
    ),
    pytest.param(
        """
        hits = {}
        @app.get("/{name}")
        def index(name: str) -> int:
            hits[name] = hits.get(name, 0) + 1  # here
            return hits[name]
        """,
        id="item",
    ),
    pytest.param(
        """
        from collections import Counter
        hits = Counter()
        def count(name):
            hits[name] += 1  # here
        @app.get("/{name}")
        async def index(name: str, tasks: BackgroundTasks) -> int:
            tasks.add_task(count, name)
            return 1
        """,
        id="in-a-function-that-is-handed-on",
    ),
    pytest.param(
        """
        class Stats:
            hits = 0
        @app.get("/")
        async def index() -> int:
            Stats.hits += 1  # here
            return 1
        """,
        id="attribute-of-a-class",
    ),
    pytest.param(
        """
        class Stats:
            total = 0
            @classmethod
            def count(cls):
                cls.total += 1  # here
        @app.get("/")
        async def index() -> int:
            Stats.count()
            return 1
        """,
        id="class-method",
    ),
    pytest.param(
        """
        class Stats:
            def __init__(self):
                self.hits = 0
            def count(self):
                self._add()
            def _add(self):
                self.hits = self.hits + 1  # here
        stats = Stats()
        @app.get("/")
        async def index() -> int:
            stats.count()
            return 1
        """,
        id="method-of-a-global",
    ),
    pytest.param(
        """
        class Stats:
            hits = 0
            def count(self):
                self.hits += 1  # here
        app.container.singleton(Stats, factory=Stats)
        @app.get("/")
        async def index(stats: Stats) -> int:
            stats.count()
            return 1
        """,
        id="method-of-a-singleton",
    ),
    pytest.param(
        """
        from typing import Annotated
        class Stats:
            hits = 0
        _stats = Stats()
        def get_stats() -> Stats:
            return _stats
        @app.get("/")
        async def index(stats: Annotated[Stats, Depends(get_stats)]) -> int:
            stats.hits += 1  # here
            return 1
        """,
        id="dependency-that-gives-a-global",
    ),
    pytest.param(
        """
        from typing import Annotated
        class Stats:
            hits = 0
            def count(self):
                self.hits += 1  # here
        app.state.stats = Stats()
        def get_stats(request: Request) -> Stats:
            return request.app.state.stats
        Given = Annotated[Stats, Depends(get_stats)]
        @app.get("/")
        async def index(stats: Given) -> int:
            stats.count()
            return 1
        """,
        id="dependency-that-gives-what-the-state-has",
    ),
    pytest.param(
        """
        import functools
        class Stats:
            hits = 0
        @functools.cache
        def get_stats() -> Stats:
            return Stats()
        @app.get("/")
        async def index(stats: Stats = Depends(get_stats)) -> int:
            stats.hits += 1  # here
            return 1
        """,
        id="dependency-that-is-cached",
    ),
    pytest.param(
        """
        class Count(Middleware):
            hits = 0
            async def before_request(self, request):
                self.hits += 1  # here
        app.add_middleware(Count)
        """,
        id="hook-of-a-middleware",
    ),
    pytest.param(
        """
        app.state.hits = 0
        @app.get("/")
        async def index(request: Request) -> int:
            request.app.state.hits += 1  # here
            return 1
        """,
        id="state-of-the-application",
    ),
    pytest.param(
        """
        async def lifespan(app):
            yield {"hits": {"all": 0}}
        @app.get("/")
        async def index(request: Request) -> int:
            request.state.hits["all"] += 1  # here
            return 1
        """,
        id="object-from-start-up",
    ),
    pytest.param(
        """
        def counting(function):
            calls = 0
            async def counted():
                nonlocal calls
                calls += 1  # here
                return await function()
            return counted
        @app.get("/")
        @counting
        async def index() -> int:
            return 1
        """,
        id="around-a-handler",
    ),
    pytest.param(
        """
        @app.exception_handler(KeyError)
        async def failed(request, exc):
            failed.count = failed.count + 1  # here
            return "no"
        failed.count = 0
        """,
        id="attribute-of-a-function",
    ),
    pytest.param(
        """
        class Counted:
            hits = 0
            def __call__(self):
                self.hits += 1  # here
        @app.get("/", dependencies=[Depends(Counted())])
        async def index() -> int:
            return 1
        """,
        id="object-that-is-depended-on",
    ),
    pytest.param(
        """
        class Stats:
            hits = 0
            def count(self):
                def add():
                    self.hits += 1  # here
                add()
        stats = Stats()
        @app.get("/")
        async def index() -> int:
            stats.count()
            return 1
        """,
        id="function-in-a-method",
    ),
    pytest.param(
        """
        class Stats:
            __slots__ = ("hits", "inner")
            def count(self):
                self.hits += 1  # here
        class Outer:
            __slots__ = ("empty", "stats")
            def __init__(self):
                self.stats = Stats()
            def count(self):
                self.empty.count()
                self.stats.count()
        app.container.singleton(Outer, factory=Outer)
        outer = Outer()
        @app.get("/")
        async def index(given: "Outer | None") -> int:
            given.count()
            outer.count()
            return 1
        """,
        id="slots",
    ),
    # What is no mistake.
    pytest.param(
        """
        import threading
        def synchronized(function):
            return function
        hits = 0
        @synchronized
        def count():
            global hits
            hits += 1
        @app.get("/")
        def index() -> int:
            count()
            return 1
        """,
        id="no-decorated-with-a-lock",
    ),
    pytest.param(
        """
        hits = seen = words = rest = 0
        def made():
            return app.state
        @app.get("/")
        async def index() -> int:
            import collections as words
            words.hits = getattr(words, "hits", 0)
            words.hits += 1
            try:
                list(map(lambda rest: rest, []))
            except ValueError as hits:
                hits.count += 1
            match [1]:
                case [*seen]:
                    seen[0] += 1
            made().hits += 1
            (a, b) = (1, 2)
            return a + b
        """,
        id="no-local-names-of-all-kinds",
    ),
    pytest.param(
        """
        class Counting:
            routes = 0
            def on_route_registered(self, route):
                self.routes += 1
                return route
        app.add_plugin(Counting())
        @app.get("/")
        async def index() -> int:
            return 1
        """,
        id="no-plugin",
    ),
    pytest.param(
        """
        from hawkapi.routing.controllers import Controller, get
        class Hits(Controller):
            def __init__(self):
                self.hits = 0
            @get("/")
            async def index(self) -> int:
                self.hits += 1
                return self.hits
        app.include_controller(Hits)
        """,
        id="no-controller-of-which-each-request-has-its-own",
    ),
    pytest.param(
        """
        class Page:
            def __init__(self, page: int = 1):
                self.page = page
                self.page += 1
        @app.get("/")
        async def index(page: Page = Depends(Page)) -> int:
            return 1
        """,
        id="no-class-that-is-depended-on",
    ),
    pytest.param(
        """
        import threading
        lock = threading.Lock()
        hits = 0
        @app.get("/")
        def index() -> int:
            global hits
            with lock:
                hits += 1
            return hits
        """,
        id="no-with-a-lock",
    ),
    pytest.param(
        """
        import threading
        lock = threading.Lock()
        hits = {}
        def _add(name):
            hits[name] += 1
        @app.get("/{name}")
        def index(name: str) -> int:
            with lock:
                _add(name)
            return 1
        """,
        id="no-lock-of-the-caller",
    ),
    pytest.param(
        """
        import threading
        class Stats:
            def __init__(self):
                self.hits = 0
                self._locks = {}
            def _lock_for(self, name):
                return self._locks.setdefault(name, threading.Lock())
            def count(self, name):
                with self._lock_for(name):
                    self.hits += 1
        stats = Stats()
        @app.get("/{name}")
        def index(name: str) -> int:
            stats.count(name)
            return 1
        """,
        id="no-lock-from-a-call",
    ),
    pytest.param(
        """
        import threading
        lock = threading.Lock()
        hits = 0
        @app.get("/")
        def index() -> int:
            global hits
            lock.acquire()
            try:
                hits += 1
            finally:
                lock.release()
            return 1
        """,
        id="no-acquired-lock",
    ),
    pytest.param(
        """
        hits = 0
        seen = []
        names = set()
        last = {}
        @app.get("/{name}")
        def index(name: str) -> int:
            global hits
            hits = 5
            seen.append(name)
            names.add(name)
            last["name"] = name
            return 1
        """,
        id="no-single-operations",
    ),
    pytest.param(
        """
        hits = 0
        @app.get("/")
        async def index() -> int:
            hits = 1
            hits += 1
            counts = {}
            counts["a"] = counts.get("a", 0) + 1
            return hits
        """,
        id="no-locals",
    ),
    pytest.param(
        """
        class Cart:
            total = 0
            def add(self, price):
                self.total += price
        EMPTY = Cart()
        app.container.scoped(Cart, factory=Cart)
        @app.get("/")
        async def index(cart: Cart) -> int:
            cart.add(3)
            cart.total += 1
            mine = Cart()
            mine.add(3)
            return cart.total
        """,
        id="no-object-of-the-request",
    ),
    pytest.param(
        """
        class Stats:
            hits = 0
        def get_stats() -> Stats:
            return Stats()
        SPARE = Stats()
        @app.get("/")
        async def index(stats: Stats = Depends(get_stats)) -> int:
            stats.hits += 1
            return 1
        """,
        id="no-object-of-a-dependency",
    ),
    pytest.param(
        """
        class Item(Struct):
            amount: int
        DEFAULT = Item(amount=1)
        @app.post("/")
        async def create(item: Item) -> Item:
            item.amount += 1
            return item
        """,
        id="no-body",
    ),
    pytest.param(
        """
        @app.get("/")
        async def index(request: Request) -> int:
            request.state.steps = 0
            request.state.steps += 1
            request.state.seen = {"a": 1}
            request.state.seen["a"] += 1
            return 1
        """,
        id="no-state-of-the-request",
    ),
    pytest.param(
        """
        import threading
        mine = threading.local()
        mine.hits = 0
        @app.get("/")
        def index() -> int:
            mine.hits += 1
            return 1
        """,
        id="no-threading-local",
    ),
    pytest.param(
        """
        started = 0
        @app.on_startup
        async def begin() -> None:
            global started
            started += 1
        def script():
            global started
            started += 1
        """,
        id="no-start-up-or-script",
    ),
    pytest.param(
        """
        @app.get("/")
        async def index() -> int:
            total = 0
            def add(n):
                nonlocal total
                total += n
            add(1)
            return total
        """,
        id="no-variable-of-the-request",
    ),
    pytest.param(
        """
        hits = 0
        @app.get("/")
        async def index() -> int:
            global hits
            hits += 1  # doctor: ignore[DOC063, DOC064] an estimate is enough
            return 1
        """,
        id="no-allowed",
    ),
]


@pytest.mark.parametrize("source", LOST_UPDATES)
def test_lost_updates(tmp_path: Path, source: str) -> None:
    """A shared value that request code reads and writes back without a lock is found, and no other."""
    assert lines_found(tmp_path, source, "DOC063") == lines_marked(source)


def test_state_of_another_module(tmp_path: Path) -> None:
    """What a handler changes in another module of the project is found, by either way to name it."""
    files = {
        "shop/__init__.py": "",
        "shop/store.py": "orders = 0\ncounts = {}\n",
        "shop/web.py": """
            from hawkapi import HawkAPI
            from . import store
            from .store import counts
            app = HawkAPI()
            @app.get("/")
            async def index() -> int:
                store.orders += 1
                counts["all"] = counts.get("all", 0) + 1
                return 1
            """,
    }
    found = findings_in(tmp_path, files, "shop.web")
    assert [(each.rule_id, (each.location or "").rpartition("/")[2]) for each in found] == [
        ("DOC063", "web.py:8"),
        ("DOC063", "web.py:9"),
    ]
    assert found[0].message == (
        "index() reads store.orders and writes it back without a lock, in module shop.store: two threads that do so at "
        "once lose one of the changes."
    )
