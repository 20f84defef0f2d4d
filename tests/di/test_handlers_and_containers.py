"""Containers in handlers: injection by type, scopes of requests, overrides.

Annotations are evaluated at once here, because some of them name classes inside of tests.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import pytest
from asgi import call, request

from hawkapi import BackgroundTasks, Container, Depends, HawkAPI, HTTPException, Response
from hawkapi.di import override
from hawkapi.exceptions import UnsupportedTypeError


class Service:
    """Something that is made by the container."""

    def __init__(self) -> None:
        self.closed = False

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True


class Fake(Service):
    """Stands for it in a test."""


def container_with(lifecycle: str) -> Container:
    """Return a container with a provider of the service."""
    container = Container()
    container.register(Service, factory=Service, lifecycle=lifecycle)
    return container


def test_injection_by_type() -> None:
    """A parameter of a type that the container has is made by it, without a marker, or with one of any form."""
    app = HawkAPI(container=container_with("singleton"))

    def dependency(service: Service) -> int:
        return id(service)

    @app.get("/")
    async def handler(
        a: Service,
        b: Annotated[Service, Depends()],
        c: Annotated[int, Depends(dependency)],
        d: Service | None,
        e: Service = Depends(),
    ) -> bool:
        return a is b is d is e and id(a) == c

    assert request(app, "GET", "/").json() is True


@pytest.mark.parametrize(("lifecycle", "same", "again"), [("scoped", True, False), ("transient", False, False)])
def test_lives(lifecycle: str, same: bool, again: bool) -> None:
    """A scoped instance is the request's own; a transient one each parameter's."""
    app = HawkAPI(container=container_with(lifecycle))
    seen: list[Service] = []

    @app.get("/")
    async def handler(a: Service, b: Service) -> bool:
        seen.append(a)
        return a is b

    answers = [request(app, "GET", "/").json() for _ in range(2)]
    assert (answers, seen[0] is seen[1]) == ([same, same], again)


def test_scope_is_closed_last() -> None:
    """What the container made for a request is closed after its background tasks, and after generators."""
    app = HawkAPI(container=container_with("scoped"))
    log: list[Any] = []
    kept: list[Service] = []

    async def generator(service: Service) -> AsyncGenerator[None]:
        yield
        log.append(("generator", service.closed))

    @app.get("/", dependencies=[Depends(generator)])
    async def handler(service: Service, tasks: BackgroundTasks) -> None:
        kept.append(service)
        tasks.add_task(lambda: log.append(("task", service.closed)))

    assert request(app, "GET", "/").status == 204
    assert (log, kept[0].closed) == ([("generator", False), ("task", False)], True)


@pytest.mark.parametrize("failing", ["handler", "sending"])
def test_scope_is_closed_after_failures(failing: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails, the scope of the request is closed, and a yield-factory sees what it was."""
    log: list[Any] = []

    async def make() -> AsyncGenerator[Service]:
        try:
            yield Service()
        except BaseException as exc:
            log.append(type(exc))
            raise

    container = Container()
    container.scoped(Service, factory=make)
    app = HawkAPI(container=container)

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError

    @app.get("/", response_model=None)
    async def handler(service: Service) -> Any:
        if failing == "handler":
            raise HTTPException(418)
        return broken

    assert request(app, "GET", "/").status == (418 if failing == "handler" else 500)
    assert log == [HTTPException if failing == "handler" else KeyError]


