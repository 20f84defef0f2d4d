"""The rules about what request code changes that all requests share."""

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
    # What is no mistake.
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

LATE_SETTINGS = [
    pytest.param(
        """
        client = None
        @app.get("/")
        async def index() -> int:
            global client
            if client is None:
                client = object()  # here
            return 1
        """,
        id="global",
    ),
    pytest.param(
        """
        client = None
        def get_client():
            global client
            if client is not None:
                return client
            client = object()  # here
            return client
        @app.get("/")
        async def index(client=Depends(get_client)) -> int:
            return 1
        """,
        id="after-a-return",
    ),
    pytest.param(
        """
        cache = {}
        @app.get("/{name}")
        async def index(name: str) -> int:
            if name not in cache:
                cache[name] = len(name)  # here
            return cache[name]
        """,
        id="item",
    ),
    pytest.param(
        """
        cache = {}
        @app.get("/{name}")
        async def index(name: str) -> int:
            found = cache.get(name)
            if found is None:
                found = cache[name] = len(name)  # here
            return found
        """,
        id="item-by-another-name",
    ),
    pytest.param(
        """
        cache = {}
        @app.get("/{name}")
        async def index(name: str) -> int:
            try:
                return cache[name]
            except KeyError:
                cache[name] = len(name)  # here
            return cache[name]
        """,
        id="item-that-is-tried",
    ),
    pytest.param(
        """
        @app.get("/")
        async def index(request: Request) -> int:
            if not hasattr(request.app.state, "model"):
                request.app.state.model = object()  # here
            return 1
        """,
        id="state-of-the-application",
    ),
    pytest.param(
        """
        class Users:
            def __init__(self):
                self._all = None
            async def all(self):
                self._all = self._all or []  # here
                return self._all
        app.container.singleton(Users, factory=Users)
        @app.get("/")
        async def index(users: Users) -> int:
            return len(await users.all())
        """,
        id="attribute-of-a-singleton",
    ),
    pytest.param(
        """
        @app.get("/")
        async def index() -> int:
            if getattr(index, "model", None) is None:
                setattr(index, "model", object())  # here
            return 1
        """,
        id="attribute-of-the-handler",
    ),
    # What is no mistake.
    pytest.param(
        """
        import threading
        lock = threading.Lock()
        client = None
        @app.get("/")
        def index() -> int:
            global client
            if client is None:
                with lock:
                    if client is None:
                        client = object()
            return 1
        """,
        id="no-checked-again-under-a-lock",
    ),
    pytest.param(
        """
        cache = {}
        @app.get("/{name}")
        async def index(name: str) -> int:
            if len(name) > 3:
                cache[name] = 1
            return cache.setdefault(name, len(name))
        """,
        id="no-look-at-it",
    ),
    pytest.param(
        """
        class Box:
            value = None
            def get(self):
                if self.value is None:
                    self.value = 1
                return self.value
        @app.get("/")
        async def index() -> int:
            return Box().get()
        """,
        id="no-object-of-the-request",
    ),
    pytest.param(
        """
        import threading
        mine = threading.local()
        @app.get("/")
        async def index() -> int:
            if not hasattr(mine, "client"):
                mine.client = object()
            return 1
        """,
        id="no-threading-local",
    ),
    pytest.param(
        """
        settings = None
        @app.on_startup
        async def begin() -> None:
            global settings
            if settings is None:
                settings = {}
        """,
        id="no-start-up",
    ),
    pytest.param(
        """
        debug = False
        level = 0
        @app.get("/")
        async def index(deep: bool = False) -> int:
            global level
            if debug and deep:
                level = 3
            return 1
        """,
        id="no-look-at-something-else",
    ),
]

CHANGING_LOOPS = [
    pytest.param(
        """
        rooms = {}
        @app.post("/{name}")
        async def join(name: str) -> int:
            rooms[name] = 1
            return 1
        @app.get("/")
        async def index() -> list[str]:
            return [name for name, number in rooms.items() if number]  # here
        """,
        id="dict",
    ),
    pytest.param(
        """
        class Hub:
            def __init__(self):
                self.sockets = set()
            async def join(self, socket):
                self.sockets.add(socket)
            async def send(self):
                for socket in self.sockets:  # here
                    await socket.send_text("hi")
        hub = Hub()
        @app.websocket("/")
        async def chat(socket) -> None:
            await hub.join(socket)
            await hub.send()
        """,
        id="set-of-an-object",
    ),
    # What is no mistake.
    pytest.param(
        """
        rooms = {}
        @app.post("/{name}")
        async def join(name: str) -> int:
            rooms[name] = 1
            return 1
        @app.get("/")
        async def index() -> list[str]:
            return [name for name in list(rooms)]
        """,
        id="no-copy",
    ),
    pytest.param(
        """
        PRICES = {"a": 1}
        @app.get("/")
        async def index() -> int:
            return sum(price for price in PRICES.values())
        """,
        id="no-constant",
    ),
    pytest.param(
        """
        names = []
        @app.post("/{name}")
        async def join(name: str) -> int:
            names.append(name)
            return len([each for each in names])
        """,
        id="no-list",
    ),
    pytest.param(
        """
        import threading
        lock = threading.Lock()
        rooms = {}
        @app.get("/{name}")
        def index(name: str) -> int:
            with lock:
                rooms[name] = 1
                return len([each for each in rooms])
        """,
        id="no-with-a-lock",
    ),
]


@pytest.mark.parametrize("source", LOST_UPDATES)
def test_lost_updates(tmp_path: Path, source: str) -> None:
    """A shared value that request code reads and writes back without a lock is found, and no other."""
    assert lines_found(tmp_path, source, "DOC063") == lines_marked(source)


@pytest.mark.parametrize("source", LATE_SETTINGS)
def test_late_settings(tmp_path: Path, source: str) -> None:
    """A shared value that request code sets because of what it saw is found where it is set, and no other."""
    assert lines_found(tmp_path, source, "DOC064") == lines_marked(source)


@pytest.mark.parametrize("source", CHANGING_LOOPS)
def test_changing_loops(tmp_path: Path, source: str) -> None:
    """A loop over a shared dict or set that requests change is found, and no other."""
    assert lines_found(tmp_path, source, "DOC065") == lines_marked(source)


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
