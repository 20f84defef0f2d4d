"""Tests of an application that its own OpenAPI document gives.

`contract_cases` makes requests that the document says are valid, and `ContractCase.run` compares the answers with it.
`generate_contract_tests` is a plain list of the routes that need nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from hawkapi.testing.client import TestClient
from hawkapi.testing.response import TestResponse

if TYPE_CHECKING:
    from hawkapi.app import HawkAPI
    from hawkapi.testing._cases import Prepared
    from hawkapi.testing._conformance import Conformance

__all__ = [
    "ContractCase",
    "ContractError",
    "ContractOutcome",
    "ContractTest",
    "check_contract",
    "contract_cases",
    "generate_contract_tests",
]

TIMEOUT_S: Final = 30.0
"""For one request."""
HINTS: Final = {
    401: "status 401: give the client credentials",
    403: "status 403: give the client credentials",
    404: "status 404: give the parameters examples that exist",
}


class Described(Protocol):
    """An application that has an OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """Return it."""
        ...

    async def __call__(self, scope: Any, receive: Any, send: Any, /) -> None:
        """Serve a connection, as ASGI says."""


class ContractError(AssertionError):
    """An application does not do what its document says; the text has a line for each difference."""


@dataclass(frozen=True, slots=True)
class ContractOutcome:
    """What came of one case that did not fail."""

    case: ContractCase
    status_code: int | None
    """`None` where no request was sent."""
    unsure: str | None
    """Why the answer proves little, or `None`: it is a documented success."""


@dataclass(frozen=True, slots=True)
class ContractCase:
    """One request that a document says is valid, or not valid for one reason. Immutable; `str` is its name."""

    name: str
    """For a test's id: `GET /items/{key}`, the same with ` (everything)` or ` without query parameter 'q'`."""
    method: str
    path: str
    """The template."""
    request: Prepared | None = field(repr=False)
    """`None` where no valid request is known."""
    reason: str = field(repr=False)
    """Why there is none."""
    is_refused: bool
    """Whether the request lacks what the document says is required."""
    responses: dict[str, Any] = field(repr=False, compare=False)
    conformance: Conformance = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.name

    def run(self, client: TestClient, *, allow: Collection[int] = (), strict: bool = False) -> ContractOutcome:
        """Send the request and compare the answer with the document.

        The status has to be a documented one, the media type one of its content, and a JSON body has to fit the
        schema. A refusal, 4xx, that is not documented is no failure unless it is asked for: an example cannot know the
        application's data, nor who may see them. A request that lacks something only has to be refused.

        Args:
            client: for the application; its header fields, cookies and overrides are used.
            allow: statuses that are right beside those in the document.
            strict: let refusals fail that are not documented.

        Raises:
            ContractError: the answer is not what the document says, or the application raised something.
        """
        if self.request is None:
            return ContractOutcome(self, None, self.reason)
        try:
            response = _send(client, self.method, self.request)
        except TimeoutError:
            return ContractOutcome(self, None, f"there was no answer within {TIMEOUT_S:.0f} seconds")
        except Exception as exc:
            raise ContractError(f"{self.name}: the application raised {type(exc).__name__}: {exc}") from exc
        status = response.status_code
        if status in allow:
            return ContractOutcome(self, status, None)
        if self.is_refused:
            return self._refusal(status)
        is_documented = self.conformance.described(self.responses, status) is not None
        problem = self.conformance.problem(self.responses, response)
        if problem is not None and (strict or is_documented or not 400 <= status <= 499):
            raise ContractError(f"{self.name}: {problem}") from response.exception
        return ContractOutcome(self, status, _doubt(status, is_documented=is_documented))

    def _refusal(self, status: int) -> ContractOutcome:
        # A redirection may be that of a guard, to where one signs in.
        if not 300 <= status <= 499:
            raise ContractError(f"{self.name}: answered {status}, though the document says that it is required")
        return ContractOutcome(self, status, HINTS.get(status))


