"""The to-do list of the documentation, served by `hawkapi run` to users who do everything at once.

Half of the time in, the server is stopped and started again while they go on. Nothing may be lost: each request that
was taken is answered, and what the database has at the end is what the users were told.

`HAWKAPI_E2E_SECONDS` sets how long the users work in the long runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from servers import (
    FREE_THREADED,
    STOP_TIMEOUT_S,
    can_serve,
    complaints,
    family,
    free_address,
    wait_until_listening,
)
from subprocesses import environment
from todo_client import THE_END, User, reload_everywhere, total, working

TODO = Path(__file__).parent.parent.parent / "docs" / "examples" / "todo"
TOKEN = "let me in"  # noqa: S105
SHAPE = ["--threads", "2"] if FREE_THREADED else ["--workers", "2"]
PROCESSES = 1 if FREE_THREADED else 2
LONG_S = float(os.environ.get("HAWKAPI_E2E_SECONDS", "60"))
SHORT_S = 3.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others refuse connections before the queue is empty")


@dataclass
class Service:
    """`hawkapi run docs/examples/todo`, which may be started several times at one address."""

    server: str
    place: Path
    address: tuple[str, int]

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run it; the block must stop it, and the log have nothing to complain about."""
        log = self.place / f"{name}.log"
        where = ["--server", self.server, "--port", str(self.address[1])]
        with (
            log.open("wb") as stream,
            subprocess.Popen(
                [sys.executable, "-P", "-W", "error", "-m", "hawkapi", "run", str(TODO), *SHAPE, *where],
                stdout=stream,
                stderr=stream,
                cwd=self.place,
                env=environment(TODO_ADMIN_TOKEN=TOKEN),
            ) as process,
        ):
            try:
                wait_until_listening(self.address, process)
                yield process
            except BaseException:
                print(log.read_text())
                raise
            finally:
                if process.poll() is None:
                    for member in reversed(family(process.pid)):
                        os.kill(member, signal.SIGKILL)
        text = log.read_text("utf-8", "replace")
        assert not complaints(text), text

    def rows(self, query: str) -> list[sqlite3.Row]:
        """Ask the database."""
        with closing(sqlite3.connect(self.place / "todo.sqlite3")) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query).fetchall()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server as a service manager does."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_TIMEOUT_S) == 0


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
    service = Service(server, tmp_path, free_address())
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


def check(service: Service, users: Sequence[User]) -> None:
    """Compare what the users were told with each other and with the database."""
    events = [(row["id"], row["topic"], json.loads(row["data"])) for row in service.rows("select * from events")]
    chat = [{"id": number, **data} for number, topic, data in events if topic == "chat"]
    rows = service.rows("select * from items order by id")
    for user in users:
        assert [data for _, data in user.fed] == user.happened
        assert user.fed == [(number, data) for number, topic, data in events if topic == f"items of {user.name}"]
        assert user.heard == chat
        assert [message["text"] for message in chat if message["user"] == user.name] == user.said
        mine = [row for row in rows if row["user"] == user.name]
        assert [as_told(row) for row in mine] == user.items
        attached = [row["id"] for row in mine if row["attachment"]]
        assert {number: digest(service, number) for number in attached} == user.files
        assert user.said[-1] == THE_END
    assert len(rows) == sum(len(user.items) for user in users)
    assert len(events) == len(chat) + sum(len(user.fed) for user in users)
    assert len(list((service.place / "todo-uploads").iterdir())) == sum(len(user.files) for user in users)


def as_told(row: sqlite3.Row) -> dict[str, Any]:
    """Return an item as clients see it."""
    done, attached = bool(row["done"]), bool(row["attachment"])
    return {"id": row["id"], "title": row["title"], "done": done, "attachment": attached}


def digest(service: Service, number: int) -> str:
    """Return the SHA-256 of what is attached to an item."""
    return hashlib.sha256((service.place / "todo-uploads" / str(number)).read_bytes()).hexdigest()
