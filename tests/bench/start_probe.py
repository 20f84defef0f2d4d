"""Measures its own process: `python start_probe.py import MODULE | first APP | memory APP`, then paths.

It imports as little as it can before it measures. Milliseconds of CPU time, or megabytes, go to stdout.
"""

import sys
import time

what, subject, *paths = sys.argv[1:]


def own_megabytes() -> float:
    """Return the memory that this process shares with no other, in MB; where the system does not say, its peak."""
    try:
        with open("/proc/self/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123 - pathlib would be imported
            lines = [line.split() for line in file]
        return sum(int(words[1]) for words in lines if words[0] in {"Private_Clean:", "Private_Dirty:"}) / 1000
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> None:
    """Measure what the command line says."""
    from pathlib import Path

    here = Path(__file__).parent
    sys.path[:0] = [str(here / "apps"), *paths]
    import asyncio
    import importlib

    import driver
    from workloads import TUNED

    module = importlib.import_module(subject)

    async def answer() -> None:
        start = getattr(module, "start", None)
        if start is not None:
            await start()
        workload = TUNED["500 routes"]
        status, _ = await driver.ask(getattr(module, workload.app, None) or module.app, workload)
        assert status == 200, status

    asyncio.run(answer())
    if what == "first":
        print(time.process_time() * 1000)
        return
    import gc

    gc.collect()
    print(own_megabytes())


if what == "import":
    sys.path[:0] = paths
    begun = time.process_time()
    __import__(subject)
    print((time.process_time() - begun) * 1000)
else:
    main()
