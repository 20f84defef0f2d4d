"""The container: what the application is made of, by type, for as long as each is to live."""

import asyncio
from collections.abc import AsyncIterator

from hawkapi import Container, HawkAPI

log: list[str] = []


class Settings:
    """Read once."""

    greeting = "hello"


class Pool:
    """Stands for a pool of connections, which belongs to one event loop."""

    async def aclose(self) -> None:
        log.append("pool closed")


class Session:
    """Stands for a database session."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool


class Greeter:
    """Needs two of them, and says so by type."""

    def __init__(self, settings: Settings, session: Session) -> None:
        self.settings = settings
        self.session = session

    def greet(self, name: str) -> str:
        return f"{self.settings.greeting}, {name}"


async def open_session(pool: Pool) -> AsyncIterator[Session]:
    try:
        yield Session(pool)
    except Exception:
        log.append("roll back")
        raise
    else:
        log.append("commit")


container = Container()
container.singleton(Settings, factory=Settings)
container.per_loop(Pool, factory=Pool)
container.scoped(Session, factory=open_session)
container.transient(Greeter, factory=Greeter)

app = HawkAPI(container=container)


@app.get("/greetings/{name}")
async def greeting(name: str, greeter: Greeter) -> dict[str, str]:
    return {"message": greeter.greet(name)}


async def script() -> str:
    """Use the same container without the application."""
    async with container, container.scope() as scope:
        greeter = await scope.resolve(Greeter)
        return greeter.greet("script")


if __name__ == "__main__":
    print(asyncio.run(script()))  # noqa: T201
