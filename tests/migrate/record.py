"""Writes down what FastAPI answers: `python tests/migrate/record.py` with the dependency group `record` and httpx.

The answers are files, because the suite cannot have FastAPI's form parser: `python-multipart` has a module of the same
name as `multipart`, which the suite compares multipart bodies with.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Write one file for each application."""
    sys.path[:0] = [str(HERE.parent / "support"), str(HERE / "apps")]
    from fastapi.testclient import TestClient
    from migration_answers import answers
    from migration_exchanges import EXCHANGES

    for name, exchanges in EXCHANGES.items():
        app = importlib.import_module(name).app
        with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
            text = json.dumps(answers(client, app, exchanges), indent=1, ensure_ascii=False)
        (HERE / "answers" / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
