"""The rules about what request code runs in the wrong place."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctoring import lines_found, lines_marked

LOOPS_IN_WORKERS = [
    pytest.param(
        """
        import asyncio
        @app.get("/")
        def index() -> int:
            asyncio.get_running_loop()  # here
            return 1
        """,
        id="handler",
    ),
    pytest.param(
        """
        from asyncio import create_task as spawn
        async def work(): ...
        def begin():
            spawn(work())  # here
        @app.get("/")
        async def index(nothing=Depends(begin)) -> int:
            return 1
        """,
        id="dependency",
    ),
    pytest.param(
        """
        import asyncio
        def helper():
            return asyncio.get_event_loop()  # here
        @app.get("/")
        async def index() -> int:
            await asyncio.to_thread(helper)
            return 1
        """,
        id="function-that-is-sent-to-a-thread",
    ),
    # What is no mistake.
    pytest.param(
        """
        import asyncio
        async def work(): ...
        def helper():
            return asyncio.get_running_loop()
        @app.get("/")
        async def index() -> int:
            helper()
            asyncio.create_task(work())
            return 1
        """,
        id="no-coroutine-function",
    ),
    pytest.param(
        """
        import asyncio
        @app.get("/")
        def index() -> int:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return 0
            return 1
        """,
        id="no-attempt",
    ),
    pytest.param(
        """
        import asyncio
        async def work(): ...
        @app.get("/")
        def index(request: Request) -> int:
            asyncio.run_coroutine_threadsafe(work(), request.app.state.loop)
            return 1
        """,
        id="no-hand-over",
    ),
    pytest.param(
        """
        import asyncio
        def made():
            return asyncio.get_running_loop()
        app.container.scoped(asyncio.AbstractEventLoop, factory=made)
        """,
        id="no-provider-which-runs-on-the-loop",
    ),
]

STATE_IN_WORKERS = [
    pytest.param(
        """
        @app.get("/")
        def index(request: Request) -> int:
            request.state.user = "ann"  # here
            return 1
        """,
        id="handler",
    ),
    pytest.param(
        """
        def login(request: Request):
            request.state.seen.count += 1  # here
            request.scope["user"] = "ann"  # here
        @app.get("/", dependencies=[Depends(login)])
        async def index() -> int:
            return 1
        """,
        id="dependency",
    ),
    # What is no mistake.
    pytest.param(
        """
        async def login(request: Request):
            request.state.user = "ann"
        @app.get("/", dependencies=[Depends(login)])
        def index(request: Request) -> str:
            user = request.state.user
            return user
        """,
        id="no-coroutine-function-and-no-reading",
    ),
]

THREAD_LOCALS = [
    pytest.param(
        """
        import asyncio, threading
        here = threading.local()
        @app.get("/{user}")
        async def index(user: str) -> str:
            here.user = user  # here
            await asyncio.sleep(0)
            return here.user
        """,
        id="handler",
    ),
    pytest.param(
        """
        import threading
        here = threading.local()
        def login():
            here.user = "ann"  # here
        @app.get("/")
        def index(nothing=Depends(login)) -> str:
            return here.user
        """,
        id="dependency",
    ),
    # What is no mistake.
    pytest.param(
        """
        import threading
        here = threading.local()
        def client():
            if not hasattr(here, "client"):
                here.client = object()
            return here.client
        async def parser():
            try:
                return here.parser
            except AttributeError:
                here.parser = object()
            return here.parser
        @app.get("/")
        async def index(c=Depends(client), p=Depends(parser)) -> int:
            return 1
        """,
        id="no-made-once-for-each-thread",
    ),
    pytest.param(
        """
        import threading
        here = threading.local()
        def helper():
            here.depth = 1
        @app.get("/")
        def index() -> int:
            helper()
            return here.depth
        """,
        id="no-one-thread",
    ),
]

CONTEXT_VARIABLES = [
    pytest.param(
        """
        from contextvars import ContextVar
        user = ContextVar("user")
        def login():
            user.set("ann")  # here
        @app.get("/", dependencies=[Depends(login)])
        async def index() -> str:
            return user.get()
        """,
        id="set-in-a-plain-dependency",
    ),
    pytest.param(
        "from contextvars import ContextVar\nseen = ContextVar('seen', default={})  # here", id="dict-as-default"
    ),
    pytest.param(
        "import contextvars\nseen = contextvars.ContextVar('seen', default=list())  # here", id="list-as-default"
    ),
    pytest.param(
        """
        from contextvars import ContextVar
        @app.get("/")
        async def index() -> int:
            ContextVar("user").set(1)  # here
            return 1
        """,
        id="made-for-a-request",
    ),
    # What is no mistake.
    pytest.param(
        """
        from contextvars import ContextVar
        user = ContextVar("user", default=None)
        names = ContextVar("names", default=())
        async def login():
            user.set("ann")
        @app.get("/", dependencies=[Depends(login)])
        def index() -> str:
            user.set("bob")
            return user.get()
        """,
        id="no-async-dependency-and-no-handler",
    ),
    pytest.param(
        """
        import threading
        event = threading.Event()
        def login():
            event.set()
        @app.get("/", dependencies=[Depends(login)])
        async def index() -> int:
            return 1
        """,
        id="no-event",
    ),
]

CACHED_COROUTINES = [
    pytest.param("import functools\n@functools.lru_cache  # here\nasync def load(): ...", id="lru-cache"),
    pytest.param("from functools import cache\n@cache  # here\nasync def load(): ...", id="cache"),
    pytest.param(
        "from functools import lru_cache\n@lru_cache(maxsize=3)  # here\nasync def load(): ...", id="with-arguments"
    ),
    pytest.param(
        "import functools\nclass A:\n    @functools.cached_property  # here\n    async def load(self): ...",
        id="cached-property",
    ),
    pytest.param("import functools\n@functools.cache\ndef load(): ...", id="no-plain-function"),
    pytest.param("def cache(f): return f\n@cache\nasync def load(): ...", id="no-decorator-of-that-name"),
]

OWN_LOOPS = [
    pytest.param(
        """
        import asyncio
        async def work(): ...
        @app.get("/")
        def index() -> int:
            asyncio.run(work())  # here
            return 1
        """,
        id="run-in-a-plain-handler",
    ),
    pytest.param(
        """
        import asyncio
        async def work(): ...
        @app.get("/")
        async def index() -> int:
            asyncio.new_event_loop().run_until_complete(work())  # here
            return 1
        """,
        id="loop-in-a-handler",
    ),
    pytest.param("import asyncio\nasync def work(): ...\ndef script():\n    asyncio.run(work())", id="no-script"),
]

PROCESS_WIDE = [
    pytest.param(
        """
        import os, warnings
        from contextlib import redirect_stdout
        @app.get("/")
        def index() -> int:
            os.chdir("/")  # here
            os.environ["LANG"] = "C"  # here
            with warnings.catch_warnings(), redirect_stdout(None):  # here
                return 1
        """,
        id="handler",
    ),
    pytest.param(
        """
        import os, threading
        lock = threading.Lock()
        os.environ["PATIENT"] = "1"
        del os.environ["PATIENT"]
        @app.get("/")
        def index() -> str:
            with lock:
                os.umask(0o22)
            return os.environ["PATH"]
        @app.on_startup
        def begin() -> None:
            os.umask(0o22)
        """,
        id="no-start-up-reading-or-lock",
    ),
]


@pytest.mark.parametrize("source", LOOPS_IN_WORKERS)
def test_loops_in_workers(tmp_path: Path, source: str) -> None:
    """A plain function that asks for an event loop in a worker thread is found, and no other."""
    assert lines_found(tmp_path, source, "DOC066") == lines_marked(source)


@pytest.mark.parametrize("source", STATE_IN_WORKERS)
def test_state_in_workers(tmp_path: Path, source: str) -> None:
    """A plain function that writes what belongs to the request is found, and no other."""
    assert lines_found(tmp_path, source, "DOC067") == lines_marked(source)


@pytest.mark.parametrize("source", THREAD_LOCALS)
def test_thread_locals(tmp_path: Path, source: str) -> None:
    """A threading.local that holds what belongs to a request is found where it is set, and no other."""
    assert lines_found(tmp_path, source, "DOC068") == lines_marked(source)


@pytest.mark.parametrize("source", CONTEXT_VARIABLES)
def test_context_variables(tmp_path: Path, source: str) -> None:
    """A context variable that is set in vain, shared or made too often is found, and no other."""
    assert lines_found(tmp_path, source, "DOC069") == lines_marked(source)


@pytest.mark.parametrize("source", CACHED_COROUTINES)
def test_cached_coroutines(tmp_path: Path, source: str) -> None:
    """A coroutine function in a cache is found, and no other."""
    assert lines_found(tmp_path, source, "DOC071") == lines_marked(source)


@pytest.mark.parametrize("source", OWN_LOOPS)
def test_own_loops(tmp_path: Path, source: str) -> None:
    """Request code that makes an event loop is found, and no other."""
    assert sorted(set(lines_found(tmp_path, source, "DOC072"))) == lines_marked(source)


@pytest.mark.parametrize("source", PROCESS_WIDE)
def test_process_wide(tmp_path: Path, source: str) -> None:
    """Request code that changes what counts for the whole process is found, and no other."""
    assert sorted(set(lines_found(tmp_path, source, "DOC073"))) == lines_marked(source)
