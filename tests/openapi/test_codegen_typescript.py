"""Clients in TypeScript, as text; tests/e2e has them compiled and run."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi.openapi.codegen import (
    ClientIR,
    FieldIR,
    OperationIR,
    ParamIR,
    SchemaIR,
    UnusableSpecError,
    generate_typescript_client,
)


def fields_of(*fields: FieldIR, **more: Any) -> str:
    """Return the interface of an object."""
    schemas = (SchemaIR("Item", "struct", fields=fields, **more), SchemaIR("Json", "alias", alias_of="list[Json]"))
    source = generate_typescript_client(ClientIR("T", "1", schemas=schemas))
    return source[source.index("\n\n") + 2 : source.index("export type Json")].strip()


def method_of(operation: OperationIR) -> str:
    """Return a method."""
    source = generate_typescript_client(ClientIR("T", "1", operations=(operation,)))
    return source.split("    return response;\n  }\n\n")[1].removesuffix("}\n").strip()


@pytest.mark.parametrize(
    ("type_str", "expected"),
    [
        pytest.param("str", "string", id="text"),
        pytest.param("int", "number", id="integer"),
        pytest.param("float", "number", id="number"),
        pytest.param("bool", "boolean", id="boolean"),
        pytest.param("None", "null", id="null"),
        pytest.param("Any", "unknown", id="anything"),
        pytest.param("Upload", "Blob", id="file"),
        pytest.param("Item", "Item", id="schema"),
        pytest.param("list[str]", "string[]", id="array"),
        pytest.param("list[list[Item]]", "Item[][]", id="arrays"),
        pytest.param("list[str | None]", "Array<string | null>", id="array-of-union"),
        pytest.param("list[str] | None", "string[] | null", id="union-with-array"),
        pytest.param("int | float", "number", id="numbers"),
        pytest.param("dict[str, int]", "Record<string, number>", id="map"),
        pytest.param("dict[str, Json]", "{ [key: string]: Json }", id="map-of-alias"),
        pytest.param("Literal['a', 1, True]", "'a' | 1 | true", id="literals"),
        pytest.param("list[Literal['a', 'b']]", "Array<'a' | 'b'>", id="array-of-literals"),
        pytest.param('Literal["it\'s\\\\\\n"]', "'it\\'s\\\\\\n'", id="escapes"),
        pytest.param("Literal['\u2028*/']", "'\\u2028*/'", id="line-separator"),
    ],
)
def test_type(type_str: str, expected: str) -> None:
    """Types as TypeScript writes them; brackets where it would read something else."""
    assert fields_of(FieldIR("a", type_str, True)) == f"export interface Item {{\n  a: {expected};\n}}"


def test_interface() -> None:
    """Names are those of the wire, quoted where they are no identifiers; texts cannot leave their comments."""
    fields = (
        FieldIR("x-y", "str", False, None, "Ends */ here.\n\nAnd\tgoes on."),
        FieldIR("class", "Any", True, exact="str | int"),
        FieldIR("__proto__", "str", True),
    )
    assert fields_of(*fields, description="An item.") == (
        "/** An item. */\n"
        "export interface Item {\n"
        "  /**\n"
        "   * Ends *\\/ here.\n"
        "   *\n"
        "   * And goes on.\n"
        "   */\n"
        "  'x-y'?: string;\n"
        "  class: string | number;\n"
        "  '__proto__': string;\n"
        "}"
    )


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(SchemaIR("Kind", "enum", enum_values=("a", 1)), "export type Kind = 'a' | 1;", id="enum"),
        pytest.param(SchemaIR("Kind", "alias", alias_of="list[str]"), "export type Kind = string[];", id="alias"),
        pytest.param(SchemaIR("Error", "alias", alias_of="str"), "export type Error_ = string;", id="taken"),
        pytest.param(SchemaIR("string", "alias", alias_of="str"), "export type string_ = string;", id="type-name"),
    ],
)
def test_schema(schema: SchemaIR, expected: str) -> None:
    """Enumerations and aliases are types; names that mean something already get another."""
    assert expected in generate_typescript_client(ClientIR("T", "1", schemas=(schema,))).splitlines()


def test_method() -> None:
    """Values are encoded in the path; parameters keep the names of the wire, in quotes where they need them."""
    operation = OperationIR(
        "read_item",
        "get",
        "/items/{id}/it's",
        path_params=(ParamIR("id", "int", True),),
        query_params=(ParamIR("id", "str", False),),
        header_params=(ParamIR("x-tok", "str", True, encoding="comma"),),
        response_type="str",
        accept="application/json",
        summary="Read */ it.",
        description="Read */ it. Twice.",
        deprecated=True,
    )
    assert method_of(operation) == (
        "/**\n"
        "   * Read *\\/ it. Twice.\n"
        "   *\n"
        "   * Deprecated.\n"
        "   */\n"
        "  async readItem(params: { id: number; id_query?: string | undefined; 'x-tok': string }): Promise<string> {\n"
        "    const response = await this.send('GET', '/items/' + asSegment(params.id) + '/it\\'s', {\n"
        "      query: [...asPairs('id', params.id_query, 'repeat')],\n"
        "      headers: [...asPairs('x-tok', params['x-tok'], 'comma')],\n"
        "      accept: 'application/json',\n"
        "    });\n"
        "    return (await asResult(response)) as string;\n"
        "  }"
    )


@pytest.mark.parametrize(
    ("operation", "head"),
    [
        pytest.param(OperationIR("ReadAll", "get", "/"), "async readAll(): Promise<void> {", id="nothing"),
        pytest.param(
            OperationIR("read.all", "get", "/", query_params=(ParamIR("q", "str", False),)),
            "async readAll(params: { q?: string | undefined } = {}): Promise<void> {",
            id="all-optional",
        ),
        pytest.param(
            OperationIR("HTTPGet", "post", "/", body_type="list[str]", body_required=True),
            "async httpGet(params: { body: string[] }): Promise<void> {",
            id="body",
        ),
        pytest.param(
            OperationIR("then", "post", "/", body_type="str", response_type="bytes", response_kind="bytes"),
            "async then_(params: { body?: string | undefined } = {}): Promise<Blob> {",
            id="taken",
        ),
        pytest.param(OperationIR("1-2", "get", "/"), "async operation12(): Promise<void> {", id="digits"),
    ],
)
def test_signature(operation: OperationIR, head: str) -> None:
    """`params` is needed where one of its members is, and not there where it has none."""
    assert method_of(operation).splitlines()[0] == head


def test_helpers_that_nobody_calls() -> None:
    """They are left out, so that a compiler that looks for them finds none."""
    source = generate_typescript_client(ClientIR("T", "1", operations=(OperationIR("a", "get", "/"),)))
    assert "asPairs" not in source
    assert "function fromJson" in source


def test_type_that_is_none() -> None:
    """A type names schemas of the client."""
    with pytest.raises(UnusableSpecError, match="a type is named 'Missing', but there is no schema of that name"):
        fields_of(FieldIR("a", "Missing", True))
