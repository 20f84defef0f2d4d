"""`Settings`: where values come from, what text means, and what is said when something is wrong."""

from __future__ import annotations

import datetime as dt
import enum
import pickle
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import pytest

from hawkapi import Meta, Settings, Struct, env_field
from hawkapi.config import SettingsError

type Folder = Path


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


@dataclass
class Pool:
    """A structure."""

    host: str
    password: str = field(default="", kw_only=True)
    size: int = 5


class Login(Struct):
    """A structure that both codecs know."""

    name: str
    password: str


class NamedLogin(NamedTuple):
    """A structure that is a tuple."""

    name: str
    password: str


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory that is the current one, in an environment without the variables of the tests."""
    for name in ("HAWK_ENV", "X", "Y", "Z"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one(annotation: Any, **options: Any) -> type[Any]:
    """Return a class with one setting `x`, bound to `X`."""
    return type("One", (Settings,), {"__annotations__": {"x": annotation}, "x": env_field("X", **options)})


class Numbers(Settings):
    """Three settings."""

    x: int = env_field("X")
    y: int = env_field("Y", default=2)
    z: int = 3


def test_order_of_sources(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argument, process environment, file of the profile, `.env`, default."""
    seen = []
    settings = one(int, default=0)
    seen.append(settings().x)
    (directory / ".env").write_text("X=1")
    seen.append(settings.load().x)
    (directory / ".env.test").write_text("X=2")
    seen.append(settings.load("test").x)
    monkeypatch.setenv("X", "3")
    seen.append(settings("test", directory).x)
    seen.append(settings("test", x=0).x)
    assert seen == [0, 1, 2, 3, 0]


@pytest.mark.parametrize("value", [None, 0, "", False, []])
def test_false_argument_counts_as_given(value: object, directory: Path) -> None:
    """An argument counts whatever it is, also `None`."""
    settings = one(str, default="default")
    assert settings(x=value).x == value


