"""What can be said about the example from outside: environment variables, or a `.env` file."""

from __future__ import annotations

from hawkapi import Settings, env_field


class TodoSettings(Settings):
    """Where things are, and who may change the running application."""

    database: str = env_field("TODO_DATABASE", default="todo.sqlite3")
    uploads: str = env_field("TODO_UPLOADS", default="todo-uploads")
    admin_token: str = env_field("TODO_ADMIN_TOKEN", default="")
    """Empty: nobody may."""
