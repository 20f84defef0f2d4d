"""The rules about what lives as long as the application and belongs to one loop, or to one thread."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctoring import BEGINNING, findings_in, lines_found, lines_marked

PRIMITIVES = [
    pytest.param("import asyncio\nlock = asyncio.Lock()  # here", id="global"),
    pytest.param("from asyncio import Semaphore as Gate\ngate: Gate = Gate(3)  # here", id="global-by-another-name"),
    pytest.param("import asyncio\nclass Turn(asyncio.Lock): ...\nturn = Turn()  # here", id="derived"),
    pytest.param("import asyncio\nlocks = {name: asyncio.Lock() for name in 'ab'}  # here", id="in-a-dict"),
    pytest.param("import anyio\nlimiter = anyio.CapacityLimiter(3)  # here", id="anyio"),
    pytest.param("import asyncio\nclass Jobs:\n    queue = asyncio.Queue()  # here", id="class-attribute"),
    pytest.param(
        """
        import asyncio
        class Jobs:
            def __init__(self):
                self.queue = asyncio.Queue()  # here
        jobs = Jobs()
        """,
        id="attribute-of-a-global",
    ),
    pytest.param(
        """
        import asyncio
        class Jobs:
            __slots__ = ("queue",)
            def __init__(self):
                self.queue = asyncio.Queue()  # here
        app.state.jobs = [Jobs()]
        """,
        id="slot-of-something-in-the-state",
    ),
    pytest.param("import asyncio\napp.state.ready = asyncio.Event()  # here", id="state"),
    pytest.param(
        """
        import asyncio
        class Serial:
            def __init__(self, app):
                self.app = app
                self.lock = asyncio.Lock()  # here
            async def __call__(self, scope, receive, send):
                async with self.lock:
                    await self.app(scope, receive, send)
        app.add_middleware(Serial)
        """,
        id="middleware",
    ),
    pytest.param(
        """
        import asyncio
        def one_at_a_time(function):
            lock = asyncio.Lock()  # here
            async def guarded():
                async with lock:
                    return await function()
            return guarded
        @app.get("/")
        @one_at_a_time
        async def index() -> int:
            return 1
        """,
        id="around-a-handler",
    ),
    pytest.param("import asyncio\ndef wait(lock=asyncio.Lock()): ...  # here", id="default"),
    pytest.param(
        """
        import asyncio
        class Jobs:
            def __init__(self):
                self.queue = asyncio.Queue()  # here
        app.container.singleton(Jobs, factory=Jobs)
        """,
        id="attribute-of-a-singleton",
    ),
    pytest.param(
        """
        import asyncio
        from dataclasses import dataclass, field
        @dataclass
        class Jobs:
            lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # here
        app.container.singleton(Jobs, factory=lambda: Jobs())
        app.container.singleton(str, factory=Jobs)
        """,
        id="default-of-a-dataclass",
    ),
    pytest.param(
        """
        import asyncio
        lock = None
        @app.get("/")
        async def index() -> int:
            global lock
            lock = asyncio.Lock()  # here
            return 1
        """,
        id="made-later",
    ),
    pytest.param(
        """
        import asyncio
        other = HawkAPI()
        other.state.lock = asyncio.Lock()  # here
        app.mount("/other", other)
        """,
        id="state-of-a-mounted-application",
    ),
    pytest.param(
        """
        import asyncio
        class Handler:
            def __init__(self):
                self.lock = asyncio.Lock()  # here
            async def __call__(self) -> int:
                return 1
        app.get("/")(Handler())
        """,
        id="handler-object",
    ),
    pytest.param(
        """
        import asyncio
        class Box: ...
        class Shelf(Box):
            __slots__ = ("box", "empty")
            def __init__(self):
                self.box = Box()
        shelf = Shelf()
        shelf.box.lock = asyncio.Lock()
        box = Box()  # here
        box.lock = asyncio.Lock()
        shelf.box.lock = None
        """,
        id="set-from-outside",
    ),
    pytest.param(
        """
        import asyncio
        class Shelf:
            def __init__(self):
                self.box = Box()
        class Box:
            def __init__(self):
                self.lock = asyncio.Lock()  # here
        shelf = Shelf()
        """,
        id="object-in-an-object",
    ),
    pytest.param(
        """
        import asyncio
        async def lifespan(app: HawkAPI):
            app.turn = asyncio.Lock()  # here
            yield
        """,
        id="attribute-of-the-application",
    ),
    pytest.param(
        """
        import asyncio
        def make():
            def later():
                return lock, limit
            def wrapped():
                return limit
            limit: asyncio.Lock = asyncio.Lock()  # here
            app.get("/")(later)
            return wrapped
            lock = 1
        wrapped = make()
        """,
        id="around-functions-and-not-set-yet",
    ),
    # What is no mistake.
    pytest.param("import threading\nlock = threading.Lock()\nevent = threading.Event()", id="no-threading"),
    pytest.param("import multiprocessing\nlock = multiprocessing.Lock()", id="no-multiprocessing"),
    pytest.param("import queue\nq = queue.Queue()", id="no-queue-of-threads"),
    pytest.param("class Lock: ...\nlock = Lock()", id="no-class-of-that-name"),
    pytest.param("import asyncio\nmake = asyncio.Lock\nLockType = asyncio.Lock", id="no-class-itself"),
    pytest.param("import asyncio\nasync def work():\n    lock = asyncio.Lock()\n    return lock", id="no-local"),
    pytest.param(
        "import asyncio\nclass Job:\n    def __init__(self):\n        self.done = asyncio.Event()", id="no-short-lived"
    ),
    pytest.param(
        """
        import asyncio
        class Jobs:
            def __init__(self):
                self.queue = asyncio.Queue()
        app.container.per_loop(Jobs, factory=Jobs)
        app.container.scoped(str, factory=Jobs)
        """,
        id="no-per-loop",
    ),
    pytest.param(
        """
        import asyncio, threading
        class PerThread(threading.local):
            def __init__(self):
                self.lock = asyncio.Lock()
        here = PerThread()
        here.lock
        """,
        id="no-threading-local",
    ),
    pytest.param(
        """
        import asyncio
        locks = {}
        @app.on_loop_startup
        async def begin() -> None:
            locks[asyncio.get_running_loop()] = asyncio.Lock()
        """,
        id="no-by-loop",
    ),
    pytest.param("import asyncio\nif __name__ == '__main__':\n    lock = asyncio.Lock()", id="no-script"),
    pytest.param("import asyncio\nlock = asyncio.Lock()  # doctor: ignore[DOC060] one loop only", id="no-allowed"),
]

CLIENTS = [
    pytest.param("import httpx\nclient = httpx.AsyncClient()  # here", id="global"),
    pytest.param("import redis.asyncio\nr = redis.asyncio.Redis.from_url('redis://h')  # here", id="class-method"),
    pytest.param("from redis.asyncio import from_url\nr = from_url('redis://h')  # here", id="function"),
    pytest.param(
        "import httpx\nclass Api(httpx.AsyncClient): ...\napp.state.api = Api()  # here", id="derived-in-the-state"
    ),
    pytest.param(
        "import httpx\napp.container.singleton(httpx.AsyncClient, factory=httpx.AsyncClient)  # here", id="singleton"
    ),
    pytest.param(
        """
        import httpx
        async def make() -> httpx.AsyncClient:
            async with httpx.AsyncClient() as client:  # here
                yield client
        app.container.singleton(httpx.AsyncClient, factory=make)
        """,
        id="singleton-of-a-generator",
    ),
    pytest.param(
        """
        import httpx
        class Users:
            def __init__(self, client):
                self.client = client
        def make():
            return Users(httpx.AsyncClient())  # here
        app.container.singleton(Users, factory=make)
        """,
        id="argument-of-a-singleton",
    ),
    pytest.param(
        """
        import httpx
        import helpers
        def make() -> httpx.AsyncClient:  # here
            return helpers.open_client()
        app.container.singleton(httpx.AsyncClient, factory=make)
        """,
        id="singleton-made-elsewhere",
    ),
    pytest.param(
        """
        import httpx
        @app.on_startup
        async def begin() -> None:
            client = httpx.AsyncClient()  # here
            app.state.client = client
        """,
        id="start-up",
    ),
    pytest.param(
        """
        import httpx
        async def lifespan(app):
            async with httpx.AsyncClient() as client:  # here
                yield {"client": client}
        """,
        id="lifespan",
    ),
    pytest.param(
        """
        import httpx
        @app.on_loop_startup
        async def begin() -> None:
            app.state.client = httpx.AsyncClient()  # here
        """,
        id="one-name-for-all-loops",
    ),
    pytest.param(
        """
        import httpx
        class Users:
            client = None
            async def open(self):
                self.client = httpx.AsyncClient()  # here
        users = Users()
        """,
        id="opened-later",
    ),
    pytest.param(
        "import httpx\napp.container.singleton(httpx.AsyncClient, factory=lambda: httpx.AsyncClient())  # here",
        id="singleton-of-a-lambda",
    ),
    # What is no mistake.
    pytest.param("import httpx\nmakers = [lambda: httpx.AsyncClient()]", id="no-lambda"),
    pytest.param("import httpx\nclient = httpx.Client()", id="no-sync-client"),
    pytest.param("import redis\nr = redis.Redis()", id="no-sync-redis"),
    pytest.param(
        "import httpx\napp.container.per_loop(httpx.AsyncClient, factory=httpx.AsyncClient)", id="no-per-loop"
    ),
    pytest.param(
        """
        import httpx
        async def make() -> str:
            async with httpx.AsyncClient() as client:
                response = await client.get("http://settings")
            return response.text
        app.container.singleton(str, factory=make)
        """,
        id="no-singleton-that-only-asks",
    ),
    pytest.param(
        """
        import httpx
        async def lifespan(app):
            async with httpx.AsyncClient() as client:
                settings = await client.get("http://settings")
            yield {"settings": settings.json()}
        """,
        id="no-lifespan-that-only-asks",
    ),
    pytest.param(
        """
        import httpx
        async def client():
            async with httpx.AsyncClient() as client:
                yield client
        @app.get("/")
        async def index(client=Depends(client)) -> int:
            return 1
        """,
        id="no-dependency",
    ),
    pytest.param(
        """
        import httpx
        @app.get("/")
        async def index(request: Request) -> int:
            request.state.client = httpx.AsyncClient()
            return 1
        """,
        id="no-request-state",
    ),
]

THREAD_BOUND = [
    pytest.param("import sqlite3\ndb = sqlite3.connect(':memory:')  # here\nclean_up = db.close", id="global"),
    pytest.param(
        """
        import sqlite3
        def make() -> sqlite3.Connection:
            return sqlite3.connect(":memory:")  # here
        app.container.singleton(sqlite3.Connection, factory=make)
        """,
        id="singleton",
    ),
    # What is no mistake.
    pytest.param(
        "import sqlite3\ndb = sqlite3.connect(':memory:', check_same_thread=False)\nclean_up = db.close",
        id="no-unchecked",
    ),
    pytest.param(
        """
        import sqlite3
        def make() -> sqlite3.Connection:
            return sqlite3.connect(":memory:")
        app.container.scoped(sqlite3.Connection, factory=make)
        """,
        id="no-scoped",
    ),
]


@pytest.mark.parametrize("source", PRIMITIVES)
def test_primitives(tmp_path: Path, source: str) -> None:
    """A primitive of asyncio or anyio that outlives a loop is found where it is made, and no other."""
    assert lines_found(tmp_path, source, "DOC060") == lines_marked(source)


@pytest.mark.parametrize("source", CLIENTS)
def test_clients(tmp_path: Path, source: str) -> None:
    """A client that all loops would share is found where it is made, and no other."""
    (tmp_path / "helpers.py").write_text("def open_client(): ...", encoding="utf-8")
    assert lines_found(tmp_path, source, "DOC061") == lines_marked(source)


@pytest.mark.parametrize("source", THREAD_BOUND)
def test_thread_bound(tmp_path: Path, source: str) -> None:
    """A connection of sqlite3 that all requests would share is found, and no other."""
    assert lines_found(tmp_path, source, "DOC062") == lines_marked(source)


def test_classes_of_libraries_that_are_not_installed_here(tmp_path: Path) -> None:
    """A class counts by its module and name, wherever the library defines it; a pool that keeps nothing does not."""
    package = tmp_path / "site-packages" / "sqlalchemy"
    files = {
        "site-packages/sqlalchemy/__init__.py": "",
        "site-packages/sqlalchemy/ext/__init__.py": "",
        "site-packages/sqlalchemy/ext/asyncio/__init__.py": "from .engine import create_async_engine",
        "site-packages/sqlalchemy/ext/asyncio/engine.py": (
            "class AsyncEngine: ...\ndef create_async_engine(url, poolclass=None): return AsyncEngine()"
        ),
        "patient.py": """
            import sys
            sys.path.insert(0, __file__.replace("patient.py", "site-packages"))
            from hawkapi import HawkAPI
            from sqlalchemy.ext.asyncio import create_async_engine
            sys.path.pop(0)
            app = HawkAPI()
            NullPool = object()
            unpooled = create_async_engine("x://", poolclass=NullPool)
            pooled = create_async_engine("x://")
            """,
    }
    found = findings_in(tmp_path, files)
    assert not package.is_file()
    assert [(each.rule_id, (each.location or "").rpartition("/")[2]) for each in found] == [("DOC061", "patient.py:10")]
    assert found[0].message == (
        "sqlalchemy.ext.asyncio.AsyncEngine is kept as a global of module patient: its connections belong to the loop "
        "that opened them, and fail or hang in others."
    )


def test_what_is_set_where_nobody_can_tell(tmp_path: Path) -> None:
    """What no statement sets by its name is reported with who keeps it."""
    text = BEGINNING + "import asyncio\nsetattr(app.state, 'lo' + 'ck', asyncio.Lock())\n"
    assert [each.location for each in findings_in(tmp_path, {"patient.py": text})] == ["app.state.lock"]


def test_a_cache_that_belongs_to_a_loop(tmp_path: Path) -> None:
    """`alru_cache` is found on plain and on coroutine functions."""
    files = {
        "site-packages/async_lru.py": "def alru_cache(function): return function",
        "patient.py": """
            import sys
            sys.path.insert(0, __file__.replace("patient.py", "site-packages"))
            from hawkapi import HawkAPI
            from async_lru import alru_cache
            sys.path.pop(0)
            app = HawkAPI()
            @alru_cache
            async def load(): ...
            """,
    }
    found = findings_in(tmp_path, files)
    assert [(each.rule_id, each.message) for each in found] == [
        ("DOC071", "alru_cache belongs to the first event loop that calls load().")
    ]


def test_collections_with_an_iterator_of_their_own(tmp_path: Path) -> None:
    """What a collection holds is read as it is stored: no `__iter__` of the application runs."""
    source = """
        import asyncio
        class Once(list):
            def __iter__(self):
                raise RuntimeError("it is not the time yet")
        locks = Once([asyncio.Lock()])  # here
        """
    assert lines_found(tmp_path, source, "DOC060") == lines_marked(source)
