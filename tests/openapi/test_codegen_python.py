"""Clients in Python: what they send, what they make of answers, and that documents cannot put code into them."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import secrets
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from hawkapi.openapi.codegen import (
    ClientIR,
    FieldIR,
    OperationIR,
    ParamIR,
    SchemaIR,
    UnusableSpecError,
    build_client_ir,
    generate_python_client,
)
from hawkapi.openapi.codegen.python import Models

HAS_MSGSPEC = importlib.util.find_spec("msgspec") is not None
MODELS: list[Models] = ["msgspec", "dataclass"] if HAS_MSGSPEC else ["dataclass"]
ITEM = {"$ref": "#/components/schemas/Item"}


def ref(name: str) -> dict[str, str]:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a body of JSON."""
    return {"content": {"application/json": {"schema": schema}}}


def document(operation: dict[str, Any], path: str = "/x", method: str = "post", **schemas: Any) -> dict[str, Any]:
    """Return a document with one operation, `call`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {path: {method: {"operationId": "call", **operation}}},
        "components": {"schemas": schemas},
    }


@pytest.fixture(params=MODELS)
def module_of(request: pytest.FixtureRequest) -> Iterator[Callable[[dict[str, Any]], ModuleType]]:
    """Give a function that generates a client and imports it."""
    names: list[str] = []

    def make(spec: dict[str, Any]) -> ModuleType:
        source = generate_python_client(build_client_ir(spec), models=request.param)
        module = ModuleType(f"generated_client_{secrets.token_hex(8)}")
        # Annotations are evaluated late, in the module that `sys.modules` has.
        sys.modules[module.__name__] = module
        names.append(module.__name__)
        exec(compile(source, "client.py", "exec", dont_inherit=True), vars(module))  # noqa: S102
        return module

    yield make
    for name in names:
        del sys.modules[name]


type ModuleOf = Callable[[dict[str, Any]], ModuleType]


def answer(
    module: ModuleType, response: httpx.Response, *arguments: Any, headers: Any = None, **named: Any
) -> tuple[Any, httpx.Request]:
    """Call the operation; return what it returned, and the request that was sent."""
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return response

    async def run() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
            return await module.Client("http://h/v1/", headers=headers, client=http).call(*arguments, **named)

    return asyncio.run(run()), sent[0]


OK = httpx.Response(200, json={})


def test_optional_member_before_a_required_one(module_of: ModuleOf) -> None:
    """The classes take names only, so the order of the document does not matter; what is not set is not sent."""
    item = {"required": ["b"], "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}
    module = module_of(document({"requestBody": json_of(ITEM), "responses": {"200": json_of(ITEM)}}, Item=item))
    found, request = answer(module, httpx.Response(200, json={"b": "y", "new": 1}), body=module.Item(b="x"))
    assert (found.a, found.b) == (None, "y")
    assert (request.content, request.headers["content-type"]) == (b'{"b":"x"}', "application/json")
    assert (request.method, str(request.url), request.headers["accept"]) == (
        "POST",
        "http://h/v1/x",
        "application/json",
    )


def test_names_that_are_no_identifiers(module_of: ModuleOf) -> None:
    """On the wire they are what the document says."""
    item = {"properties": {"x-y": {"type": "string"}, "class": {"type": "string"}, "list": {"type": "array"}}}
    names = [("x-tok", "header"), ("class", "query"), ("X-Y", "query"), ("self", "query"), ("sid", "cookie")]
    parameters = [{"name": name, "in": place, "schema": {"type": "string"}} for name, place in names]
    operation = {"parameters": parameters, "requestBody": json_of(ITEM)}
    module = module_of(document(operation, Item=item))
    body = module.Item(x_y="1", class_="2", list=[3])
    _, request = answer(module, OK, x_tok="t", class_="c", X_Y="y", self_query="s", sid="i", body=body)
    assert json.loads(request.content) == {"x-y": "1", "class": "2", "list": [3]}
    assert request.url.query == b"class=c&X-Y=y&self=s"
    assert (request.headers["x-tok"], request.headers["cookie"]) == ("t", "sid=i")


def test_parameters_of_one_name(module_of: ModuleOf) -> None:
    """The place tells them apart; `body` is the body."""
    places = [("id", "path"), ("id", "query"), ("id", "header"), ("body", "query")]
    parameters = [{"name": name, "in": place, "schema": {"type": "integer"}} for name, place in places]
    module = module_of(document({"parameters": parameters, "requestBody": json_of({"type": "integer"})}, "/x/{id}"))
    _, request = answer(module, OK, 1, id_query=2, id_header=3, body_query=4, body=5)
    assert (str(request.url), request.headers["id"], request.content) == ("http://h/v1/x/1?id=2&body=4", "3", b"5")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        pytest.param("a", "/v1/x/a/y", id="plain"),
        pytest.param("../admin?x=1#f", "/v1/x/..%2Fadmin%3Fx%3D1%23f/y", id="hostile"),
        pytest.param("50%25", "/v1/x/50%2525/y", id="percent"),
        pytest.param("größe", "/v1/x/gr%C3%B6%C3%9Fe/y", id="not-ascii"),
        pytest.param(True, "/v1/x/true/y", id="boolean"),
        pytest.param([1, 2], "/v1/x/1%2C2/y", id="list"),
    ],
)
def test_values_stay_in_their_part_of_the_path(module_of: ModuleOf, value: object, path: str) -> None:
    """They are encoded, slashes too."""
    module = module_of(document({}, "/x/{id}/y"))
    _, request = answer(module, OK, value)
    assert request.url.raw_path.decode() == path


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_values_that_would_mean_another_path(module_of: ModuleOf, value: str) -> None:
    """They are refused: no encoding keeps URLs from resolving them."""
    module = module_of(document({}, "/x/{id}/y"))
    with pytest.raises(ValueError, match="a value in a path cannot be"):
        answer(module, OK, value)


@pytest.mark.parametrize(
    ("style", "schema", "value", "query"),
    [
        pytest.param({}, {"type": "array"}, ["a b", "c&d"], "p=a+b&p=c%26d", id="repeated"),
        pytest.param({"explode": False}, {"type": "array"}, ["a", 1], "p=a%2C1", id="commas"),
        pytest.param({"style": "pipeDelimited"}, {"type": "array"}, ["a", "b"], "p=a%7Cb", id="bars"),
        pytest.param({}, {"type": "object"}, {"a": 1, "b": [2, 3]}, "a=1&b=2&b=3", id="members"),
        pytest.param({"style": "deepObject"}, {"type": "object"}, {"a": 1}, "p%5Ba%5D=1", id="deep"),
        pytest.param({}, {"type": "boolean"}, False, "p=false", id="boolean"),
        pytest.param({}, {"type": "string"}, None, "", id="nothing"),
    ],
)
def test_query(module_of: ModuleOf, style: Any, schema: Any, value: object, query: str) -> None:
    """Values that are not scalars are written as their style says."""
    module = module_of(document({"parameters": [{"name": "p", "in": "query", "schema": schema, **style}]}))
    _, request = answer(module, OK, p=value)
    assert request.url.query.decode() == query


def test_json_in_the_query(module_of: ModuleOf) -> None:
    """A parameter with `content` is JSON."""
    module = module_of(
        document({"parameters": [{"name": "p", "in": "query", **json_of(ITEM)}]}, Item={"type": "object"})
    )
    _, request = answer(module, OK, p={"a": [1]})
    assert request.url.params["p"] == '{"a":[1]}'


def test_cookies(module_of: ModuleOf) -> None:
    """They come behind those of the client; what would be a second cookie is refused."""
    module = module_of(document({"parameters": [{"name": "c", "in": "cookie", "schema": {"type": "string"}}]}))
    _, request = answer(module, OK, headers={"Cookie": "a=1"}, c="2")
    assert request.headers["cookie"] == "a=1; c=2"
    with pytest.raises(ValueError, match="cookie 'c': spaces, quotes, semicolons"):
        answer(module, OK, c="2; admin=1")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        pytest.param({"json": {"title": "no"}}, {"title": "no"}, id="json"),
        pytest.param({"text": "<h1>Bad Gateway</h1>"}, "<h1>Bad Gateway</h1>", id="html"),
        pytest.param({}, "", id="empty"),
        pytest.param({"content": b"\xff\xfe\xfd"}, "\ufffd\ufffd\ufffd", id="binary"),
    ],
)
def test_errors(module_of: ModuleOf, content: Any, detail: object) -> None:
    """`ApiError` has the status and whatever the body holds."""
    module = module_of(document({}))
    with pytest.raises(module.ApiError) as caught:
        answer(module, httpx.Response(502, **content))
    assert (caught.value.status_code, caught.value.detail) == (502, detail)
    assert str(caught.value) == f"HTTP 502: {detail}"


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx.Response(200, text="<h1>"), id="html"),
        pytest.param(httpx.Response(200, json={"a": "x"}), id="other-type"),
        pytest.param(httpx.Response(200, json={}), id="member-missing"),
        pytest.param(httpx.Response(200), id="nothing"),
    ],
)
def test_answers_that_were_not_described(module_of: ModuleOf, response: httpx.Response) -> None:
    """They are errors of the API too."""
    item = {"required": ["a"], "properties": {"a": {"type": "integer"}}}
    module = module_of(document({"responses": {"200": json_of(ITEM)}}, Item=item))
    with pytest.raises(module.ApiError, match="HTTP 200: the response is not what was described"):
        answer(module, response)


UNION: dict[str, Any] = {
    "Cat": {"properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind"]},
    "Dog": {"properties": {"kind": {"const": "dog"}, "bark": {"type": "boolean"}}, "required": ["kind"]},
}


def test_union_of_objects(module_of: ModuleOf) -> None:
    """The member with one value each tells them apart; it is sent, and users need not set it."""
    pet = {"oneOf": [ref("Cat"), ref("Dog")]}
    module = module_of(document({"requestBody": json_of(pet), "responses": {"200": json_of(pet)}}, **UNION))
    found, request = answer(module, httpx.Response(200, json={"kind": "dog", "bark": True}), body=module.Cat(lives=9))
    assert (type(found), found.kind, found.bark) == (module.Dog, "dog", True)
    assert json.loads(request.content) == {"kind": "cat", "lives": 9}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"type": ["string", "null"]}, None, id="null"),
        pytest.param({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "a", id="scalars"),
        pytest.param({"enum": ["a", 1]}, 1, id="enum"),
        pytest.param({"type": "object", "additionalProperties": {"type": "number"}}, {"a": 1.5}, id="map"),
        pytest.param({"type": "array", "items": ref("Json")}, [{"a": ["b"]}], id="recursive-alias"),
        pytest.param({}, {"a": [1, None]}, id="anything"),
        pytest.param(
            {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "array"}]}, ["a"], id="lists"
        ),
    ],
)
def test_values(module_of: ModuleOf, schema: dict[str, Any], value: object) -> None:
    """What the document allows is read and sent."""
    recursive = {"anyOf": [{"type": "string"}, {"type": "array", "items": ref("Json")}]}
    recursive["anyOf"].append({"type": "object", "additionalProperties": ref("Json")})
    operation = {"requestBody": {**json_of(schema), "required": True}, "responses": {"200": json_of(schema)}}
    module = module_of(document(operation, Json=recursive))
    found, request = answer(module, httpx.Response(200, json=value), body=value)
    assert (found, json.loads(request.content)) == (value, value)


def test_body_that_is_needed(module_of: ModuleOf) -> None:
    """Without it nothing is sent; one that need not be is left out."""
    module = module_of(document({"requestBody": {**json_of({"type": "string"}), "required": True}}))
    with pytest.raises(TypeError, match="this operation needs a body"):
        answer(module, OK)
    module = module_of(document({"requestBody": json_of({"type": "string"})}))
    _, request = answer(module, OK)
    assert (request.content, "content-type" in request.headers) == (b"", False)


@pytest.mark.parametrize(
    ("media_type", "body", "sent_type", "content"),
    [
        pytest.param("text/plain", "größe", "text/plain; charset=utf-8", "größe".encode(), id="text"),
        pytest.param("image/png", b"\x89", "image/png", b"\x89", id="bytes"),
        pytest.param(
            "application/merge-patch+json", {"a": None}, "application/merge-patch+json", b'{"a":null}', id="+json"
        ),
    ],
)
def test_bodies_of_other_media_types(
    module_of: ModuleOf, media_type: str, body: object, sent_type: str, content: bytes
) -> None:
    """Each is sent as what it is."""
    module = module_of(document({"requestBody": {"content": {media_type: {}}}}))
    _, request = answer(module, OK, body=body)
    assert (request.headers["content-type"], request.content) == (sent_type, content)


FORM = {
    "properties": {"a-b": {"type": "string"}, "tags": {"type": "array"}, "f": {"type": "string", "format": "binary"}}
}


def test_forms(module_of: ModuleOf) -> None:
    """Lists are repeated, optional fields left out."""
    content = {"application/x-www-form-urlencoded": {"schema": FORM}}
    module = module_of(document({"requestBody": {"content": content}}))
    _, request = answer(module, OK, body=module.CallBody(a_b="ä &", tags=["x", 1]))
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.content == b"a-b=%C3%A4+%26&tags=x&tags=1"


def test_uploads(module_of: ModuleOf) -> None:
    """Files have names and types; other fields are text."""
    module = module_of(document({"requestBody": {"content": {"multipart/form-data": {"schema": FORM}}}}))
    upload = module.Upload(b"\x00\xff", 'a"b.png', "image/png")
    _, request = answer(module, OK, body=module.CallBody(a_b="ä", f=upload, tags=["x"]))
    kind, _, boundary = request.headers["content-type"].partition("; boundary=")
    parts = request.content.split(f"--{boundary}".encode())
    assert kind == "multipart/form-data"
    assert parts[1] == '\r\nContent-Disposition: form-data; name="a-b"\r\n\r\nä\r\n'.encode()
    assert parts[2] == b'\r\nContent-Disposition: form-data; name="tags"\r\n\r\nx\r\n'
    head, _, content = parts[3].partition(b"\r\n\r\n")
    assert (content, b'filename="a%22b.png"' in head, b"image/png" in head) == (b"\x00\xff\r\n", True, True)


@pytest.mark.parametrize(
    ("content", "response", "expected"),
    [
        pytest.param({"text/plain": {}}, httpx.Response(200, text="hi"), "hi", id="text"),
        pytest.param({"image/png": {}}, httpx.Response(200, content=b"\x89"), b"\x89", id="bytes"),
        pytest.param({}, httpx.Response(204), None, id="nothing"),
    ],
)
def test_responses_of_other_media_types(module_of: ModuleOf, content: Any, response: Any, expected: object) -> None:
    """Each is returned as what it is."""
    module = module_of(document({"responses": {"200": {"content": content}}}))
    found, request = answer(module, response)
    assert found == expected
    assert request.headers["accept"] == (next(iter(content), "*/*"))


def test_headers_of_the_client(module_of: ModuleOf) -> None:
    """They go with every request; a parameter comes before them."""
    module = module_of(document({"parameters": [{"name": "X-A", "in": "header", "schema": {"type": "string"}}]}))
    _, request = answer(module, OK, headers={"x-a": "1", "Authorization": "Bearer t", "accept": "text/x"}, X_A="2")
    assert [request.headers[name] for name in ("x-a", "authorization", "accept")] == ["2", "Bearer t", "text/x"]


def test_client_of_its_own_is_closed(module_of: ModuleOf) -> None:
    """One that was passed in stays open."""
    module = module_of(document({}))

    async def run() -> tuple[bool, bool]:
        async with module.Client("http://h") as own:
            pass
        async with httpx.AsyncClient() as given:
            async with module.Client("http://h", client=given):
                pass
            return own._client.is_closed, given.is_closed

    assert asyncio.run(run()) == (True, False)


def test_operations_named_after_types(module_of: ModuleOf) -> None:
    """`list` may be a method: the annotations beside it say `builtins.list`."""
    paths = {f"/{name}": {"get": {"operationId": name}} for name in ("list", "str", "Item", "aclose", "_send", "class")}
    spec = document({}, Item={"properties": {"list": {"type": "array"}}}) | {"paths": paths}
    spec["paths"]["/list"]["get"]["responses"] = {"200": json_of({"type": "array", "items": {"type": "string"}})}
    module = module_of(spec)
    names = {"list", "str", "Item_", "aclose_", "send", "class_"}
    assert names <= vars(module.Client).keys()
    assert module.Client.list.__annotations__["return"] == "builtins.list[builtins.str]"


HOSTILE = '"""\nraise SystemExit\n"""\\'


def test_hostile_document(module_of: ModuleOf) -> None:
    """Whatever its texts are, they stay text."""
    item = {"description": HOSTILE, "properties": {HOSTILE[4:9]: {"enum": [HOSTILE], "description": HOSTILE}}}
    spec = document({"summary": HOSTILE, "description": f"x{HOSTILE}", "responses": {"200": json_of(ITEM)}}, Item=item)
    spec["info"] = {"title": HOSTILE, "version": HOSTILE}
    module = module_of(spec)
    assert module.Client.call.__doc__.split() == [*HOSTILE.split(), *f"x{HOSTILE}".split()]


def hand_made(**more: Any) -> ClientIR:
    """Return a description with a schema whose member is of a type."""
    schema = SchemaIR("Item", "struct", fields=(FieldIR("a", more.pop("type_str", "str"), True),))
    return ClientIR("T", "1", schemas=(schema,), **more)


def test_description_made_by_hand() -> None:
    """The contract's members are enough."""
    pytest.importorskip("msgspec")
    operation = OperationIR(
        "read-item", "get", "/items/{id}", (ParamIR("id", "int", True),), body_type="Item", response_type="list[Item]"
    )
    source = generate_python_client(hand_made(operations=(operation,)))
    assert "class Item(msgspec.Struct, kw_only=True, omit_defaults=True):\n    a: str\n" in source
    assert "async def read_item(self, id: int, *, body: Item | None = None) -> list[Item]:" in source


@pytest.mark.parametrize(
    "type_str",
    ["boom()", "__import__('os')", "Missing", "list[str, int]", "a.b", "Literal[boom()]", "dict[int, str]", "x]", ""],
)
def test_type_that_is_none(type_str: str) -> None:
    """Text that is no type is refused, not written."""
    with pytest.raises(UnusableSpecError):
        generate_python_client(hand_made(type_str=type_str))


def test_models_that_are_unknown() -> None:
    """The sentence names those that there are."""
    with pytest.raises(ValueError, match="models is 'attrs'; it must be 'msgspec' or 'dataclass'"):
        generate_python_client(hand_made(), models="attrs")  # type: ignore[arg-type]


@pytest.mark.skipif(HAS_MSGSPEC, reason="msgspec is there")
def test_client_without_msgspec_says_what_to_do() -> None:
    """Where msgspec cannot be installed, the error names the other models."""
    source = generate_python_client(hand_made())
    with pytest.raises(ImportError, match="--models dataclass"):
        exec(source, {"__name__": "client"})  # noqa: S102
