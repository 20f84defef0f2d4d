"""Clients made of OpenAPI documents: one module of Python, or of TypeScript."""

from hawkapi.openapi.codegen.build import build_client_ir
from hawkapi.openapi.codegen.errors import UnusableSpecError
from hawkapi.openapi.codegen.ir import SENTINEL, ClientIR, FieldIR, OperationIR, ParamIR, SchemaIR
from hawkapi.openapi.codegen.python import generate_python_client
from hawkapi.openapi.codegen.typescript import generate_typescript_client

__all__ = [
    "SENTINEL",
    "ClientIR",
    "FieldIR",
    "OperationIR",
    "ParamIR",
    "SchemaIR",
    "UnusableSpecError",
    "build_client_ir",
    "generate_python_client",
    "generate_typescript_client",
]
