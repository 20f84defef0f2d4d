"""Start-up and shutdown of an application."""

from hawkapi.lifespan.hooks import Hook, HookRegistry
from hawkapi.lifespan.manager import Lifespan, LifespanManager

__all__ = ["Hook", "HookRegistry", "Lifespan", "LifespanManager"]
