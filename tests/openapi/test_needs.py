"""What a document lists is what binding reads: the two walks over a handler find the same."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from hawkapi import BackgroundTasks, Body, Depends, HawkAPI, Header, Query, Request
from hawkapi._plan import EndpointPlan
from hawkapi.openapi._needs import read_needs


class Service:
    """Made by the container."""


class Repository:
    """A class as a dependency."""

    def __init__(self, limit: int = 5, service: Service = Depends()) -> None:
        self.limit = limit


def session(x_tenant: Annotated[str, Header()]) -> Any:
    """Be a generator."""
    yield x_tenant


def user(tenant: str = Depends(session), token: str = "") -> str:
    """Depend on another."""
    return tenant


def guard(key: int, who: str = Depends(user)) -> None:
    """Depend on another too."""


def plain(number: int, q: str = "") -> None:
    """Depend on nothing."""


def nested(number: int, who: str = Depends(user), again: str = Depends(user), tenant: str = Depends(session)) -> None:
    """Depend on some several times."""


def of_classes(number: int, repository: Repository = Depends(), other: Repository = Depends(Repository)) -> None:
    """Depend on classes."""


def of_everything(
    request: Request,
    tasks: BackgroundTasks,
    number: int,
    service: Service,
    item: Annotated[int, Body()],
    q: Annotated[list[int], Query(default=[])],
) -> None:
    """Ask for what is not a parameter too."""


@pytest.mark.parametrize("handler", [plain, nested, of_classes, of_everything])
@pytest.mark.parametrize("dependencies", [[], [Depends(guard)], [Depends(guard), Depends(session)]])
def test_same_parameters_as_binding(handler: Any, dependencies: list[Any]) -> None:
    """Of the handler, its dependencies and its guards."""
    app = HawkAPI()
    app.container.singleton(Service, factory=Service)
    app.container.singleton(Repository, factory=Repository)
    app.post("/{number:int}", dependencies=dependencies)(handler)
    route = next(route for route in app.routes if route.name == handler.__name__)
    bound = EndpointPlan(route, app.container.has).binding.parameters
    listed = read_needs(route, app.container.has).parameters

    def key(parameter: Any) -> tuple[str, str, str]:
        return parameter.source.value, parameter.wire_name, str(parameter.description.type)

    assert {key(parameter) for parameter in listed} == {key(parameter) for parameter in bound}
