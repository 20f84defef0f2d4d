"""Rounds of the soak: users of the to-do list, clients that break everything they can, and what must be true after."""

from __future__ import annotations

import itertools
import re
import sqlite3
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

from servers import FREE_THREADED, free_address, resident_bytes
from todo_client import User, Web, total, working
from todo_service import TOKEN, Service, check, stop
from wire import connected, request_bytes

APP: Final = f"{Path(__file__).parent.parent / 'soak' / 'soak_app.py'}:app"
NAMES: Final = ("ada", "grace", "joan", "mary")
VANDALS: Final = 3
HANDLED: Final = ("exceptions", "timeouts", "bodies left", "streams left", "entered", "refused")
"""What the handlers of the soak count: each of these is a beginning and an end."""
QUIET_TRIES: Final = 400
QUIET_PAUSE_S: Final = 0.05
REQUESTS: Final = re.compile(rb"^http_requests_total\{(.*)\} ([\d.e+]+)$", re.MULTILINE)
IN_PROGRESS: Final = re.compile(rb"^http_requests_in_progress\{[^}]*\} ([\d.e+-]+)$", re.MULTILINE)
STATUS: Final = re.compile(rb'status="(\d+)"')


class Vandal:
    """A client that asks for what fails, and leaves before it is answered. One thread uses it."""

    def __init__(self, service: Service, over: threading.Event) -> None:
        self._address = service.address
        self._over = over
        self.counts: Counter[str] = Counter()
        self._web = Web(service.address, self.counts)

    def rage(self) -> None:
        """Go through everything again and again until it is over."""
        steps = (self.fail, self.come_late, self.leave_body, self.leave_stream, self.squeeze, self.squeeze, self.renew)
        for step in itertools.cycle(steps):
            if self._over.is_set():
                break
            step()
            # A server closes what is idle for some seconds; a request that meets that end is not answered.
            self._web.close()

    def fail(self) -> None:
        """Ask for an exception."""
        self._web.ask("GET", "/soak/raise", 500)
        self.counts["exceptions"] += 1

    def come_late(self) -> None:
        """Ask for what is cancelled because its time is over."""
        self._web.ask("GET", "/soak/late", 504)
        self.counts["timeouts"] += 1

    def leave_body(self) -> None:
        """Send half of a body, and go."""
        with connected(self._address) as connection:
            connection.send(request_bytes("POST", "/soak/body", ["Content-Length: 1000"]) + b"half")
        self.counts["bodies left"] += 1

    def leave_stream(self) -> None:
        """Read the beginning of a stream, and go."""
        with connected(self._address) as connection:
            connection.send(request_bytes("GET", "/soak/stream"))
            assert connection.read(12) == b"HTTP/1.1 200"
        self.counts["streams left"] += 1

    def squeeze(self) -> None:
        """Enter where only three may be."""
        self.counts["requests sent"] += 1
        with connected(self._address) as connection:
            connection.send(request_bytes("GET", "/soak/narrow"))
            answer = connection.answer()
        self.counts["requests answered"] += 1
        assert answer.status in {200, 503}, answer
        self.counts["entered" if answer.status == 200 else "refused"] += 1

    def renew(self) -> None:
        """Have all routes of the items replaced."""
        self._web.ask("POST", "/admin/reload", 200, fields=[f"X-Admin-Token: {TOKEN}"])
        self.counts["reloads"] += 1


