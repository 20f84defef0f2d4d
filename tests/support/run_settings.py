"""Options of `hawkapi run` as its parts get them."""

from __future__ import annotations

from hawkapi.cli._settings import Settings

SETTINGS = Settings(
    host="127.0.0.1",
    port=0,
    unix_socket=None,
    workers=1,
    threads=1,
    ssl_certfile=None,
    ssl_keyfile=None,
    forwarded_allow_ips=None,
    access_log=False,
    graceful_timeout_s=10,
    log_level="info",
    root_path="",
    backlog=2048,
)
