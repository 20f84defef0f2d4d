"""The rules about shared values that request code looks at before it sets them, or while others do."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctoring import lines_found, lines_marked

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
    pytest.param(
        """
        first = second = None
        @app.get("/")
        async def index() -> int:
            global first, second
            if first is None:
                first, second = 1, 2  # here
            return 1
        """,
        id="two-at-once",
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


@pytest.mark.parametrize("source", LATE_SETTINGS)
def test_late_settings(tmp_path: Path, source: str) -> None:
    """A shared value that request code sets because of what it saw is found where it is set, and no other."""
    assert lines_found(tmp_path, source, "DOC064") == lines_marked(source)


@pytest.mark.parametrize("source", CHANGING_LOOPS)
def test_changing_loops(tmp_path: Path, source: str) -> None:
    """A loop over a shared dict or set that requests change is found, and no other."""
    assert lines_found(tmp_path, source, "DOC065") == lines_marked(source)
