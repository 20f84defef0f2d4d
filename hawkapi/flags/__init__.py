"""Feature flags: typed questions to a provider, asked in handlers or in front of them."""

from hawkapi.flags.flags import EvalContext, FlagDisabled, FlagProvider, Flags, get_flags, requires_flag
from hawkapi.flags.providers import EnvFlagProvider, FileFlagProvider, StaticFlagProvider

__all__ = [
    "EnvFlagProvider",
    "EvalContext",
    "FileFlagProvider",
    "FlagDisabled",
    "FlagProvider",
    "Flags",
    "StaticFlagProvider",
    "get_flags",
    "requires_flag",
]