class Soak:
    """A server under load for a long time, in rounds; after each it must be as if nothing had happened."""

    def __init__(self, service: Service, pid: int) -> None:
        self.service = service
        self.counts: Counter[str] = Counter()
        """What was sent and what came of it, in all rounds."""
        self.resident: list[int] = []
        """Bytes that the process had after each round."""
        self.blocks: list[int] = []
        """What Python had allocated after each round."""
        self.threads: list[int] = []
        """How many threads the process had then: each brings memory of its own, and pools grow to their size once."""
        self._pid = pid
        self._generation = self._ask("state")["generation"]

    def play_round(self, seconds: float) -> None:
        """Let users work and vandals rage for some seconds, and compare everything that there is to compare.

        Raises:
            AssertionError: an answer was wrong, a number does not fit, or something never ended.
        """
        self.counts["rounds"] += 1
        over = threading.Event()
        names = [f"{name}-{self.counts['rounds']}" for name in NAMES]
        users = [User(self.service.address, name, names, over) for name in names]
        for user in users:
            user.enter()
        vandals = [Vandal(self.service, over) for _ in range(VANDALS)]
        with ThreadPoolExecutor(VANDALS) as pool:
            with working(users, over) as go_on:
                raging = [pool.submit(vandal.rage) for vandal in vandals]
                go_on(seconds)
            for future in raging:
                future.result()
        check(self.service, users)
        each = [vandal.counts for vandal in vandals] + [counts for user in users for counts in user.counts]
        self.counts += total(each)
        self._compare()
        self.blocks.append(self._ask("memory")["blocks"])
        self.resident.append(resident_bytes(self._pid))
        self.threads.append(len([*Path(f"/proc/{self._pid}/task").iterdir()]))
        self._tidy()

    def growth(self) -> dict[str, float]:
        """Return by how much the memory grew after it was warm."""
        cold = warm_up(self.threads)
        return {"resident": grown_by(self.resident[cold:]), "blocks": grown_by(self.blocks[cold:])}

    def _compare(self) -> None:
        counts = self.counts
        state = self._quiet_state()
        handled = sum(counts[what] for what in HANDLED)
        assert state["begun"] == state["ended"] == handled, (state, counts)
        assert state["inside"] == state["inside_too_many"] == 0, state
        assert state["generation"] == self._generation + counts["reloads"], (state, counts)
        assert counts["requests sent"] == counts["requests answered"], counts
        assert counts["feeds lost"] == counts["chats lost"] == 0, counts
        sent = counts["requests sent"] + counts["bodies left"] + counts["streams left"] + counts["feeds"]
        served = self._served(sent)
        by_status = {status: served[status] for status in ("500", "503", "504")}
        assert by_status == {"500": counts["exceptions"], "503": counts["refused"], "504": counts["timeouts"]}, counts

    def _quiet_state(self) -> dict[str, int]:
        """Return the state of the server once nothing is going on but the question."""
        state: dict[str, int] = {}
        for _ in range(QUIET_TRIES):
            state = self._ask("state")
            if state["in_flight"] == 1 and state["begun"] == state["ended"]:
                return state
            threading.Event().wait(QUIET_PAUSE_S)
        raise AssertionError(f"the server is not done: {state}")

    def _ask(self, what: str) -> dict[str, int]:
        web = Web(self.service.address, self.counts)
        _, answer = web.ask("GET", f"/soak/{what}", 200)
        web.close()
        return dict(answer)

    def _served(self, sent: int) -> Counter[str]:
        """Return how many requests the server has counted by status, when it has counted all; the end of one is
        counted after its last byte was sent."""
        served: Counter[str] = Counter()
        for _ in range(QUIET_TRIES):
            with connected(self.service.address) as connection:
                connection.send(request_bytes("GET", "/metrics"))
                body = connection.answer().body
            served.clear()
            for labels, value in REQUESTS.findall(body):
                served[STATUS.findall(labels)[0].decode()] += int(float(value))
            if sum(served.values()) == sent and all(float(value) == 0 for value in IN_PROGRESS.findall(body)):
                return served
            threading.Event().wait(QUIET_PAUSE_S)
        raise AssertionError(f"{sent} requests were sent, but {served.total()} counted: {served}")

    def _tidy(self) -> None:
        """Empty the database and remove the files, so that a round costs what the first one did."""
        with closing(sqlite3.connect(self.service.place / "todo.sqlite3", isolation_level=None)) as connection:
            connection.execute("pragma busy_timeout = 10000")
            # The latest event stays, as a mark without a topic: numbers never come twice.
            connection.execute("delete from events where id < (select max(id) from events)")
            connection.execute("update events set topic = ''")
            for table in ("items", "logins", "users"):
                connection.execute(f"delete from {table}")  # noqa: S608 - the names are above
        for file in (self.service.place / "todo-uploads").iterdir():
            file.unlink()


def rounds(place: Path, seconds: float, *, threads: int, round_s: float) -> Iterator[Soak]:
    """Serve, and play rounds until the time is over, at least one; give what was seen after each.

    Args:
        place: an empty directory for the database and the log.
        seconds: for all rounds.
        threads: event loops of the server; a build with the GIL has one in one process.
        round_s: how long the users work in each.

    Raises:
        AssertionError: something was wrong, or the server said what no test intended.
    """
    shape = ["--threads", str(threads)] if FREE_THREADED else ["--workers", "1"]
    service = Service("uvicorn", place, free_address(), shape, APP)
    end = time.monotonic() + seconds
    with service.running("soak") as process:
        seen = Soak(service, process.pid)
        is_over = False
        while not is_over:
            seen.play_round(round_s)
            is_over = time.monotonic() >= end
            yield seen
        stop(process)


def warm_up(threads: Sequence[int]) -> int:
    """Return how many rounds warm up: a quarter, and until 95 % of the threads that there will be are there.

    Pools start a thread when all others are busy, which takes as long as it takes; and each has memory of its own. The
    last quarter is warm in any case: were threads never to end, nothing would be compared otherwise.
    """
    grown = next(index for index, count in enumerate(threads) if count >= 0.95 * threads[-1])
    return min(max(len(threads) // 4, grown), len(threads) * 3 // 4)


def grown_by(figures: Sequence[int]) -> float:
    """Return the growth from the first third of some figures to the last; 0.01 is 1 %."""
    third = max(1, len(figures) // 3)
    return statistics.median(figures[-third:]) / statistics.median(figures[:third]) - 1
