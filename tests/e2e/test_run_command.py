"""`hawkapi run` and `hawkapi dev` as processes: what they serve, how they stop, what they exit with."""

from __future__ import annotations

import json
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import FREE_THREADED, START_TIMEOUT_S, STOP_TIMEOUT_S, can_serve, free_address, wait_until_listening
from steady_load import SteadyLoad
from subprocesses import environment
from wire import connected, request_bytes

HERE = Path(__file__).parent
UVICORN = ("run", "run_command_app:app", "--server", "uvicorn")
SHAPES = [
    pytest.param([], 1, id="one", marks=pytest.mark.e2e_long),
    pytest.param(["--threads", "2", "--gil", "ignore"], 1, id="threads"),
    pytest.param(["--workers", "2"], 2, id="workers"),
]
"""Options, and how many applications there are then."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


@dataclass
class Command:
    """A `hawkapi` command that is running."""

    address: tuple[str, int]
    process: subprocess.Popen[bytes]
    scratch: Path

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def where(self) -> Any:
        """Return who answers a new connection."""
        with connected(self.address) as connection:
            connection.send(request_bytes("GET", "/where"))
            return json.loads(connection.answer().body)

    def notes(self) -> list[str]:
        """Return what the application has noted."""
        return (self.scratch / "notes").read_text("utf-8").splitlines()

    def log(self) -> str:
        """Return what the command has printed."""
        return (self.scratch / "log").read_text("utf-8", "replace")

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the process does."""
        for _ in range(int(START_TIMEOUT_S / 0.05)):
            if condition():
                return
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        assert condition(), self.log()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_TIMEOUT_S)


@contextmanager
def command(
    *arguments: str,
    place: Path = HERE,
    listens: bool = True,
    port: int | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Command]:
    """Run a command, on a free port unless one is given; the block must end it."""
    with tempfile.TemporaryDirectory(prefix="hawkapi-run-") as directory:
        scratch = Path(directory)
        (scratch / "notes").touch()
        address = free_address() if port is None else ("127.0.0.1", port)
        where = [] if "--unix-socket" in arguments else ["--port", str(address[1])]
        line = [sys.executable, "-P", "-W", "error", "-m", "hawkapi", *arguments, *where]
        with (
            (scratch / "log").open("wb") as log,
            subprocess.Popen(
                line,
                stdout=log,
                stderr=log,
                cwd=place,
                env=environment(HAWKAPI_E2E_NOTES=str(scratch / "notes"), **(variables or {})),
            ) as process,
        ):
            try:
                if listens:
                    wait_until_listening(address, process)
                running = Command(address, process, scratch)
                yield running
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"the command is still running:\n{(scratch / 'log').read_text()}") from None
            finally:
                process.kill()


def run(
    *options: str, listens: bool = True, port: int | None = None, variables: Mapping[str, str] | None = None
) -> AbstractContextManager[Command]:
    """Run the application of this directory with uvicorn."""
    return command(*UVICORN, *options, listens=listens, port=port, variables=variables)


@pytest.mark.parametrize(("options", "applications"), SHAPES)
def test_stop_under_load(options: list[str], applications: int) -> None:
    """A stop while clients send request after request loses none; start-up and shutdown run once per application."""
    with run(*options) as served:
        load = SteadyLoad(served.address, clients=8, target="/where")
        with load.running():
            assert served.stop() == 0
        assert load.lost == []
        assert sorted(served.notes()) == ["start"] * applications + ["stop"] * applications
        assert "Traceback" not in served.log()


@pytest.mark.parametrize(("options", "applications"), SHAPES)
def test_request_that_is_running(options: list[str], applications: int) -> None:
    """A request that was being answered when the signal came is answered."""
    with run(*options) as served, connected(served.address) as connection:
        connection.send(request_bytes("GET", "/slow"))
        served.wait_until(lambda: "slow" in served.notes())
        served.process.send_signal(signal.SIGINT)
        assert connection.answer().body == b'{"done":true}'
        assert connection.is_closed()
        assert served.process.wait(STOP_TIMEOUT_S) == 0


@pytest.mark.parametrize(("options", "applications"), SHAPES)
def test_request_that_does_not_end(options: list[str], applications: int) -> None:
    """After the graceful timeout a request is given up, and the application still shut down."""
    with run(*options, "--graceful-timeout", "1") as served, connected(served.address) as connection:
        connection.send(request_bytes("GET", "/forever"))
        served.wait_until(lambda: "forever" in served.notes())
        assert served.stop() == 0
        assert served.notes().count("stop") == applications