def test_calling_the_class_is_loading(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Numbers()` and `Numbers.load()` are the same; instances are plain objects that may be changed."""
    monkeypatch.setenv("X", "1")
    settings = Numbers()
    settings.z = 4
    assert (vars(settings), vars(Numbers.load(z=5))) == ({"x": 1, "y": 2, "z": 4}, {"x": 1, "y": 2, "z": 5})


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        *(pytest.param(bool, word, True, id=f"bool-{word}") for word in ("true", "TRUE", "1", "yes", "On")),
        *(pytest.param(bool, word, False, id=f"bool-{word}") for word in ("false", "False", "0", "no", "OFF")),
        pytest.param(int, " -5 ", -5, id="int"),
        pytest.param(float, "1e3", 1000.0, id="float"),
        pytest.param(Decimal, "1.10", Decimal("1.10"), id="decimal"),
        pytest.param(str, " a ", " a ", id="str"),
        pytest.param(Any, " a ", " a ", id="any"),
        pytest.param(int | None, "5", 5, id="optional"),
        pytest.param(int | None, " ", None, id="optional-empty"),
        pytest.param(str | None, "", "", id="optional-text-empty"),
        pytest.param(list[int] | None, "", [], id="optional-array-empty"),
        pytest.param(int | str, "x", "x", id="union"),
        pytest.param(list[int] | bool, "[1]", [1], id="union-json"),
        pytest.param(list[int] | bool, "on", True, id="union-text"),
        pytest.param(Colour, "red", Colour.RED, id="enum"),
        pytest.param(Literal["a", 1], "1", 1, id="literal"),
        pytest.param(Annotated[int, Meta(ge=1)], "1", 1, id="annotated"),
        pytest.param(dt.timedelta, "PT5S", dt.timedelta(seconds=5), id="timedelta"),
        pytest.param(dt.date, "2031-05-04", dt.date(2031, 5, 4), id="date"),
        pytest.param(uuid.UUID, f"{uuid.UUID(int=1)}", uuid.UUID(int=1), id="uuid"),
        pytest.param(list, "a, ,b,", ["a", "b"], id="list"),
        pytest.param(list[str], "a,b", ["a", "b"], id="list-commas"),
        pytest.param(list[str], ' ["a", "b,c"]', ["a", "b,c"], id="list-json"),
        pytest.param(list[int], "1, 2", [1, 2], id="list-int"),
        pytest.param(list[str], "", [], id="list-empty"),
        pytest.param(list[list[int]], "[[1], [2]]", [[1], [2]], id="list-of-lists"),
        pytest.param(set[int], "1,1", {1}, id="set"),
        pytest.param(frozenset[str], '["a"]', frozenset({"a"}), id="frozenset"),
        pytest.param(tuple[int, ...], "1,2", (1, 2), id="tuple"),
        pytest.param(tuple[str, int], "a, 2", ("a", 2), id="fixed-tuple"),
        pytest.param(dict[str, int], '{"a": 1}', {"a": 1}, id="dict"),
        pytest.param(Pool, '{"host": "db", "size": 9}', Pool("db", size=9), id="dataclass"),
        pytest.param(Pool, '{"host": "db", "size": "9"}', Pool("db", size=9), id="number-as-text"),
        pytest.param(list[bool], '["on", false]', [True, False], id="bool-as-text"),
        pytest.param(Pool | None, '{"host": "db"}', Pool("db"), id="optional-dataclass"),
        pytest.param(Path, "/srv/a b", Path("/srv/a b"), id="path"),
        pytest.param(PurePosixPath, "a", PurePosixPath("a"), id="pure-path"),
        pytest.param(Folder, "a", Path("a"), id="path-alias"),
        pytest.param(Path | None, "a", Path("a"), id="optional-path"),
        pytest.param(Path | int, "5", Path("5"), id="union-path"),
        pytest.param(list[Path] | int, '["a"]', [Path("a")], id="union-paths"),
        pytest.param(list[Path], "a, b", [Path("a"), Path("b")], id="paths"),
        pytest.param(set[Path | None], '["a", null]', {Path("a"), None}, id="optional-paths"),
        pytest.param(tuple[Path, ...], "a", (Path("a"),), id="path-tuple"),
        pytest.param(tuple[str, Path], "a,b", ("a", Path("b")), id="path-fixed-tuple"),
        pytest.param(dict[Path, list[Path]], '{"a": ["b"]}', {Path("a"): [Path("b")]}, id="path-dict"),
        pytest.param(Annotated[Path, Meta(min_length=1)], "a", Path("a"), id="annotated-path"),
    ],
)
def test_text_as_a_type(
    annotation: Any, text: str, value: object, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of a variable is read as the annotation says, and so is a text given as an argument."""
    settings = one(annotation)
    given = settings(x=text).x
    monkeypatch.setenv("X", text)
    loaded = settings().x
    assert (loaded, type(loaded)) == (value, type(value))
    assert given == value


@pytest.mark.parametrize(
    ("annotation", "text", "reason"),
    [
        pytest.param(bool, "maybe", "Expected boolean, got 'maybe'", id="bool"),
        pytest.param(bool, "", "Expected boolean, got ''", id="bool-empty"),
        pytest.param(int, "1.5", "Expected integer, got '1.5'", id="int"),
        pytest.param(int | None, "none", "Expected integer, got 'none'", id="optional"),
        pytest.param(float, "inf", "Expected number, got 'inf'", id="float"),
        pytest.param(Colour, "blue", "Invalid enum value 'blue'", id="enum"),
        pytest.param(list[int], "1,b", "[1]: Expected integer, got 'b'", id="list"),
        pytest.param(dict[str, int], '{"a": "b"}', "a: Expected `int`, got `str`", id="dict"),
        pytest.param(Annotated[int, Meta(ge=1)], "0", "Expected `int` >= 1", id="annotated"),
        pytest.param(Annotated[Path, Meta(min_length=1)], "", "Expected `str` of length >= 1", id="path"),
    ],
)
def test_text_that_does_not_fit(
    annotation: Any, text: str, reason: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the setting, its variable, and where the value came from."""
    monkeypatch.setenv("X", text)
    with pytest.raises(SettingsError) as caught:
        one(annotation)()
    assert str(caught.value) == f"Setting 'x' (env: X) from the process environment: {reason}"


def test_text_that_is_not_json(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has structure is JSON, in UTF-8."""
    monkeypatch.setenv("X", "{a: 1}")
    with pytest.raises(SettingsError, match=r"^Setting 'x' \(env: X\) from the process environment: JSON is malformed"):
        one(dict[str, int])()
    monkeypatch.setenv("X", '{"\udcff": 1}')
    with pytest.raises(SettingsError, match=r"^Setting 'x' \(env: X\) from the process environment: .*UTF-8"):
        one(dict[str, int])()


def test_place_of_a_wrong_value(directory: Path) -> None:
    """The file and the line in which the value begins are named, and the argument if it was one."""
    (directory / ".env").write_text("X=1\n")
    (directory / ".env.production").write_text("# numbers\n\nX=one\n")
    with pytest.raises(SettingsError) as caught:
        Numbers("production")
    assert str(caught.value) == "Setting 'x' (env: X) from .env.production:3: Expected integer, got 'one'"
    with pytest.raises(SettingsError) as caught:
        Numbers(base_dir=directory, y="two")
    assert str(caught.value) == "Setting 'y' (env: Y) from the arguments: Expected integer, got 'two'"


def test_everything_wrong_is_reported_at_once(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One load names all that is missing or invalid."""
    monkeypatch.setenv("Y", "two")
    with pytest.raises(ValueError, match="Required setting") as caught:
        Numbers("test")
    missing = "Required setting 'x' (env: X) is not set; looked in the process environment, .env, .env.test"
    invalid = "Setting 'y' (env: Y) from the process environment: Expected integer, got 'two'"
    error = caught.value
    assert isinstance(error, SettingsError)
    assert error.problems == (missing, invalid)
    assert str(error) == f"Numbers: 2 settings are missing or invalid:\n  {missing}\n  {invalid}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - made above


SHOWN = "the value does not fit {}; it is not shown, because it may be a secret"


class SecretNumber(int):
    """A type that says it is secret; nothing reads it, so the setting has a function of its own."""


@pytest.mark.parametrize(
    ("name", "variable", "annotation", "text", "reason"),
    [
        pytest.param("api_key", "X", int, "hunter2", SHOWN.format("int"), id="name"),
        pytest.param("number", "DB_PASSWORD", int, "hunter2", SHOWN.format("int"), id="variable"),
        pytest.param("number", "X", SecretNumber, "hunter2", SHOWN.format("SecretNumber"), id="type"),
        pytest.param("logins", "X", dict[str, Colour], '{"token": "hunter2"}', None, id="member"),
        pytest.param("number", "X", int, "db://me:hunter2@host", "Expected integer, got 'db://me:***@host'", id="url"),
    ],
)
def test_secrets_are_not_in_errors(
    name: str,
    variable: str,
    annotation: Any,
    text: str,
    reason: str | None,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A value that may be a secret is in no error, nor in what led to it."""
    parse = int if annotation is SecretNumber else None
    body = {"__annotations__": {name: annotation}, name: env_field(variable, parse=parse)}
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsError) as caught:
        type("App", (Settings,), body)()
    message = str(caught.value)
    assert "hunter2" not in message + repr(caught.value)
    assert caught.value.__context__ is None
    if reason is not None:
        assert message == f"Setting '{name}' (env: {variable}) from the process environment: {reason}"


def test_unknown_arguments(directory: Path) -> None:
    """An argument that is no setting is a mistake."""
    with pytest.raises(TypeError, match=r"^Numbers has no settings 'a', 'b'; it has: x, y, z$"):
        Numbers(x=1, b=1, a=1)
    with pytest.raises(TypeError, match=r"^Settings has no settings 'a'; it has: none$"):
        Settings.load(a=1)


def test_settings_without_a_variable(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from arguments as they are, else from the class, else there is none."""

    class App(Settings):
        x: int = 1
        y: int

    monkeypatch.setenv("X", "5")
    assert vars(App(x="7", y=8)) == {"x": "7", "y": 8}
    settings = App()
    assert (settings.x, hasattr(settings, "y"), repr(settings)) == (1, False, "App(x=1)")


def test_defaults_are_taken_as_they_are(directory: Path) -> None:
    """A default is not read as text; one that could be changed is copied for each instance, however deep."""

    class App(Settings):
        x: int = env_field("X", default="5")
        y: list[list[int]] = env_field("Y", [[1]])
        z: dict[str, int] = {}  # noqa: RUF012 - what the test is about
        made: list[int] = env_field("Z", default_factory=list)

    first, second = App(), App()
    first.y[0].append(2)
    first.z["a"] = 1
    first.made.append(1)
    assert vars(second) == {"x": "5", "y": [[1]], "z": {}, "made": []}


def test_parse(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`parse` reads what annotations cannot, and its `ValueError` is reported as others are."""

    class App(Settings):
        x: complex = env_field("X", default=1j, parse=complex)

    assert App().x == 1j
    monkeypatch.setenv("X", "2j")
    assert App().x == 2j
    monkeypatch.setenv("X", "two")
    with pytest.raises(SettingsError, match=r"^Setting 'x' \(env: X\) from the process environment: complex"):
        App()


def test_inheritance(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subclass has the settings of its bases, and may bind or type them anew."""

    class More(Numbers):
        y = env_field("Z")
        x: bool = env_field("X")
        total: ClassVar[int] = 5
        _hidden: int = 6

        @property
        def double(self) -> int:
            return self.x * 2

    monkeypatch.setenv("X", "1")
    monkeypatch.setenv("Z", "4")
    settings = More()
    assert (vars(settings), settings.double) == ({"x": True, "y": 4, "z": 3}, 2)
    with pytest.raises(TypeError, match="More has no settings 'total'"):
        More(total=1)


def test_setting_without_a_value(directory: Path) -> None:
    """A setting that nothing gives a value says so when it is asked for; other names and properties fail as ever."""

    class Half(Settings):
        mail: str

        @property
        def broken(self) -> str:
            return str(self.nowhere)  # type: ignore[attr-defined]

    settings = Half()
    assert (hasattr(settings, "mail"), repr(settings), Half(mail="a").mail) == (False, "Half()", "a")
    with pytest.raises(AttributeError, match=r"Half\.mail has no value: no env_field, no default, no argument"):
        _ = settings.mail
    with pytest.raises(AttributeError, match="no attribute 'nowhere'"):
        _ = settings.broken


def test_subclass_with_its_own_init(directory: Path) -> None:
    """`load` goes through `__init__`."""

    class App(Settings):
        x: int = env_field("X", default=1)

        def __init__(self, *args: Any, **overrides: Any) -> None:
            super().__init__(*args, **overrides)
            self.double = self.x * 2

    assert App.load(x=4).double == 8


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        *(
            pytest.param(name, "hunter2", "'***'", id=name)
            for name in ("secret", "DB_PASSWORD", "auth_token", "api_key", "sentry_dsn", "credentials", "passphrase")
        ),
        pytest.param("x", "hunter2", "'hunter2'", id="no-secret"),
        pytest.param("key", None, "'***'", id="not-set"),
        pytest.param("x", "db://me:a@b/c@host/d?e=f", "'db://me:***@host/d?e=f'", id="url"),
        pytest.param("x", "redis://:a@host", "'redis://:***@host'", id="url-without-user"),
        pytest.param("x", "http://host:80/", "'http://host:80/'", id="url-without-password"),
        pytest.param("x", ["db://me:a@b", "c@d"], "['db://me:***@b', 'c@d']", id="urls"),
        pytest.param("x", Path("a"), repr(Path("a")), id="object"),
        pytest.param("x", {"token": 1, "b": {"key": 2}}, "{'token': '***', 'b': {'key': '***'}}", id="dict"),
        pytest.param("x", Login("a", "b"), "Login(name='a', password='***')", id="struct"),
        pytest.param("x", NamedLogin("a", "b"), "NamedLogin(name='a', password='***')", id="named-tuple"),
        pytest.param("x", {"a"}, "{'a'}", id="set"),
        pytest.param("x", (Pool("a"), 1), "(Pool(host='a', password='***', size=5), 1)", id="structure"),
    ],
)
def test_repr(name: str, value: object, shown: str, directory: Path) -> None:
    """Secrets are shown as `***`: by their names, in structures too, and the passwords of URLs."""
    settings = type("App", (Settings,), {"__annotations__": {name: Any}, name: value})
    assert repr(settings()) == f"App({name}={shown})"


def test_repr_of_a_variable_with_a_secret_name(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the variable says as well that a value is secret, as it does in errors."""

    class App(Settings):
        login: str = env_field("DB_PASSWORD", default="")
        user: str = env_field("DB_USER", default="me")

    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    assert repr(App()) == "App(login='***', user='me')"


def test_repr_of_models_of_other_packages(directory: Path) -> None:
    """The members of attrs and pydantic objects are looked at too."""
    attrs = pytest.importorskip("attrs")
    pydantic = pytest.importorskip("pydantic")
    made = attrs.make_class(
        "Made", {"name": attrs.field(), "password": attrs.field(), "hidden": attrs.field(repr=False)}
    )
    model = pydantic.create_model("Model", name=(str, ...), password=(str, ...))

    class App(Settings):
        made: Any
        model: Any

    login = {"name": "a", "password": "b"}
    shown = "(name='a', password='***')"
    assert repr(App(made=made(**login, hidden=1), model=model(**login))) == f"App(made=Made{shown}, model=Model{shown})"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({"x": env_field("X")}, r"^App\.x is bound to a variable but has no annotation$", id="bare"),
        pytest.param({"__annotations__": {"profile": str}}, r"^App\.profile cannot be a setting: ", id="reserved"),
        pytest.param(
            {"__annotations__": {"x": complex}, "x": env_field("X", default=1j)},
            r"^App\.x: .*complex.*; env_field takes parse=, a function of the text$",
            id="type",
        ),
        pytest.param({"__annotations__": {"x": "Nowhere"}}, "Nowhere", id="name"),
    ],
)
def test_class_that_cannot_work(body: dict[str, Any], reason: str, directory: Path) -> None:
    """A mistake in the class is found at the first load, whatever the environment holds."""
    with pytest.raises(TypeError, match=reason):
        type("App", (Settings,), body)()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        pytest.param(("",), {}, id="empty"),
        pytest.param(("A=B",), {}, id="equals-sign"),
        pytest.param(("A\0",), {}, id="nul"),
        pytest.param(("A",), {"default": 1, "default_factory": int}, id="two-defaults"),
    ],
)
def test_env_field_that_means_nothing(arguments: tuple[str, ...], options: dict[str, Any]) -> None:
    """The error comes where the mistake is."""
    with pytest.raises(ValueError, match=r"^env_field"):
        env_field(*arguments, **options)


def test_env_field_shows_its_variable() -> None:
    """What stands in the class says what it is."""
    assert repr(Numbers.x) == "env_field('X')"
