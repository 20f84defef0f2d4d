"""What `hawkapi run` was asked for, as its servers read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of `hawkapi run`. Immutable and picklable: threads share it, worker processes get it."""

    host: str
    port: int
    unix_socket: Path | None
    workers: int
    threads: int
    ssl_certfile: Path | None
    ssl_keyfile: Path | None
    forwarded_allow_ips: str | None
    """Whose `X-Forwarded-*` fields are believed; `None` for nobody's."""
    access_log: bool
    graceful_timeout_s: int
    log_level: str
    root_path: str
    backlog: int
    interface: str = "auto"
    """How granian talks to the application: `asgi`, `rsgi`, or `auto` for the one that suits it."""

    def url(self, port: int | None = None) -> str:
        """Return where the application is, for people.

        Args:
            port: the one that was bound, where 0 was asked for.
        """
        scheme = "http" if self.ssl_certfile is None else "https"
        if self.unix_socket is not None:
            return f"{scheme}+unix://{self.unix_socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{port or self.port}"
