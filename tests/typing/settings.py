"""Settings and flags as users write them; type checkers read it, and nothing runs it."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from hawkapi import (
    EnvFlagProvider,
    EvalContext,
    FileFlagProvider,
    FlagProvider,
    Flags,
    HawkAPI,
    Request,
    Settings,
    StaticFlagProvider,
    env_field,
    get_flags,
    requires_flag,
)


class AppSettings(Settings):
    """An application's."""

    port: int = env_field("PORT", default=8000)
    hosts: list[str] = env_field("HOSTS", default_factory=list)
    data: Path | None = env_field("DATA", None)
    ratio: complex = env_field("RATIO", parse=complex)
    name: str = "shop"


settings = AppSettings(port=1)
assert_type(AppSettings.load("test", base_dir=Path(), port=2), AppSettings)
assert_type(settings.port, int)
assert_type(settings.data, Path | None)
settings.name = "other"
settings.port = "80"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
env_field(80)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
env_field("RATIO", parse=8)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

providers: list[FlagProvider] = [EnvFlagProvider(), StaticFlagProvider({"new": True}), FileFlagProvider(Path("a.json"))]
app = HawkAPI(flags=providers[0])
HawkAPI(flags={"new": True})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@app.get("/new")
@requires_flag("new", status_code=403, default=True)
async def new(limit: int = 5) -> int:
    return limit


@app.get("/old")
@requires_flag("old")
def old(limit: int = 5) -> int:
    return limit


async def asks(request: Request) -> None:
    """What flags are, and what handlers keep."""
    flags = await get_flags(request)
    assert_type(flags, Flags)
    assert_type(await flags.bool("new"), bool)
    assert_type(await flags.string("colour", "red"), str)
    assert_type(await flags.number("ratio", context=EvalContext(user_id="1")), float)
    assert_type(await new(limit=1), int)
    await flags.require("new")
    await new("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flags.bool("new", "yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
