"""The application of a seed, VARIED_SEED in the environment, for a server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "support")]

from varied.application import application_of  # noqa: E402 - found through the path set above

app = application_of(int(os.environ["VARIED_SEED"]))
