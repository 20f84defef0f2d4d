"""Settings of an application."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hawkapi import HawkAPI, Settings, env_field


@dataclass(frozen=True)
class Pool:
    size: int = 5
    timeout_s: float = 30.0


class ShopSettings(Settings):
    database_url: str = env_field("SHOP_DATABASE_URL")
    debug: bool = env_field("SHOP_DEBUG", default=False)
    log_level: Literal["debug", "info", "warning"] = env_field("SHOP_LOG_LEVEL", default="info")
    allowed_hosts: list[str] = env_field("SHOP_ALLOWED_HOSTS", default_factory=list)
    uploads: Path = env_field("SHOP_UPLOADS", default=Path("uploads"))
    pool: Pool = env_field("SHOP_POOL", default=Pool())
    name: str = "shop"


def create_app(settings: ShopSettings) -> HawkAPI:
    app = HawkAPI(title=settings.name, debug=settings.debug)

    @app.get("/hosts")
    async def hosts() -> list[str]:
        return settings.allowed_hosts

    return app
