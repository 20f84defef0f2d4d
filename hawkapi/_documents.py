"""The descriptions of an application: made when they are asked for, kept until something is registered."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast, final

import hawkapi.codec as codec
from hawkapi._threading import named_lock
from hawkapi.plugins import spec_to_publish
from hawkapi.requests import Request
from hawkapi.responses.base import Response

if TYPE_CHECKING:
    from hawkapi.app import HawkAPI
    from hawkapi.routing.route import Route


NEEDED: Final = {"servers": "url", "openapi_tags": "name", "license_info": "name", "openapi_external_docs": "url"}
"""The member that an object must have (OpenAPI 3.1, sections 4.8.4, 4.8.5, 4.8.11 and 4.8.22), by the option's name."""


class About(NamedTuple):
    """What an application says of itself besides, as it was given."""

    summary: str | None
    terms_of_service: str | None
    contact: Mapping[str, Any] | None
    license_info: Mapping[str, Any] | None
    servers: Sequence[Mapping[str, Any]] | None
    tags: Sequence[Mapping[str, Any]] | None
    external_docs: Mapping[str, Any] | None
    webhooks: tuple[Route, ...]


def check_about(lists: Mapping[str, object], objects: Mapping[str, object]) -> None:
    """Refuse what no document can say of an application, instead of failing when somebody reads one.

    Args:
        lists: options that are lists of objects, by name.
        objects: options that are objects, by name.

    Raises:
        TypeError: one is of another kind.
        ValueError: an object is without a member that it needs.
    """
    for name, given in lists.items():
        items = cast("Sequence[object]", given) if isinstance(given, list | tuple) else None
        if given and (items is None or not all(isinstance(each, Mapping) for each in items)):
            raise TypeError(f'{name} is {given!r}; it is a list of objects: [{{"{NEEDED[name]}": ...}}]')
        for each in cast("Sequence[Mapping[str, object]]", items or ()):
            _check_object(name, each)
    for name, given in objects.items():
        if given and not isinstance(given, Mapping):
            raise TypeError(f'{name} is {given!r}; it is an object: {{"{NEEDED.get(name, "name")}": ...}}')
        if given:
            _check_object(name, cast("Mapping[str, object]", given))


def _check_object(name: str, given: Mapping[str, object]) -> None:
    if name in NEEDED and NEEDED[name] not in given:
        raise ValueError(f'{name} has {dict(given)!r}, which needs "{NEEDED[name]}"')


class Stamp(NamedTuple):
    """What a document is made of; while it stays the same, so does the document."""

    generation: int
    """Of the routes."""
    title: str
    version: str
    description: str
    validation_error_status: int
    plugins: tuple[Any, ...]
    providers: object
    """The container's view: a parameter whose type somebody provides is none of the body's."""
    about: About


class Document(NamedTuple):
    """One document. Never changed: whoever asks for it gets a copy."""

    content: dict[str, Any]
    body: bytes
    """The same as JSON."""


class Kind(enum.Enum):
    """What a document is about."""

    OPENAPI = "requests"
    ASYNCAPI = "WebSockets and server-sent events"


class Kept(NamedTuple):
    """The documents of one stamp, by what they are about and API version. Never changed."""

    stamp: Stamp
    documents: dict[tuple[Kind, str | None], Document]


