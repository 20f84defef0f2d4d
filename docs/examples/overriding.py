"""Tests of the container's example: other settings, without touching the application."""

import asyncio

from container import Settings, container, script

from hawkapi.di import override


class Polite(Settings):
    """What a test wants."""

    greeting = "good evening"


def test_greeting() -> None:
    """Inside the block there are other settings; what needs them is made anew for it."""
    with override(container, {Settings: Polite}):
        assert asyncio.run(script()) == "good evening, script"
    assert asyncio.run(script()) == "hello, script"
