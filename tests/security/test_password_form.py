"""The form of a token request."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from apps import app_with
from asgi import Reply, request

from hawkapi import Container, Depends, HawkAPI, OAuth2PasswordRequestForm
from hawkapi.security import OAuth2PasswordRequestFormStrict


async def bare(form: OAuth2PasswordRequestForm) -> dict[str, Any]:
    """Answer what the form was."""
    return vars(form)


async def marked(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, Any]:
    """Answer what the form was."""
    return vars(form)


async def default(form: OAuth2PasswordRequestForm = Depends()) -> dict[str, Any]:
    """Answer what the form was."""
    return vars(form)


async def called(form: Annotated[OAuth2PasswordRequestForm, Depends(OAuth2PasswordRequestForm)]) -> dict[str, Any]:
    """Answer what the form was."""
    return vars(form)


async def strict(form: OAuth2PasswordRequestFormStrict) -> dict[str, Any]:
    """Answer what the form was."""
    return vars(form)


def post(app: HawkAPI, form: str) -> Reply:
    """Send a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return request(app, "POST", "/", body=form.encode(), headers=headers)


@pytest.mark.parametrize("handler", [bare, marked, default, called])
def test_form(handler: Any) -> None:
    """However a handler asks for the form, it is made of the body; scopes have spaces between them."""
    app = app_with(handler, method="POST")
    reply = post(app, "grant_type=password&username=u&password=p%20q&scope=a+b&client_id=c")
    assert reply.json() == {
        "username": "u",
        "password": "p q",
        "grant_type": "password",
        "scopes": ["a", "b"],
        "client_id": "c",
        "client_secret": None,
    }


@pytest.mark.parametrize(
    ("handler", "form", "fields"),
    [
        (bare, "username=u&password=p", None),
        (bare, "username=u", ["form.password"]),
        (bare, "scope=a", ["form.username", "form.password"]),
        (bare, "username=u&password=p&grant_type=code", ["form.grant_type"]),
        (strict, "username=u&password=p&grant_type=password", None),
        (strict, "username=u&password=p", ["form.grant_type"]),
        (strict, "username=u&password=p&grant_type=passwords", ["form.grant_type"]),
    ],
)
def test_what_the_form_needs(handler: Any, form: str, fields: list[str] | None) -> None:
    """Name and password must be there; the grant type must be right, and with the strict form be there too."""
    reply = post(app_with(handler, method="POST"), form)
    if fields is None:
        assert reply.status == 200
    else:
        assert (reply.status, [error["field"] for error in reply.json()["errors"]]) == (400, fields)


@pytest.mark.parametrize("handler", [bare, strict])
def test_secrets_in_the_document(handler: Any) -> None:
    """Pages that show the form do not show what is typed for a secret."""
    body = app_with(handler, method="POST").openapi()["paths"]["/"]["post"]["requestBody"]
    members = body["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    hidden = [name for name, schema in members.items() if schema.get("format") == "password"]
    assert hidden == ["password", "client_secret"]


def test_form_of_the_container() -> None:
    """What the container makes for the type comes first."""
    container = Container()
    container.transient(
        OAuth2PasswordRequestForm, factory=lambda: OAuth2PasswordRequestForm(username="made", password="")
    )
    for handler in (bare, marked):
        app = HawkAPI(container=container)
        app.post("/")(handler)
        assert post(app, "").json()["username"] == "made"
