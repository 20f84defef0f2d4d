"""`hawkapi run docs/examples/todo` in a process of its own, and what its database must have in the end."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers import STOP_TIMEOUT_S, complaints, family, wait_until_listening
from subprocesses import environment
from todo_client import THE_END, User

TODO = Path(__file__).parent.parent.parent / "docs" / "examples" / "todo"
TOKEN = "let me in"  # noqa: S105
LOG_SHOWN = 5_000
"""Characters from the end of a log that are printed after a failure."""


@dataclass
class Service:
    """`hawkapi run docs/examples/todo`, which may be started several times at one address."""

    server: str
    place: Path
    address: tuple[str, int]
    shape: Sequence[str]
    """How many threads or processes, as the command line has it."""
    target: str = str(TODO)
    """What is served, if it is not the example itself."""

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run it; the block must stop it, and the log have nothing to complain about."""
        log = self.place / f"{name}.log"
        where = ["--server", self.server, "--port", str(self.address[1])]
        with (
            log.open("wb") as stream,
            subprocess.Popen(
                [sys.executable, "-P", "-W", "error", "-m", "hawkapi", "run", self.target, *self.shape, *where],
                stdout=stream,
                stderr=stream,
                cwd=self.place,
                env=self._environment(),
            ) as process,
        ):
            try:
                wait_until_listening(self.address, process)
                yield process
            except BaseException:
                print(log.read_text()[-LOG_SHOWN:])
                raise
            finally:
                if process.poll() is None:
                    for member in reversed(family(process.pid)):
                        os.kill(member, signal.SIGKILL)
        text = log.read_text("utf-8", "replace")
        assert not complaints(text), text

    def _environment(self) -> dict[str, str]:
        variables = environment(TODO_ADMIN_TOKEN=TOKEN)
        # For what is served from elsewhere and imports the example by its name.
        return variables | {"PYTHONPATH": os.pathsep.join([variables["PYTHONPATH"], str(TODO.parent)])}

    def rows(self, query: str) -> list[sqlite3.Row]:
        """Ask the database."""
        with closing(sqlite3.connect(self.place / "todo.sqlite3")) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query).fetchall()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server as a service manager does."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_TIMEOUT_S) == 0


def check(service: Service, users: Sequence[User]) -> None:
    """Compare what the users were told with each other and with the database."""
    events = [
        (row["id"], row["topic"], json.loads(row["data"]))
        for row in service.rows("select * from events where topic <> ''")
    ]
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