@pytest.mark.parametrize(("options", "applications"), SHAPES)
def test_event_stream_that_does_not_end(options: list[str], applications: int) -> None:
    """A stream of events is ended when the server stops, and its clients need not wait for the graceful timeout."""
    with run(*options, "--graceful-timeout", "600") as served, connected(served.address) as connection:
        connection.send(request_bytes("GET", "/events"))
        served.wait_until(lambda: "events" in served.notes() and served.notes().count("start") == applications)
        served.process.send_signal(signal.SIGTERM)
        answer = connection.answer()
        assert (answer.body, answer.complete) == (b"data: hello\n\n", True)
        assert served.process.wait(STOP_TIMEOUT_S) == 0
        assert sorted(served.notes()) == [
            "end of events",
            "events",
            *["start"] * applications,
            *["stop"] * applications,
        ]
        assert "Traceback" not in served.log()


@pytest.mark.parametrize(("options", "applications"), SHAPES)
def test_second_signal(options: list[str], applications: int) -> None:
    """A second signal does not wait for requests, and the status says that the end was forced."""
    with run(*options, "--graceful-timeout", "600") as served, connected(served.address) as connection:
        connection.send(request_bytes("GET", "/forever"))
        served.wait_until(lambda: "forever" in served.notes())
        served.process.send_signal(signal.SIGTERM)
        served.wait_until(lambda: "Waiting for connections to close" in served.log())
        assert served.stop() == 128 + signal.SIGTERM


@pytest.mark.parametrize(("options", "applications"), SHAPES)
def test_failed_start(options: list[str], applications: int) -> None:
    """Where start-up fails, nobody is served, the traceback is printed once per application, and the status is 3."""
    with run(*options, listens=False, variables={"HAWKAPI_E2E_BREAK": "start-up"}) as served:
        assert served.process.wait(START_TIMEOUT_S) == 3
        assert 1 <= served.log().count("Traceback (most recent call last)") <= applications
        assert "RuntimeError: the database is away, on purpose" in served.log()


def test_threads_share_the_application() -> None:
    """Both threads answer, in one process and with one application; the line says so."""
    with run("--threads", "2", "--gil", "ignore") as served:
        answers = [served.where() for _ in range(40)]
        assert {answer["thread"] for answer in answers} == {"hawkapi-0", "hawkapi-1"}
        assert {answer["process"] for answer in answers} == {served.process.pid}
        assert len({answer["app"] for answer in answers}) == 1
        assert served.log().splitlines()[0].startswith(f"hawkapi: {served.url} (uvicorn, 2 threads, GIL ")
        assert served.stop() == 0


def test_thread_that_ends() -> None:
    """When one event loop ends, the others are ended too, and the status is 1."""
    with run("--threads", "2", "--gil", "ignore") as served:
        with connected(served.address) as connection:
            connection.send(request_bytes("GET", "/end-loop"))
            assert served.process.wait(STOP_TIMEOUT_S) == 1
        assert "Event loop stopped before Future completed" in served.log()


@pytest.mark.parametrize("how", ["dies", "is-stopped"])
def test_worker_that_ends(how: str) -> None:
    """A worker that dies, or is told to stop by itself, is replaced; who comes meanwhile waits and is served."""
    with run("--workers", "2") as served:
        first = served.where()["process"]
        assert first != served.process.pid
        if how == "dies":
            with connected(served.address) as connection:
                connection.send(request_bytes("GET", "/die"))
                assert connection.is_closed()
        else:
            subprocess.run(["kill", "-TERM", str(first)], check=True)
        served.wait_until(lambda: served.notes().count("start") == 3)
        processes = {served.where()["process"] for _ in range(40)}
        assert len(processes) == 2
        assert "replaces it" in served.log()
        assert served.stop() == 0


def test_supervisor_that_is_killed() -> None:
    """Workers whose supervisor was killed end their requests and then themselves."""
    with run("--workers", "2") as served:
        served.wait_until(lambda: served.notes().count("start") == 2)
        served.process.kill()
        served.process.wait(STOP_TIMEOUT_S)
        for _ in range(int(STOP_TIMEOUT_S / 0.05)):
            if served.notes().count("stop") == 2:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                subprocess.run(["sleep", "60"], timeout=0.05, check=False)
        assert served.notes().count("stop") == 2


