"""Users of `docs/examples/todo` who do everything it offers at the same time, and check what they are told.

Nothing is tried again, except a connection that the server refuses: it has carried no request. Whatever else happens
instead of a whole answer is an exception of the user's, which the test sees. Feeds and chats may end, and go on where
they were; those that get no answer are counted (`feeds lost`, `chats lost`).
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Final

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect
from wire import Answer, Connection, request_bytes

THE_END: Final = "the end"
"""The title of everybody's last item, and the text of everybody's last message."""
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of nobody
TIMEOUT_S: Final = 30.0
REFUSED_PAUSE_S: Final = 0.05
STEP_PAUSE_S: Final = 0.005

type Address = tuple[str, int]


class Web:
    """One connection at a time to the server, for one thread."""

    def __init__(self, address: Address, counts: Counter[str]) -> None:
        self.address = address
        self.counts = counts
        self.cookie = ""
        self._connection: Connection | None = None

    def ask(
        self, method: str, target: str, status: int, body: Any = None, fields: Sequence[str] = ()
    ) -> tuple[Answer, Any]:
        """Send a request, and return the answer, whose status must be this one, and what its JSON means.

        Args:
            method: of the request.
            target: of the request.
            status: of the answer.
            body: bytes, or a value to be sent as JSON, or `None`.
            fields: further lines of the header.
        """
        lines = [*fields, *([f"Cookie: login={self.cookie}"] if self.cookie else [])]
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            lines.append("Content-Type: application/json")
        if self._connection is None:
            self._connection = until_accepted(lambda: Connection(self.address), self.counts)
        self.counts["requests sent"] += 1
        try:
            self._connection.send(request_bytes(method, target, lines, body))
            answer = self._connection.answer(method)
        except (OSError, EOFError) as exc:
            raise AssertionError(f"{method} {target} was not answered: {exc!r}") from exc
        self.counts["requests answered"] += 1
        assert answer.status == status, (method, target, answer)
        assert answer.complete, (method, target, answer)
        if answer.header("connection") == "close":
            self.close()
        is_json = (answer.header("content-type") or "").startswith("application/json")
        return answer, json.loads(answer.body) if is_json else None

    def close(self) -> None:
        """Close the connection; the next request makes another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class User:
    """Somebody with a to-do list, who works in three threads: `act`, `follow` and `talk`.

    Each attribute is written by one thread, and read by the test when the threads have ended.
    """

    def __init__(self, address: Address, name: str, everybody: Sequence[str], over: threading.Event) -> None:
        self.address = address
        self.name = name
        self.everybody = everybody
        self.over = over
        """Set when the users shall come to an end."""
        self.counts: list[Counter[str]] = [Counter(), Counter(), Counter()]
        self.items: list[dict[str, Any]] = []
        """The list, as it must be."""
        self.files: dict[int, str] = {}
        """The SHA-256 of what is attached to items."""
        self.happened: list[dict[str, Any]] = []
        """What the feed must tell."""
        self.fed: list[tuple[int, dict[str, Any]]] = []
        """What the feed has told, with the number of each event."""
        self.said: list[str] = []
        """Messages of this user's that were sent, once or more often."""
        self.heard: list[dict[str, Any]] = []
        """All messages that came from the chat."""
        self._web = Web(address, self.counts[0])

    def enter(self) -> None:
        """Sign up and log in."""
        mine = {"name": self.name, "password": PASSWORD}
        assert self._web.ask("POST", "/users", 201, mine)[1] == {"name": self.name}
        self._web.ask("POST", "/users", 409, mine)
        self._web.ask("GET", "/items", 401)
        self._log_in()
        assert self._list() == []
        # Others enter now; a connection that is idle for some seconds would be closed.
        self._web.close()

    def act(self) -> None:
        """Add items, finish every second one, attach files to some, and look at the list, until it is over."""
        step = 0
        while not self.over.wait(STEP_PAUSE_S):
            self._step(step)
            step += 1
        self._add(THE_END)
        assert self._list() == self.items
        self._web.close()

    def _step(self, step: int) -> None:
        item = self._add(f"{self.name}'s item {step}")
        if step % 2:
            self._finish(item)
        if step % 10 == 3:
            assert self._list() == self.items
        if step % 20 == 5:
            self._attach(item, 300_000 + step)
        if step % 40 == 7:
            self._web.ask("POST", "/login", 401, {"name": self.name, "password": "a wrong password"})
            self._log_in()
            self._web.ask("PUT", "/items/999999999/done", 404)
            self._web.ask("POST", "/items", 400, {"title": ""})
        if step % 40 == 27:
            self._web.close()

    def _log_in(self) -> None:
        answer, _ = self._web.ask("POST", "/login", 200, {"name": self.name, "password": PASSWORD})
        name, _, rest = (answer.header("set-cookie") or "").partition("=")
        assert name == "login"
        self._web.cookie = rest.partition(";")[0]

    def _list(self) -> Any:
        return self._web.ask("GET", "/items", 200)[1]

    def _add(self, title: str) -> dict[str, Any]:
        _, item = self._web.ask("POST", "/items", 201, {"title": title})
        assert item == {"id": item["id"], "title": title, "done": False, "attachment": False}
        self.items.append(item)
        self.happened.append({"added": item["id"], "title": title})
        return dict(item)

    def _finish(self, item: dict[str, Any]) -> None:
        self._web.ask("PUT", f"/items/{item['id']}/done", 204)
        self.items[-1]["done"] = True
        self.happened.append({"done": item["id"]})

    def _attach(self, item: dict[str, Any], size: int) -> None:
        content = hashlib.shake_128(f"{self.name} {size}".encode()).digest(size)
        head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="../notes.bin"\r\n\r\n'
        body = head + content + b"\r\n--edge--\r\n"
        target = f"/items/{item['id']}/attachment"
        self._web.ask("GET", target, 404)
        self._web.ask("PUT", target, 204, body, ["Content-Type: multipart/form-data; boundary=edge"])
        self.items[-1]["attachment"] = True
        self.files[item["id"]] = hashlib.sha256(content).hexdigest()
        assert self._web.ask("GET", target, 200)[0].body == content
        self.counts[0]["files sent and read"] += 1

    def follow(self) -> None:
        """Read the feed to its last event; come back whenever it ends before."""
        counts = self.counts[1]
        while not self.fed or self.fed[-1][1].get("title") != THE_END:
            connection = until_accepted(self._connect, counts)
            last = str(self.fed[-1][0]) if self.fed else "0"
            try:
                fields = {"Cookie": f"login={self._web.cookie}", "Last-Event-ID": last}
                connection.request("GET", "/feed", headers=fields)
                response = connection.getresponse()
            except ConnectionError:
                counts["feeds lost"] += 1
                connection.close()
                continue
            assert response.status == 200
            counts["feeds"] += 1
            for number, data in events_of(response):
                self.fed.append((number, data))
                if data.get("title") == THE_END:
                    break
            connection.close()
        counts["feed events"] += len(self.fed)

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(*self.address, timeout=TIMEOUT_S)
        connection.connect()
        return connection

    def talk(self) -> None:
        """Say one thing after the other, each when the one before was heard, until everybody has said the last one."""
        counts = self.counts[2]
        while self._absent():
            after = self.heard[-1]["id"] if self.heard else 0
            try:
                socket = until_accepted(functools.partial(self._call, after), counts)
            except (InvalidHandshake, ConnectionError):
                counts["chats lost"] += 1
                continue
            counts["chats"] += 1
            with socket:
                try:
                    self._converse(socket)
                except ConnectionClosed as exc:
                    counts[f"chats closed with {exc.rcvd.code if exc.rcvd else 1006}"] += 1
        counts["messages said"] += len(self.said)
        counts["messages heard"] += len(self.heard)

    def _call(self, after: int) -> ClientConnection:
        return connect(
            f"ws://{self.address[0]}:{self.address[1]}/chat?after={after}",
            additional_headers={"Cookie": f"login={self._web.cookie}"},
            open_timeout=TIMEOUT_S,
            proxy=None,
        )

    def _converse(self, socket: ClientConnection) -> None:
        mine = sum(message["user"] == self.name for message in self.heard)
        if mine < len(self.said):
            self._say(socket, mine)
        while self._absent():
            if mine == len(self.said) and self.said[-1:] != [THE_END]:
                self.said.append(THE_END if self.over.is_set() else f"{self.name} says {mine}")
                self._say(socket, mine)
            message = json.loads(socket.recv(TIMEOUT_S))
            self.heard.append(message)
            mine += message["user"] == self.name

    def _say(self, socket: ClientConnection, number: int) -> None:
        socket.send(f"{number} {self.said[number]}")

    def _absent(self) -> set[str]:
        """Return who has not said the last thing yet."""
        return set(self.everybody) - {message["user"] for message in self.heard[-500:] if message["text"] == THE_END}


