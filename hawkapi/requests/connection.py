"""`HTTPConnection`: what HTTP requests and WebSockets have in common, which is their scope."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

from hawkapi.http.cookies import parse_cookies
from hawkapi.http.headers import Headers
from hawkapi.http.urls import QueryParams, build_url
from hawkapi.requests.state import State, values_of
from hawkapi.types import Scope

__all__ = ["Address", "HTTPConnection"]


class Address(NamedTuple):
    """Where a client is."""

    host: str
    """An IP address, as the server saw it."""
    port: int


class HTTPConnection:
    """A view of an ASGI scope. Nothing is read from it before it is asked for.

    Args:
        scope: of type `http` or `websocket` (ASGI 3); used as it is.
        path_params: converted values by name. Default those of the scope, or none.

    Request-bound: one thread at a time.
    """

    __slots__ = ("_cookies", "_headers", "_path_params", "_query_params", "_state", "scope")

    def __init__(self, scope: Scope, path_params: Mapping[str, Any] | None = None) -> None:
        self.scope = scope
        self._path_params = path_params
        self._headers: Headers | None = None
        self._query_params: QueryParams | None = None
        self._cookies: dict[str, str] | None = None
        self._state: State | None = None

    @property
    def path(self) -> str:
        """Percent-decoded, with the `root_path` where the server leaves it in (ASGI HTTP)."""
        path: str = self.scope["path"]
        return path

    @property
    def query_string(self) -> bytes:
        """Percent-encoded, without `?`."""
        query_string: bytes = self.scope.get("query_string", b"")
        return query_string

    @property
    def headers(self) -> Headers:
        """The header fields."""
        if self._headers is None:
            self._headers = Headers(self.scope.get("headers"))
        return self._headers

    @property
    def query_params(self) -> QueryParams:
        """The parameters of the query string."""
        if self._query_params is None:
            self._query_params = QueryParams(self.query_string)
        return self._query_params

    @property
    def path_params(self) -> Mapping[str, Any]:
        """The values that the path was matched with, converted, by name."""
        if self._path_params is None:
            given: Mapping[str, Any] | None = self.scope.get("path_params")
            self._path_params = given or {}
        return self._path_params

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name; the last of several with one name."""
        if self._cookies is None:
            self._cookies = parse_cookies(self.headers.getlist("cookie"))
        return self._cookies

    @property
    def client(self) -> Address | None:
        """Host and port of the client, or of the proxy before this server; absent on a Unix socket."""
        client = self.scope.get("client")
        # COMPAT: granian 2.7.9 gives the port as a text.
        return None if client is None else Address(client[0], int(client[1]))

    @property
    def url_scheme(self) -> str:
        """`http`, `https`, `ws` or `wss`."""
        scheme: str = self.scope.get("scheme", "http")
        return scheme

    @property
    def url(self) -> str:
        """What the client asked for, percent-encoded: `scheme://host[:port]path[?query]`, `root_path` in it."""
        return self._build_url(self.path, self.query_string)

    @property
    def base_url(self) -> str:
        """Where the application is, with a slash at the end: `scheme://host[:port]root_path/`."""
        return self._build_url("/", b"")

    def url_for(self, name: str, /, **params: Any) -> str:
        """Return the absolute URL of a route, from the values of its path parameters; raises as `app.url_path_for`."""
        path: str = self.app.url_path_for(name, **params)
        return self.base_url.rstrip("/") + path

    @property
    def state(self) -> State:
        """What the parts of the program leave for each other here, seeded from the lifespan state.

        All connection objects of one scope share it.
        """
        values = self.scope.setdefault("state", {})
        # Another connection object may have replaced them.
        if self._state is None or values_of(self._state) is not values:
            self._state = State(values)
        return self._state

    @state.setter
    def state(self, state: State | MutableMapping[str, Any]) -> None:
        self.scope["state"] = values_of(state) if isinstance(state, State) else state

    @property
    def app(self) -> Any:
        """The application that serves this.

        Raises:
            RuntimeError: it was not called through an application of hawkapi.
        """
        return self._member("app", "no application: nothing has put one into the scope")

    @property
    def session(self) -> Any:
        """The session, a dict.

        Raises:
            RuntimeError: there is no `SessionMiddleware`.
        """
        return self._member("session", "no session: add SessionMiddleware to the application")

    @property
    def user(self) -> Any:
        """Who the client is, as an authentication middleware has put it into the scope.

        Raises:
            RuntimeError: none has.
        """
        return self._member("user", "no user: add a middleware that sets scope['user']")

    @property
    def auth(self) -> Any:
        """What the client may do, as an authentication middleware has put it into the scope.

        Raises:
            RuntimeError: none has.
        """
        return self._member("auth", "no auth: add a middleware that sets scope['auth']")

    def _member(self, key: str, message: str) -> Any:
        try:
            return self.scope[key]
        except KeyError:
            raise RuntimeError(message) from None

    def _build_url(self, path: str, query_string: bytes) -> str:
        scope = self.scope
        return build_url(
            scheme=self.url_scheme,
            host=self.headers.get("host"),
            server=scope.get("server"),
            root_path=scope.get("root_path", ""),
            path=path,
            query_string=query_string,
        )
