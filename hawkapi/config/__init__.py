"""Settings: typed values from the process environment and from `.env` files."""

from hawkapi.config.env import load_dotenv
from hawkapi.config.errors import EnvFileError, SettingsError
from hawkapi.config.profiles import load_profile_env
from hawkapi.config.settings import Settings, env_field

__all__ = ["EnvFileError", "Settings", "SettingsError", "env_field", "load_dotenv", "load_profile_env"]