def test_failing_close_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The response stands when the scope cannot be closed."""

    class Stubborn:
        def close(self) -> None:
            raise ValueError("stuck")

    container = Container()
    container.scoped(Stubborn, factory=Stubborn)
    app = HawkAPI(container=container)

    @app.get("/")
    async def handler(it: Stubborn) -> str:
        return "ok"

    with caplog.at_level(logging.ERROR, "hawkapi"):
        assert request(app, "GET", "/").json() == "ok"
    assert [record.message for record in caplog.records] == ["closing what the container made for '/' failed"]


def test_missing_provider(caplog: pytest.LogCaptureFixture) -> None:
    """Asked for by a marker, a type without a provider is a 500, or the default, or `None` where that is a choice."""
    app = HawkAPI()
    fallback = Service()

    @app.get("/required")
    async def required(service: Annotated[Service, Depends()]) -> None: ...

    @app.get("/default")
    async def default(service: Annotated[Service, Depends()] = fallback) -> bool:
        return service is fallback

    @app.get("/optional")
    async def optional(service: Annotated[Service | None, Depends()]) -> bool:
        return service is None

    assert request(app, "GET", "/required").status == 500
    assert "No provider registered for Service" in str(caplog.records[0].exc_info)
    assert "what is to be called stands in Depends(...)" in caplog.text
    assert [request(app, "GET", path).json() for path in ("/default", "/optional")] == [True, True]


def test_key_error_of_a_factory_is_no_missing_provider() -> None:
    """The default stands in for a provider that is not there, not for one that fails."""
    container = Container()

    def fail() -> Service:
        raise KeyError("x")

    container.scoped(Service, factory=fail)
    app = HawkAPI(container=container)

    @app.get("/")
    async def handler(service: Annotated[Service | None, Depends()] = None) -> None: ...

    assert request(app, "GET", "/").status == 500


def test_type_without_provider_or_marker_is_refused() -> None:
    """A class that neither a request nor the container can fill is refused when the route is registered."""

    async def handler(service: Service) -> None: ...

    with pytest.raises(UnsupportedTypeError, match="service"):
        HawkAPI().get("/")(handler)


def test_named_provider() -> None:
    """A name picks a provider; an unknown one means the unnamed provider."""
    container = container_with("singleton")
    container.singleton(Service, factory=Fake, name="alt")
    app = HawkAPI(container=container)

    @app.get("/")
    async def handler(
        a: Annotated[Service, Depends(name="alt")], b: Annotated[Service, Depends(name="other")]
    ) -> list[str]:
        return [type(a).__name__, type(b).__name__]

    assert request(app, "GET", "/").json() == ["Fake", "Service"]


async def current() -> str:
    """Return who is there."""
    return "real"


def test_override_of_a_function() -> None:
    """A function is replaced with all that the replacement needs, and comes back."""

    async def fake(who: str = "nobody") -> AsyncGenerator[str]:
        yield f"fake {who}"

    app = HawkAPI()

    @app.get("/")
    async def handler(user: Annotated[str, Depends(current)]) -> str:
        return user

    async def scenario() -> list[str]:
        answers = [(await call(app, "GET", "/?who=x")).json()]
        with override(app, {current: fake}):
            answers.append((await call(app, "GET", "/?who=x")).json())
        return [*answers, (await call(app, "GET", "/?who=x")).json()]

    assert asyncio.run(scenario()) == ["real", "fake x", "real"]


def test_replacement_may_ask_for_the_original() -> None:
    """What stands in for a function may depend on it."""

    async def louder(original: Annotated[str, Depends(current)]) -> str:
        return original.upper()

    app = HawkAPI()

    @app.get("/")
    async def handler(user: Annotated[str, Depends(current)]) -> str:
        return user

    app.dependency_overrides[current] = louder
    app.dependency_overrides = app.dependency_overrides
    assert request(app, "GET", "/").json() == "REAL"
    app.dependency_overrides = {}
    assert request(app, "GET", "/").json() == "real"


def test_override_of_a_type_without_provider() -> None:
    """What may be absent is there for as long as it is overridden, though nothing is registered."""
    app = HawkAPI()

    @app.get("/")
    async def handler(given: Annotated[Service | None, Depends()] = None) -> str:
        return type(given).__name__

    with override(app, {Service: Fake}):
        assert request(app, "GET", "/").json() == "Fake"
    assert request(app, "GET", "/").json() == "NoneType"


def test_override_of_a_guard_and_of_a_type() -> None:
    """Guards are replaced too; a type is made by the replacement."""
    app = HawkAPI(container=container_with("singleton"))

    async def deny() -> None:
        raise HTTPException(403)

    @app.get("/", dependencies=[Depends(deny)])
    async def handler(service: Service, response: Response) -> str:
        return type(service).__name__

    assert request(app, "GET", "/").status == 403
    with override(app, {deny: lambda: None, Service: Fake}):
        assert request(app, "GET", "/").json() == "Fake"
    app.dependency_overrides[deny] = lambda: None
    assert request(app, "GET", "/").json() == "Service"
