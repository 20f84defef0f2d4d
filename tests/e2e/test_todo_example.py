"""The to-do list of the documentation, served by `hawkapi run` to users who do everything at once.

Half of the time in, the server is stopped and started again while they go on. Nothing may be lost: each request that
was taken is answered, and what the database has at the end is what the users were told.

`HAWKAPI_E2E_SECONDS` sets how long the users work in the long runs.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from servers import FREE_THREADED, can_serve, family, free_address
from todo_client import User, reload_everywhere, total, working
from todo_service import TOKEN, Service, check, stop

SHAPE = ["--threads", "2"] if FREE_THREADED else ["--workers", "2"]
PROCESSES = 1 if FREE_THREADED else 2
LONG_S = float(os.environ.get("HAWKAPI_E2E_SECONDS", "60"))
SHORT_S = 3.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others refuse connections before the queue is empty")


@pytest.mark.parametrize(
    ("server", "seconds"),
    [
        pytest.param("uvicorn", SHORT_S, id="uvicorn-short"),
        pytest.param("uvicorn", LONG_S, id="uvicorn-long", marks=pytest.mark.e2e_long),
        pytest.param("granian", LONG_S, id="granian-long", marks=pytest.mark.e2e_long),
    ],
)
def test_stop_and_reload_while_users_work(server: str, seconds: float, tmp_path: Path) -> None:
    """New routes and a restart under load lose nothing and double nothing, and the server exits with 0 both times."""
    if not can_serve(server):
        pytest.skip(f"{server} is not installed")
    if server == "granian" and FREE_THREADED:
        pytest.skip("granian 2.7.9 panics on free-threaded builds when it stops")
    service = Service(server, tmp_path, free_address(), SHAPE)
    names = ["ada", "grace", "joan", "mary"]
    over = threading.Event()
    users = [User(service.address, name, names, over) for name in names]
    reloads: Counter[str] = Counter()
    with ExitStack() as servers:
        first = servers.enter_context(service.running("first"))
        for user in users:
            user.enter()
        with working(users, over) as go_on:
            go_on(seconds / 3)
            editions = reload_everywhere(service.address, TOKEN, PROCESSES, reloads)
            assert set(editions) <= set(family(first.pid))
            go_on(seconds / 6)
            stop(first)
            second = servers.enter_context(service.running("second"))
            go_on(seconds / 2)
        stop(second)
    check(service, users)
    counts = total([reloads, *(each for user in users for each in user.counts)])
    assert counts["requests sent"] == counts["requests answered"]
    assert counts["feeds lost"] == counts["chats lost"] == 0
    print(f"{server} {' '.join(SHAPE)}, {seconds:.0f} s: {dict(counts)}")