def contract_cases(app: Described | Mapping[str, Any]) -> list[ContractCase]:
    """Return the cases of every operation in a document, in its order.

    Each has a request with what it needs; one with everything that it takes, where that is more; and one without each
    query parameter, and without the body, that it needs. Values are the examples in the document, else made of
    schemas. WebSockets and `HEAD` are not in the document.

    Needs jsonschema: `pip install 'hawkapi[contract]'`.

    Args:
        app: has an OpenAPI document, or is one.

    Raises:
        ImportError: jsonschema is not installed.
        ValueError: the document is not of OpenAPI 3.1, whose schemas are JSON Schemas.
    """
    document = dict(app) if isinstance(app, Mapping) else app.openapi()
    version = str(document.get("openapi"))
    if not version.startswith("3.1"):
        raise ValueError(f"contract tests need an OpenAPI 3.1 document, and this one is {version}")
    # Only here: who imports the test client does not load what reads documents.
    from hawkapi.testing._cases import operations_in
    from hawkapi.testing._conformance import Conformance
    from hawkapi.testing._examples import Examples

    conformance = Conformance(document)
    return [
        ContractCase(
            f"{operation.method} {operation.path}{variant.suffix}",
            operation.method,
            operation.path,
            variant.request,
            variant.reason,
            variant.is_refused,
            operation.responses,
            conformance,
        )
        for operation in operations_in(document, Examples(document, conformance.fits))
        for variant in operation.variants()
    ]


def check_contract(
    app: Described, client: TestClient | None = None, *, allow: Collection[int] = (), strict: bool = False
) -> list[ContractOutcome]:
    """Run all cases of an application, and return what came of them.

    Every operation is called, those that delete things too: use an application of the test's own.

    Args:
        app: the application, which has an OpenAPI document.
        client: that sends the requests, with credentials for example; default one that runs start-up and shutdown.
        allow: statuses that are right beside those in the document, for example `{303}`.
        strict: let refusals, 4xx, fail that are not documented.

    Raises:
        ContractError: some answers are not what the document says; has a line for each.
        ImportError: jsonschema is not installed.
    """
    cases = contract_cases(app)
    if client is not None:
        return _run_all(cases, client, allow, strict=strict)
    with TestClient(app, raise_server_exceptions=False) as own:
        return _run_all(cases, own, allow, strict=strict)


def _run_all(
    cases: list[ContractCase], client: TestClient, allow: Collection[int], *, strict: bool
) -> list[ContractOutcome]:
    outcomes: list[ContractOutcome] = []
    failures: list[str] = []
    for case in cases:
        try:
            outcomes.append(case.run(client, allow=allow, strict=strict))
        except ContractError as exc:
            failures.append(str(exc))
    if failures:
        raise ContractError("\n".join(failures))
    return outcomes


def _doubt(status: int, *, is_documented: bool) -> str | None:
    """Return why an answer proves little."""
    if status < 400:
        return None
    return HINTS.get(status, f"status {status}" if is_documented else f"status {status}, which is not documented")


def _send(client: TestClient, method: str, request: Prepared) -> TestResponse:
    form: dict[str, Any] = {}
    if request.files or request.data:
        # Also a form without files is a multipart one here.
        form["files"] = [*(request.files or ()), *((name, (None, text)) for name, text in request.data or ())]
    return client.request(
        method,
        request.target,
        headers=[("accept", "application/json, */*;q=0.1"), *request.headers],
        cookies=dict(request.cookies),
        body=request.body,
        timeout_s=TIMEOUT_S,
        **form,
    )


@dataclass(frozen=True)
class ContractTest:
    """One request that an application is expected to answer."""

    name: str
    """For a test's id: `GET /items -> 200`."""
    method: str
    path: str
    expected_status: int


def generate_contract_tests(app: HawkAPI) -> list[ContractTest]:
    """Return a test per method of each route that is in the schema and has no path parameters.

    Methods are sorted, `HEAD` included. What a route requires in its query, header fields or body is not considered:
    `contract_cases` does that.
    """
    return [
        ContractTest(f"{method} {route.path} -> {route.status_code}", method, route.path, route.status_code)
        for route in app.routes
        if route.include_in_schema and "{" not in route.path
        for method in sorted(route.methods)
    ]