@final
class Documents:
    """The documents of one application.

    Thread-safe: threads that ask for a new document at once each make it, and plugins see each.
    """

    def __init__(self, app: HawkAPI) -> None:
        self._app = app
        # Protects the step from what is kept to what is kept then, when a document was made. Relied on to be atomic are
        # one store and one load of `_kept`. It does not cover the making, in which plugins are called.
        self._lock = named_lock("documents")
        self._kept: Kept | None = None

    def copy(self, api_version: str | None, kind: Kind = Kind.OPENAPI) -> dict[str, Any]:
        """Return a document that the caller may change.

        Raises:
            Exception: what a plugin raises.
        """
        from hawkapi.openapi._build import copy_json  # Here: applications that nobody asks do not load it.

        copied: dict[str, Any] = copy_json(self._document(api_version, kind).content)
        return copied

    def content(self) -> dict[str, Any]:
        """Return the document itself, which nobody may change.

        Raises:
            Exception: what a plugin raises.
        """
        return self._document(None).content

    def openapi(self, request: Request) -> Response:
        """Answer with the document; behind a prefix that a proxy or a mount takes off, with its server.

        A plain function, so that the first document is made in a worker thread.
        """
        document = self._document(None)
        root_path: str = request.scope.get("root_path") or ""
        if not root_path:
            return Response(document.body, content_type="application/json")
        servers = [{"url": root_path}, *document.content.get("servers", ())]
        content = {**document.content, "servers": servers}
        return Response(codec.encode(content), content_type="application/json")

    def asyncapi(self, request: Request) -> Response:
        """Answer with the document of WebSockets and server-sent events, as `openapi`; a prefix is in its addresses."""
        document = self._document(None, Kind.ASYNCAPI)
        root_path: str = request.scope.get("root_path") or ""
        if not root_path:
            return Response(document.body, content_type="application/json")
        channels = {
            name: {**channel, "address": root_path + channel["address"]}
            for name, channel in document.content["channels"].items()
        }
        return Response(codec.encode({**document.content, "channels": channels}), content_type="application/json")

    def _document(self, api_version: str | None, kind: Kind = Kind.OPENAPI) -> Document:
        # Before the routes are read: one that is registered meanwhile makes the document newer than its stamp.
        stamp = self._stamp()
        kept = self._kept
        if kept is not None and kept.stamp == stamp and (kind, api_version) in kept.documents:
            return kept.documents[kind, api_version]
        document = self._make(stamp, api_version) if kind is Kind.OPENAPI else self._make_asyncapi(stamp)
        # A version that no route has may be anything that somebody typed: that is not kept.
        if api_version is None or document.content.get("paths"):
            with self._lock:
                known = self._kept.documents if self._kept is not None and self._kept.stamp == stamp else {}
                self._kept = Kept(stamp, {**known, (kind, api_version): document})
        return document

    def _stamp(self) -> Stamp:
        app = self._app
        about = About(
            app.summary,
            app.terms_of_service,
            app.contact,
            app.license_info,
            app.servers,
            app.openapi_tags,
            app.openapi_external_docs,
            tuple(app.webhooks.routes),
        )
        return Stamp(
            app.generation,
            app.title,
            app.version,
            app.description,
            app.validation_error_status,
            app.plugins,
            app.container.engine.view,
            about,
        )

    def _make(self, stamp: Stamp, api_version: str | None) -> Document:
        from hawkapi.openapi._build import copy_json  # Here: applications that nobody asks do not load it.
        from hawkapi.openapi.spec import generate_openapi

        generated = generate_openapi(
            self._app.routes,
            title=stamp.title,
            version=stamp.version,
            description=stamp.description,
            api_version=api_version,
            validation_error_status=stamp.validation_error_status,
            has_provider=self._app.container.has,
            **stamp.about._asdict(),
        )
        content = generated
        if stamp.plugins:
            # A copy: a plugin may keep what it was given, and change it later.
            content = copy_json(spec_to_publish(stamp.plugins, generated))
        return Document(content, codec.encode(content))

    def _make_asyncapi(self, stamp: Stamp) -> Document:
        from hawkapi.openapi.asyncapi import generate_asyncapi  # As above.

        content = generate_asyncapi(
            [*self._app.routes, *self._app.websocket_routes],
            title=stamp.title,
            version=stamp.version,
            description=stamp.description,
            has_provider=self._app.container.has,
            terms_of_service=stamp.about.terms_of_service,
            contact=stamp.about.contact,
            license_info=stamp.about.license_info,
        )
        return Document(content, codec.encode(content))
