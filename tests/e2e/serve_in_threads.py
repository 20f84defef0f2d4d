"""Serve one application on several event loops: `serve_in_threads.py DESCRIPTOR...`, a thread and a loop for each.

Stops when the process gets SIGTERM.
"""

from __future__ import annotations

import asyncio
import importlib
import signal
import socket
import sys
import threading

import uvicorn

# By name: the suite's helpers have a module called apps too, which only the path tells apart.
app = importlib.import_module("apps").app


def main(descriptors: list[int]) -> int:
    """Serve on listening sockets until the process is told to stop; 1 when a thread failed."""
    failures: list[BaseException] = []
    stop = threading.Event()
    servers = [
        uvicorn.Server(uvicorn.Config(app, http="h11", ws="none", log_level="warning", lifespan="on", loop="asyncio"))
        for _ in descriptors
    ]

    def serve(server: uvicorn.Server, descriptor: int) -> None:
        try:
            with socket.socket(fileno=descriptor) as listening:
                asyncio.run(server.serve(sockets=[listening]))
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the main thread
            failures.append(exc)
        finally:
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threads = [threading.Thread(target=serve, args=pair) for pair in zip(servers, descriptors, strict=True)]
    for thread in threads:
        thread.start()
    stop.wait()
    for server in servers:
        server.should_exit = True
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure
    return int(any(not server.started for server in servers))


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]]))