def test_unix_socket() -> None:
    """A Unix socket is served, and its file removed at the end."""
    with tempfile.TemporaryDirectory(prefix="hawkapi-") as directory:
        path = Path(directory, "s")
        with run("--threads", "2", "--gil", "ignore", "--unix-socket", str(path), listens=False) as served:
            served.wait_until(lambda: "startup complete" in served.log())
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
                assert client.get("http://shop/where").status_code == 200
            assert f"hawkapi: http+unix://{path} (uvicorn" in served.log()
            assert served.stop() == 0
            assert not path.exists()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that nobody signed, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl program, which makes the certificate")
    place = tmp_path_factory.mktemp("certificate")
    made, key = place / "cert.pem", place / "key.pem"
    what = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hawkapi test"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run([program, *what, *names], check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize(("options", "applications"), SHAPES)
def test_tls(options: list[str], applications: int, certificate: tuple[Path, Path]) -> None:
    """With a certificate HTTPS is served."""
    made, key = certificate
    with run(*options, "--ssl-certfile", str(made), "--ssl-keyfile", str(key)) as served:
        url = served.url.replace("http", "https")
        context = ssl.create_default_context(cafile=str(made))
        answer = httpx.get(f"{url}/client", verify=context, trust_env=False).json()
        assert answer == {"client": "127.0.0.1", "scheme": "https", "root": ""}
        assert served.log().startswith(f"hawkapi: {url} (uvicorn")
        assert served.stop() == 0


def test_certificate_that_is_none(tmp_path: Path) -> None:
    """A certificate that cannot be used is one line, and the status is 1."""
    made = tmp_path / "cert.pem"
    made.write_text("no certificate")
    with run("--ssl-certfile", str(made), listens=False) as served:
        assert served.process.wait(START_TIMEOUT_S) == 1
        assert served.log().startswith(f"hawkapi: cannot use the certificate {made} with the key {made}: ")
        assert served.log().count("\n") == 1


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        pytest.param([], {"client": "127.0.0.1", "scheme": "http", "root": ""}, id="not-believed"),
        pytest.param(["--proxy-headers"], {"client": "203.0.113.9", "scheme": "https", "root": ""}, id="believed"),
        pytest.param(
            ["--proxy-headers", "--forwarded-allow-ips", "192.0.2.0/24", "--root-path", "/shop"],
            {"client": "127.0.0.1", "scheme": "http", "root": "/shop"},
            id="other-proxy",
        ),
    ],
)
def test_proxy_headers(options: list[str], answer: dict[str, str]) -> None:
    """What a proxy says of the client is believed when that was asked for, and of nobody else."""
    with run(*options) as served:
        fields = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
        assert httpx.get(f"{served.url}/client", headers=fields, trust_env=False).json() == answer
        assert served.stop() == 0


@pytest.mark.parametrize("options", [[], ["--access-log"]], ids=["off", "on"])
def test_access_log(options: list[str]) -> None:
    """Requests are logged when that was asked for."""
    with run(*options) as served:
        httpx.get(f"{served.url}/where", trust_env=False)
        assert served.stop() == 0
        assert ('"GET /where HTTP/1.1" 200' in served.log()) is bool(options)


def test_port_that_is_taken() -> None:
    """A port that is in use is one line, and the status is 1."""
    with run() as served:
        with run(listens=False, port=served.address[1]) as second:
            assert second.process.wait(START_TIMEOUT_S) == 1
            assert second.log() == (
                f"hawkapi: cannot listen on 127.0.0.1 port {served.address[1]}: Address already in use; another "
                "program uses it, choose a different --port\n"
            )
        assert served.stop() == 0


def test_application_that_cannot_be_imported(tmp_path: Path) -> None:
    """The traceback and the sentence come before anything listens."""
    (tmp_path / "main.py").write_text("raise RuntimeError('no settings')\n")
    with command("run", place=tmp_path, listens=False) as served:
        assert served.process.wait(START_TIMEOUT_S) == 1
        assert served.log().splitlines()[-1] == (
            f"hawkapi: could not import module 'main': RuntimeError: no settings ({tmp_path / 'main.py'}, line 1)"
        )


BEFORE = """\
from hawkapi import HawkAPI
app = HawkAPI()
@app.get("/")
async def index() -> dict[str, int]:
    return {"version": 1}
"""


def test_dev_reloads_and_shows_tracebacks(tmp_path: Path) -> None:
    """A changed file is served without being asked for, and a 500 shows what went wrong."""
    file = tmp_path / "main.py"
    file.write_text(BEFORE)
    with command("dev", place=tmp_path) as served:
        assert httpx.get(served.url, trust_env=False).json() == {"version": 1}
        file.write_text(BEFORE.replace('return {"version": 1}', 'raise LookupError("version 2")'))
        served.wait_until(lambda: httpx.get(served.url, trust_env=False).status_code == 500)
        page = httpx.get(served.url, headers={"accept": "text/plain"}, trust_env=False)
        assert "LookupError: version 2" in page.text
        assert served.log().splitlines()[0] == (
            f"hawkapi: {served.url} (restarts when a file changes, Ctrl+C stops it)"
        )
        assert served.stop(signal.SIGINT) == 0


