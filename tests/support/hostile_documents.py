"""OpenAPI documents whose every name and text tries to become code."""

from __future__ import annotations

from random import Random
from typing import Any, Final

PAYLOADS: Final = [
    '"""\nboom()\n"""',
    "'''\nboom()\n'''",
    '"; boom(); "',
    "'); boom(); ('",
    "{boom()}",
    "${boom()}",
    "`${boom()}`",
    "*/ boom(); /*",
    "\\",
    '\\"""',
    '"',
    '""""',
    "\n    boom()\n",
    "\r boom()",
    "\x0c boom()",
    "\u2028boom()\u2029",
    "# noqa\nboom()",
    "-->\nboom()",
    "boom()",
    "\x00",
    "a] | boom() | list[b",
    "Literal[boom()]",
    "__import__('os').system('true')",
]
NAMES: Final = [
    *("class", "def", "None", "import", "lambda", "self", "cls", "type", "match", "async", "await", "print"),
    *("list", "str", "dict", "int", "float", "bool", "bytes", "Any", "Literal", "ClassVar", "object", "Exception"),
    *("Client", "ApiError", "Upload", "httpx", "msgspec", "dataclasses", "json", "builtins", "annotations"),
    *("body", "headers", "query", "path", "params", "url", "_send", "_response", "_value", "_headers", "aclose"),
    *("__init__", "__class__", "__proto__", "__dict__", "_", "__", "constructor", "prototype", "toString", "then"),
    *("string", "number", "unknown", "never", "Record", "Promise", "Array", "Error", "Blob", "Pair", "Sent", "default"),
    *(
        "x-tok",
        "x_tok",
        "x.tok",
        "1st",
        "a b",
        "größe",
        "名前",
        "ﬁ",
        "é",
        "e\u0301",
        "\U0001d431",
        "🐍",
        "",
        "-",
        "~/",
        "a/b",
        "%2F",
    ),
    *("Item", "item", "ITEM", "Item_", "Item2", "Item_2", "ItemItem"),
]
_SCALARS: Final = ["string", "integer", "number", "boolean", "null"]


class Documents:
    """Makes documents from one source of chance."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._components = [self.name() for _ in range(random.randint(0, 6))]

    def name(self) -> str:
        """Return a name that should be none."""
        return self._random.choice(PAYLOADS if self._random.random() < 0.3 else NAMES)

    def text(self) -> str:
        """Return words that should not be code."""
        return self._random.choice(PAYLOADS) + self._random.choice(["", " ", self._random.choice(PAYLOADS)])

    def schema(self, depth: int = 0) -> dict[str, Any]:
        """Return a schema of any form."""
        forms = ["scalar", "scalar", "enum", "const", "ref", "array", "map", "struct", "union", "all", "tagged", "file"]
        found = getattr(self, f"_{self._random.choice(forms[: 5 if depth > 2 else None])}")(depth + 1)
        if self._random.random() < 0.3:
            found = {**found, "description": self.text()}
        if self._random.random() < 0.1:
            found["nullable"] = True
        return dict(found)

    def _scalar(self, depth: int) -> dict[str, Any]:
        kinds = self._random.sample(_SCALARS, self._random.randint(1, 2))
        return {"type": kinds if len(kinds) > 1 else kinds[0], "format": self.text(), "default": self.text()}

    def _file(self, depth: int) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}

    def _enum(self, depth: int) -> dict[str, Any]:
        values = [self.text(), self.name(), 1, True, None, 1.5, {"a": 1}]
        return {"enum": self._random.sample(values, self._random.randint(1, 4))}

    def _const(self, depth: int) -> dict[str, Any]:
        return {"const": self.name()}

    def _ref(self, depth: int) -> dict[str, Any]:
        if not self._components:
            return {}
        name = self._random.choice(self._components).replace("~", "~0").replace("/", "~1").replace("%", "%25")
        return {"$ref": f"#/components/schemas/{name}"}

    def _array(self, depth: int) -> dict[str, Any]:
        return {"type": "array", "items": self.schema(depth)}

    def _map(self, depth: int) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.schema(depth)}

    def _struct(self, depth: int) -> dict[str, Any]:
        names = [self.name() for _ in range(self._random.randint(0, 5))]
        required = self._random.sample(names, self._random.randint(0, len(names)))
        return {"type": "object", "properties": {name: self.schema(depth) for name in names}, "required": required}

    def _union(self, depth: int) -> dict[str, Any]:
        key = self._random.choice(["anyOf", "oneOf"])
        return {key: [self.schema(depth) for _ in range(self._random.randint(1, 3))]}

    def _all(self, depth: int) -> dict[str, Any]:
        return {"allOf": [self._struct(depth), self._struct(depth)]}

    def _tagged(self, depth: int) -> dict[str, Any]:
        key, variants = self.name(), [self._ref(depth) for _ in range(2)]
        mapping = {self.text(): variant.get("$ref", "") for variant in variants}
        return {"oneOf": variants, "discriminator": {"propertyName": key, "mapping": mapping}}

    def _component(self) -> dict[str, Any]:
        """Return a schema that is not just another one: such could go in a circle."""
        while "$ref" in (found := self.schema()):
            pass
        return found

    def _operation(self, names: list[str]) -> dict[str, Any]:
        given = {(name, "path") for name in names}
        given |= {(self.name(), self._random.choice(["query", "header", "cookie"])) for _ in range(3)}
        media_types = ["application/json", "multipart/form-data", "application/x-www-form-urlencoded", self.text()]
        found: dict[str, Any] = {
            "operationId": self.name(),
            "summary": self.text(),
            "description": self.text(),
            "parameters": [
                {"name": name, "in": place, "required": self._random.random() < 0.5, "schema": self.schema(1)}
                for name, place in sorted(given)
            ],
            "responses": {"200": {"content": {self._random.choice(media_types): {"schema": self.schema()}}}, "204": {}},
        }
        if self._random.random() < 0.5:
            content = {self._random.choice(media_types): {"schema": self.schema()}}
            found["requestBody"] = {"required": self._random.random() < 0.5, "content": content}
        return found

    def document(self) -> dict[str, Any]:
        """Return a document that is valid but for what stands in it."""
        paths: dict[str, Any] = {}
        for _ in range(self._random.randint(1, 4)):
            names = [name for name in {self.name(), self.name()} if not set(name) & set("{}")]
            path = "/".join(["", self.text(), *(f"{{{name}}}" for name in sorted(names))])
            paths[path] = {method: self._operation(names) for method in self._random.sample(["get", "post", "put"], 2)}
        return {
            "openapi": "3.1.0",
            "info": {"title": self.text(), "version": self.text()},
            "servers": [{"url": self.text()}],
            "paths": paths,
            "components": {"schemas": {name: self._component() for name in self._components}},
        }


def document_of(seed: int) -> dict[str, Any]:
    """Return the document of a seed."""
    return Documents(Random(seed)).document()  # noqa: S311 - nothing is kept secret
