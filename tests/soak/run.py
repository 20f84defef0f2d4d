"""Drive the to-do list of the documentation for minutes, and see that nothing is wrong, stuck, lost or growing.

    python tests/soak/run.py [--minutes 20] [--threads 8] [--round 10]

`hawkapi run` serves it, on a free-threaded build in one process with 8 event loops. Users do everything it offers and
check every answer; others ask for exceptions and time limits, leave in the middle of bodies and streams, crowd a
bulkhead, and replace the routes, all the time. After each round the server must have nothing left to do, have counted
exactly what was sent, and its database hold what the users were told. Its memory is taken after each round; it may
grow by 2 % once a quarter of the time is over and nearly all threads of its pools are there.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent.parent)]

from soaking import Soak, rounds  # noqa: E402 - found through the path set above

MOST_GROWTH: Final = 0.02
HANG_S: Final = 180.0
"""A round may take so much longer than its users work."""
MIB: Final = 1 << 20


def describe(seen: Soak) -> str:
    """Return the most important figures on one line."""
    counts = seen.counts
    memory = f"{seen.resident[-1] / MIB:.1f} MiB, {seen.blocks[-1]} blocks"
    return f"round {counts['rounds']}: {counts['requests sent']} requests, {counts['reloads']} reloads, {memory}"


def watch(chosen: argparse.Namespace) -> Soak:
    """Play all rounds, saying how far it is; one that hangs ends the process with the stacks of its threads."""
    faulthandler.dump_traceback_later(chosen.round + HANG_S, exit=True)
    started, words = time.monotonic(), 0
    seen: Soak | None = None
    with tempfile.TemporaryDirectory(prefix="hawkapi-soak-") as scratch:
        for seen in rounds(Path(scratch), chosen.minutes * 60, threads=chosen.threads, round_s=chosen.round):
            faulthandler.dump_traceback_later(chosen.round + HANG_S, exit=True)
            minutes = int(time.monotonic() - started) // 60
            if minutes > words:
                words = minutes
                print(f"minute {minutes:>3}  {describe(seen)}", flush=True)
    faulthandler.cancel_dump_traceback_later()
    assert seen is not None, "there is at least one round"
    return seen


def main(arguments: Sequence[str]) -> int:
    """Print what happened; 1 when the memory grew too much."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0, help="how long, default 20")
    parser.add_argument("--threads", type=int, default=8, help="event loops of the server, default 8")
    parser.add_argument("--round", type=float, default=10.0, help="seconds that users work at a time, default 10")
    chosen = parser.parse_args(arguments)
    seen = watch(chosen)
    print(describe(seen))
    for name, count in sorted(seen.counts.items()):
        print(f"  {name:<24}{count:>10}")
    for what, growth in seen.growth().items():
        print(f"  growth of {what:<14}{growth:>10.2%}")
    print(f"  resident MiB after each round: {' '.join(f'{size / MIB:.1f}' for size in seen.resident)}")
    print(f"  threads after each round: {' '.join(map(str, seen.threads))}")
    too_much = [what for what, growth in seen.growth().items() if growth > MOST_GROWTH]
    if too_much:
        print(f"error: after warm-up more than {MOST_GROWTH:.0%} was added to: {', '.join(too_much)}", file=sys.stderr)
    return int(bool(too_much))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
