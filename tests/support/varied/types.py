"""Drawing types: annotations as source text, with defaults that fit and limits."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

TEXTS: Final = {
    "str": ("'text'", "''"),
    "int": ("7", "-1"),
    "float": ("0.5", "1e3"),
    "bool": ("True", "False"),
    "Decimal": ("Decimal('1.50')",),
    "UUID": ("UUID(int=5)",),
    "date": ("date(2024, 2, 29)",),
    "datetime": ("datetime(2024, 2, 29, 12, 30, tzinfo=UTC)",),
    "time": ("time(12, 30, tzinfo=UTC)",),
    "timedelta": ("timedelta(days=1, seconds=2.5)",),
    "Colour": ("Colour.RED",),
    "Size": ("Size.LARGE",),
    "Literal['a', 'b']": ("'a'",),
    "Literal[1, 2, 3]": ("2",),
    "UserId": ("UserId(3)",),
    "Name": ("'ada'",),
}
"""Types that one text can spell, with defaults. Times have offsets: without, they are not of the format `time`."""
LIMITED: Final = ("str", "int", "float", "list[int]", "list[str]")
"""Types that `limits` knows."""
MODELS: Final = ("Point", "Tree", "Chain", "Options", "Place", "Times", "Exact", "Cat | Fish", "Box[int]")


class Drawn(NamedTuple):
    """A type, and what a parameter of it may say."""

    annotation: str
    default: str = ""
    """Empty where there is none."""
    limits: tuple[str, ...] = ()
    """Keyword arguments of a marker, or of `Meta`."""

    def limited(self, by: str = "Meta") -> str:
        """Return the annotation with its limits."""
        return f"Annotated[{self.annotation}, {by}({', '.join(self.limits)})]" if self.limits else self.annotation


def limits(random: Random, annotation: str) -> tuple[str, ...]:
    """Return limits of a type, some of those there are."""
    if annotation == "int":
        low = random.randint(-5, 5)
        choices = [(f"ge={low}", f"le={low + random.randint(1, 50)}"), (f"gt={low}",), (f"lt={low}", "multiple_of=2")]
    elif annotation == "float":
        low = random.randint(-5, 5)
        choices = [(f"ge={low}.5", f"lt={low + 3}.25"), (f"gt={low}",), (f"le={low}.5",)]
    elif annotation == "str":
        patterns = ("^[a-z]{2,8}$", "^[0-9]+-[A-Z]$", "^(on|off)$")
        choices = [(f"pattern={random.choice(patterns)!r}",), ("min_length=1", "max_length=8"), ("max_length=3",)]
    else:
        choices = [("min_length=1",), ("max_length=3",), ("min_length=1", "max_length=2")]
    return random.choice(choices)


def one_text(random: Random) -> Drawn:
    """Return a type that one text can spell."""
    if random.random() < 0.3:
        annotation = random.choice(LIMITED[:3])
        return Drawn(annotation, limits=limits(random, annotation))
    annotation = random.choice(tuple(TEXTS))
    if random.random() < 0.4:
        return Drawn(annotation, random.choice(TEXTS[annotation]))
    if random.random() < 0.3:
        return Drawn(f"{annotation} | None", "None")
    return Drawn(annotation)


def texts(random: Random) -> Drawn:
    """Return a type that one text or several under one name can spell."""
    if random.random() < 0.7:
        return one_text(random)
    if random.random() < 0.4:
        annotation = random.choice(LIMITED[3:])
        return Drawn(annotation, limits=limits(random, annotation))
    item = random.choice(("str", "int", "float", "UUID", "date", "Colour"))
    annotation = random.choice((f"list[{item}]", f"set[{item}]", f"tuple[{item}, ...]"))
    return Drawn(annotation, "()" if annotation.startswith("tuple") and random.random() < 0.5 else "")


def value(random: Random, depth: int = 2) -> Drawn:
    """Return a type of a member of a body."""
    chance = random.random()
    if depth == 0 or chance < 0.45:
        return one_text(random)
    if chance < 0.55:
        return Drawn(random.choice(("Any", "bytes", "int | str", "int | list[int] | None", "float | bool")))
    if chance < 0.65:
        return Drawn(random.choice(MODELS))
    if chance < 0.75:
        annotation = random.choice(LIMITED[3:])
        return Drawn(annotation, limits=limits(random, annotation))
    inner = value(random, depth - 1).limited()
    shapes = (f"list[{inner}]", f"dict[str, {inner}]", f"tuple[{inner}, int]", f"{inner} | None", f"dict[int, {inner}]")
    return Drawn(random.choice(shapes))


def model(random: Random, name: str) -> str:
    """Return the source of a class whose members are drawn, for a body."""
    drawn = [value(random) for _ in range(random.randint(1, 5))]
    kind = random.choice((_struct, _dataclass, _typed_dict, _pydantic))
    if kind is _pydantic:
        # pydantic reads limits from its own `Field`. Its schemas do not say which texts are decimals, and they call
        # durations with fractions of seconds `duration`, which has none (RFC 3339, appendix A).
        choices = (one_text(random) for _ in range(8))
        drawn = [item for item in choices if not item.annotation.startswith(("Decimal", "timedelta"))][:5]
    return kind(random, name, drawn)


def text_model(random: Random, name: str) -> str:
    """Return the source of a class whose members are drawn, for a query string, header fields, cookies or a form."""
    drawn = [one_text(random) for _ in range(random.randint(1, 4))]
    return random.choice((_struct, _dataclass, _typed_dict))(random, name, drawn)


def _struct(random: Random, name: str, drawn: list[Drawn]) -> str:
    options = ("", ", rename='camel'", ", forbid_unknown_fields=True", ", frozen=True")
    lines = [f"class {name}(Struct, kw_only=True{random.choice(options)}):"]
    return "\n".join(lines + _members(drawn, "Meta"))


def _dataclass(random: Random, name: str, drawn: list[Drawn]) -> str:
    options = "kw_only=True" + random.choice(("", ", slots=True", ", frozen=True"))
    return "\n".join([f"@dataclass({options})", f"class {name}:", *_members(drawn, "Meta")])


def _typed_dict(random: Random, name: str, drawn: list[Drawn]) -> str:
    lines = [f"class {name}(TypedDict):"]
    for index, item in enumerate(drawn):
        annotation = item.limited() if not item.default else f"NotRequired[{item.limited()}]"
        lines.append(f"    m{index}_of: {annotation}")
    return "\n".join(lines)


def _pydantic(random: Random, name: str, drawn: list[Drawn]) -> str:
    # Otherwise pydantic takes "1" for an integer, which its own schema does not say.
    config = "    model_config = ConfigDict(strict=True)"
    return "\n".join([f"class {name}(BaseModel):", config, *_members(drawn, "Field")])


def _members(drawn: list[Drawn], limit: str) -> list[str]:
    return [
        f"    m{index}_of: {item.limited(limit)}" + (f" = {item.default}" if item.default else "")
        for index, item in enumerate(drawn)
    ]