def until_accepted[T](make: Callable[[], T], counts: Counter[str]) -> T:
    """Make a connection; try again while the server refuses it."""
    for _ in range(int(TIMEOUT_S / REFUSED_PAUSE_S)):
        try:
            return make()
        except ConnectionRefusedError:
            counts["connections refused"] += 1
            threading.Event().wait(REFUSED_PAUSE_S)
    raise AssertionError("the server does not listen")


def events_of(response: http.client.HTTPResponse) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the events of a feed until it ends, wherever it is cut."""
    fields: dict[str, str] = {}
    try:
        while (line := response.readline()).endswith(b"\n"):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                yield int(fields["id"]), json.loads(fields["data"])
                fields = {}
    except (http.client.IncompleteRead, ConnectionError):
        return


def reload_everywhere(address: Address, token: str, processes: int, counts: Counter[str]) -> dict[int, int]:
    """Ask for new routes, by new connections, until every process has them; return the edition of each."""
    editions: dict[int, int] = {}
    for _ in range(1000):
        web = Web(address, counts)
        _, answer = web.ask("POST", "/admin/reload", 200, fields=[f"X-Admin-Token: {token}", "Connection: close"])
        web.close()
        counts["reloads"] += 1
        editions[answer["process"]] = answer["edition"]
        if len(editions) == processes:
            return editions
    raise AssertionError(f"only the processes {list(editions)} answer")


@contextmanager
def working(users: Sequence[User], over: threading.Event) -> Iterator[Callable[[float], None]]:
    """Let users work; the block gets a function that lets time pass, and raises what a user raised meanwhile."""
    failed = threading.Event()
    jobs = [job for user in users for job in (user.act, user.follow, user.talk)]
    pool = ThreadPoolExecutor(len(jobs))
    futures = [pool.submit(job) for job in jobs]
    for future in futures:
        future.add_done_callback(lambda done: failed.set() if done.exception() else None)

    def failures() -> list[BaseException]:
        return [exc for future in futures if future.done() and (exc := future.exception())]

    def go_on(seconds: float) -> None:
        if failed.wait(seconds):
            raise failures()[0]

    try:
        yield go_on
    finally:
        over.set()
        # Who waits for the last words of somebody who has failed is not waited for; that ends with the server.
        wait(futures, return_when=FIRST_EXCEPTION)
        pool.shutdown(wait=not failures())
    for failure in failures():
        raise failure


def total(counts: Sequence[Mapping[str, int]]) -> Counter[str]:
    """Return the sum of some counts."""
    return sum((Counter(each) for each in counts), Counter())
