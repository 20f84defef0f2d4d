"""The OpenAPI document of an application: what it serves, for people and for tools."""

from hawkapi.openapi.spec import generate_openapi

__all__ = ["generate_openapi"]