def test_module_that_switches_the_gil_on(tmp_path: Path) -> None:
    """With `--gil=refuse` a free-threaded build on which an import has switched the GIL on serves nobody."""
    if not FREE_THREADED:
        pytest.skip("this build always has the GIL")
    (tmp_path / "main.py").write_text(
        "import sys\nsys._is_gil_enabled = lambda: True\nfrom hawkapi import HawkAPI\napp = HawkAPI()\n"
    )
    with command("run", "--gil=refuse", place=tmp_path, listens=False) as served:
        assert served.process.wait(START_TIMEOUT_S) == 1
        assert served.log() == (
            "hawkapi: the GIL is on: a module that was imported switched it on; `hawkapi info --import MODULE` tells "
            "whether it was one\n"
        )


@pytest.mark.e2e_long
@pytest.mark.skipif(not can_serve("granian"), reason="granian is not installed")
@pytest.mark.parametrize(
    "options",
    [[], ["--workers", "2"], ["--interface", "asgi"], ["--proxy-headers", "--interface", "rsgi"]],
    ids=["one", "workers", "asgi", "rsgi-behind-a-proxy"],
)
def test_granian(options: list[str]) -> None:
    """granian serves, answers what is running when it is told to stop, and the status is 0 with the GIL."""
    if "--workers" in options and FREE_THREADED:
        pytest.skip("granian's workers are threads on free-threaded builds")
    with (
        command("run", "run_command_app:app", "--server", "granian", *options) as served,
        connected(served.address) as connection,
    ):
        connection.send(request_bytes("GET", "/slow"))
        served.wait_until(lambda: "slow" in served.notes())
        served.process.send_signal(signal.SIGTERM)
        assert connection.answer().body == b'{"done":true}'
        # granian 2.7.9 sometimes aborts at its end on free-threaded builds, when everything has been answered.
        ends = {0, -signal.SIGABRT} if FREE_THREADED else {0}
        assert served.process.wait(STOP_TIMEOUT_S) in ends
        assert f"hawkapi: {served.url} (granian, " in served.log()


@pytest.mark.e2e_long
@pytest.mark.skipif(not can_serve("granian"), reason="granian is not installed")
@pytest.mark.parametrize("interface", ["asgi", "rsgi"])
def test_granian_start_up_that_fails(interface: str) -> None:
    """It ends the server, with a status that is not 0."""
    options = ("--server", "granian", "--interface", interface)
    broken = {"HAWKAPI_E2E_BREAK": "start-up"}
    with command("run", "run_command_app:app", *options, listens=False, variables=broken) as served:
        assert served.process.wait(START_TIMEOUT_S) == 1
        assert "the database is away, on purpose" in served.log()


@pytest.mark.e2e_long
@pytest.mark.skipif(not can_serve("granian"), reason="granian is not installed")
def test_granian_event_stream_that_does_not_end() -> None:
    """With granian, too, a stream of events is ended when the server stops."""
    options = ("--server", "granian", "--graceful-timeout", "600")
    with (
        command("run", "run_command_app:app", *options) as served,
        connected(served.address) as connection,
    ):
        connection.send(request_bytes("GET", "/events"))
        served.wait_until(lambda: "events" in served.notes())
        served.process.send_signal(signal.SIGTERM)
        answer = connection.answer()
        assert (answer.body, answer.complete) == (b"data: hello\n\n", True)
        # As in `test_granian`.
        ends = {0, -signal.SIGABRT} if FREE_THREADED else {0}
        assert served.process.wait(STOP_TIMEOUT_S) in ends
        assert served.notes()[:3] == ["start", "events", "end of events"]


@pytest.mark.e2e_long
@pytest.mark.skipif(FREE_THREADED, reason="granian 2.7.9 panics there when it stops")
@pytest.mark.skipif(not can_serve("granian"), reason="granian is not installed")
@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--interface", "asgi"]], ids=["one", "workers", "asgi"])
def test_granian_stop_under_load(options: list[str]) -> None:
    """A stop while clients send request after request loses none with granian either."""
    with command("run", "run_command_app:app", "--server", "granian", *options) as served:
        load = SteadyLoad(served.address, clients=8, target="/where")
        with load.running():
            assert served.stop() == 0
        assert load.lost == []
        assert "Traceback" not in served.log()
