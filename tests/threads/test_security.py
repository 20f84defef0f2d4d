"""Schemes, a policy, a verifier and an issuer's keys are each one object for many event loops."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections import Counter
from typing import Annotated, Any

import pytest
from asgi import call
from loops import run_in_loops

from hawkapi import (
    APIKeyHeader,
    Depends,
    HawkAPI,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    HTTPBearerCredentials,
    HTTPException,
    PermissionPolicy,
    Request,
    Security,
    SecurityScopes,
    secret_among,
)
from hawkapi._threading import ShardedCounter
from hawkapi.security.jwks import JWKSet
from hawkapi.security.jwt import JWTBearer, JWTVerifier

pytestmark = pytest.mark.race

LOOPS = 8
ROUNDS = 40


async def ask(app: HawkAPI, path: str, *fields: tuple[str, str]) -> tuple[int, Any]:
    """Return the status and the document of an answer."""
    reply = await call(app, "GET", path, headers=dict(fields))
    return reply.status, reply.json() if reply.status == 200 else reply.header("www-authenticate")


def test_schemes_of_many_loops() -> None:
    """Each request gets its own credentials, or its own refusal, whatever the others bring."""
    app = HawkAPI()
    keys = [f"key-{index}" for index in range(LOOPS)]

    @app.get("/")
    async def who(
        scopes: Annotated[SecurityScopes, Security(scopes_of_route, scopes=["b", "a"])],
        basic: Annotated[HTTPBasicCredentials | None, Depends(HTTPBasic(auto_error=False))],
        bearer: Annotated[HTTPBearerCredentials | None, Depends(HTTPBearer(auto_error=False))],
        key: Annotated[str, Depends(APIKeyHeader("X-Key"))],
    ) -> list[Any]:
        found = basic.password if basic is not None else bearer.credentials if bearer is not None else None
        return [scopes.scope_str, found, secret_among(key, keys)]

    async def drive(index: int) -> Counter[str]:
        seen: Counter[str] = Counter()
        for number in range(ROUNDS):
            mine = f"{index}-{number}"
            encoded = base64.b64encode(f"u:{mine}".encode()).decode()
            key = ("x-key", keys[index])
            answers = await asyncio.gather(
                ask(app, "/", ("authorization", f"Basic {encoded}"), key),
                ask(app, "/", ("authorization", f"Bearer {mine}"), ("x-key", mine)),
                ask(app, "/", ("authorization", f"Bearer {mine}")),
            )
            seen["basic"] += answers[0] == (200, ["a b", mine, True])
            seen["bearer"] += answers[1] == (200, ["a b", mine, False])
            seen["no key"] += answers[2] == (401, None)
        return seen

    assert run_in_loops(LOOPS, drive) == [{"basic": ROUNDS, "bearer": ROUNDS, "no key": ROUNDS}] * LOOPS


def scopes_of_route(scopes: SecurityScopes) -> SecurityScopes:
    """Return what it is given."""
    return scopes


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "plain"])
def test_one_policy_of_many_loops(is_async: bool) -> None:
    """A client is judged by its own permissions only; the resolver is asked once for each request."""
    asked, served = ShardedCounter(), ShardedCounter()

    def may(request: Request) -> list[str]:
        asked.add()
        return request.headers.get("x-may", "").split()

    async def may_async(request: Request) -> list[str]:
        await asyncio.sleep(0)
        return may(request)

    async def answer() -> str:
        served.add()
        return "ok"

    app = HawkAPI()
    app.get("/a", permissions=["a"])(answer)
    app.get("/b", permissions=["a", "b"])(answer)
    app.permission_policy = PermissionPolicy(may_async if is_async else may)

    async def drive(index: int) -> list[int]:
        total = [0, 0, 0]
        for _ in range(ROUNDS):
            for place, (path, has) in enumerate([("/a", "a"), ("/b", "a"), ("/b", "b a")]):
                total[place] += (await ask(app, path, ("x-may", has)))[0]
        return total

    assert run_in_loops(LOOPS, drive) == [[200 * ROUNDS, 403 * ROUNDS, 200 * ROUNDS]] * LOOPS
    assert (asked.value, served.value) == (3 * LOOPS * ROUNDS, 2 * LOOPS * ROUNDS)


def test_policy_that_is_taken_away() -> None:
    """While a policy is set, replaced and taken away, no client without permissions ever comes in."""
    app, served, ended, stopped = HawkAPI(), ShardedCounter(), ShardedCounter(), threading.Event()

    async def answer() -> str:
        served.add()
        return "ok"

    app.get("/", permissions=["a"])(answer)
    policies = [PermissionPolicy(lambda request: request.headers.get("x-may", "").split()), None]

    async def change() -> Counter[int]:
        changes = 0
        while ended.value < LOOPS - 1:
            app.permission_policy = policies[changes % 2]
            changes += 1
            await asyncio.sleep(0)
        app.permission_policy = policies[0]
        stopped.set()
        return Counter()

    async def drive() -> Counter[int]:
        seen: Counter[int] = Counter()
        for _ in range(ROUNDS):
            assert (await ask(app, "/", ("x-may", "b")))[0] in {403, 500}
            status = (await ask(app, "/", ("x-may", "a")))[0]
            assert status in {200, 500}
            seen[status] += 1
        ended.add()
        await asyncio.to_thread(stopped.wait)
        assert [(await ask(app, "/", ("x-may", may)))[0] for may in ("a", "b")] == [200, 403]
        seen[200] += 1
        return seen

    seen = run_in_loops(LOOPS, lambda index: change() if index == 0 else drive())
    assert served.value == sum(found[200] for found in seen)


def test_one_verifier_of_many_loops() -> None:
    """Claims are those of the token of the request; the tokens of others, and forged ones, change nothing."""
    jwt = pytest.importorskip("jwt", reason="needs PyJWT")
    secret = "a secret of thirty-two bytes, yes"  # noqa: S105 - of this test
    end = int(time.time()) + 3600
    bearer = JWTBearer(JWTVerifier(algorithms=["HS256"], secret=[secret, "x" * 32]), scope_claim="scope")
    read = Security(bearer, scopes=["read"])
    app = HawkAPI()

    @app.get("/")
    async def who(claims: dict[str, Any] = read) -> int:
        number: int = claims["n"]
        return number

    def token(key: str, scope: str, number: int) -> tuple[str, str]:
        text: str = jwt.encode({"exp": end, "scope": scope, "n": number}, key, algorithm="HS256")
        return "authorization", f"Bearer {text}"

    async def drive(index: int) -> Counter[str]:
        seen: Counter[str] = Counter()
        for number in range(ROUNDS):
            mine = index * ROUNDS + number
            key = (secret, "x" * 32)[number % 2]
            seen["good"] += await ask(app, "/", token(key, "read write", mine)) == (200, mine)
            forged = await ask(app, "/", token("y" * 32, "read", mine))
            seen["forged"] += forged == (401, 'Bearer error="invalid_token"')
            narrow = await ask(app, "/", token(key, "write", mine))
            seen["narrow"] += narrow == (403, 'Bearer error="insufficient_scope", scope="read"')
        return seen

    assert run_in_loops(LOOPS, drive) == [{"good": ROUNDS, "forged": ROUNDS, "narrow": ROUNDS}] * LOOPS


class Issuer:
    """Publishes one key at a time, and counts how often and how often at once it is asked."""

    def __init__(self, keys: list[tuple[dict[str, Any], Any]]) -> None:
        self.keys = keys
        self.current = 0
        self.loads = ShardedCounter()
        self.at_once = ShardedCounter()
        self.most = 0

    async def load(self, url: str) -> bytes:
        """Return the document."""
        self.loads.add()
        self.at_once.add()
        self.most = max(self.most, self.at_once.value)
        public, _ = self.keys[self.current]
        await asyncio.sleep(0)
        self.at_once.add(-1)
        return json.dumps({"keys": [public]}).encode()


def issuer_of(count: int) -> Issuer:
    """Return an issuer who has so many keys, one after the other."""
    ed25519 = pytest.importorskip(
        "cryptography.hazmat.primitives.asymmetric.ed25519", reason="needs cryptography, which has no wheel for 3.13t"
    )
    algorithms = pytest.importorskip("jwt.algorithms")
    made = [ed25519.Ed25519PrivateKey.generate() for _ in range(count)]
    public = [json.loads(algorithms.OKPAlgorithm.to_jwk(key.public_key())) for key in made]
    return Issuer([({**jwk, "kid": str(number)}, made[number]) for number, jwk in enumerate(public)])


def test_keys_that_are_replaced_under_load() -> None:
    """A token of a new key is good as soon as it is published, one of an old key never again, with a load for each."""
    jwt = pytest.importorskip("jwt", reason="needs PyJWT")
    count = 10
    issuer = issuer_of(count)
    keys = JWKSet("https://issuer.example/jwks", load=issuer.load, min_interval_s=0)
    verifier = JWTVerifier(algorithms=["EdDSA"], jwks=keys)
    end = int(time.time()) + 3600
    tokens = [
        jwt.encode({"exp": end, "n": number}, private, algorithm="EdDSA", headers={"kid": str(number)})
        for number, (_, private) in enumerate(issuer.keys)
    ]
    together = threading.Barrier(LOOPS)

    async def drive(index: int) -> list[int]:
        found = []
        for number in range(count):
            await asyncio.to_thread(together.wait)
            if index == 0:
                issuer.current = number
            await asyncio.to_thread(together.wait)
            claims = await asyncio.gather(*(verifier.verify(tokens[number]) for _ in range(5)))
            assert {claim["n"] for claim in claims} == {number}
            found.append(issuer.loads.value)
        await asyncio.to_thread(together.wait)
        with pytest.raises(HTTPException, match="Invalid token"):
            await verifier.verify(tokens[0])
        return found

    assert run_in_loops(LOOPS, drive) == [list(range(1, count + 1))] * LOOPS
    assert issuer.most == 1


def test_issuer_that_fails_is_asked_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many loops wait for keys that do not come, there is one load, and one more after the interval."""
    loads, now = ShardedCounter(), [1000.0]

    async def load(url: str) -> bytes:
        loads.add()
        await asyncio.sleep(0)
        raise OSError("no route to host")

    keys = JWKSet("https://issuer.example/jwks", load=load, min_interval_s=30, clock=lambda: now[0])

    async def find() -> int:
        with pytest.raises(HTTPException) as caught:
            await keys.find("a", "EdDSA")
        return caught.value.status_code

    async def drive(index: int) -> set[int]:
        return set(await asyncio.gather(*(find() for _ in range(ROUNDS))))

    for asked in range(1, 4):
        assert run_in_loops(LOOPS, drive) == [{503}] * LOOPS
        assert (loads.value, len(caplog.records)) == (asked, asked)
        now[0] += 30


def test_policy_that_is_replaced_while_serving() -> None:
    """Whoever has replaced it is answered by the new one; nobody is let in without any."""
    app = HawkAPI()

    @app.get("/", permissions=["read"])
    async def handler() -> int:
        return 1

    async def granted(request: Any) -> set[str]:
        return {"read"}

    policies = [(PermissionPolicy(lambda _: set()), 403), (PermissionPolicy(granted), 200), (None, 500)]

    async def drive(index: int) -> None:
        for number in range(ROUNDS):
            if index:
                assert (await ask(app, "/"))[0] in {200, 403, 500}
                continue
            app.permission_policy, status = policies[number % 3]
            assert (await ask(app, "/"))[0] == status

    run_in_loops(LOOPS, drive)
