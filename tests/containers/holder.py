"""A process that holds a PostgreSQL container, for tests to kill.

Usage: holder.py PROJECT IMAGE [reuse] [alone] [fork]
Prints one JSON line, then waits until its input ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from pytest_seedstate.services import platform
from pytest_seedstate.services.containers import ContainerPostgres
from pytest_seedstate.services.rundir import RunDir


def main(project: str, image: str, *wishes: str) -> None:
    """Start it, say so, wait."""
    if "SEEDSTATE_TEST_ROOT" in os.environ:
        # As where shared memory may not be written to and TMPDIR names another folder.
        platform._SHARED_MEMORY = platform._TEMPORARY = Path(os.environ["SEEDSTATE_TEST_ROOT"])
        os.environ["TMPDIR"] = os.environ["SEEDSTATE_TEST_ROOT"]
    with RunDir(Path(project)) as rundir:
        service = ContainerPostgres(
            rundir, image=image, reuse="reuse" in wishes, alone="alone" in wishes
        )
        variables = dict(service.variables)
        service.start()
        forked = os.fork() if "fork" in wishes else -1
        if forked == 0:
            time.sleep(60)
            os._exit(0)
        assert service._guard is not None
        told = {
            "container": service.container,
            "guard": service._guard.pid,
            "forked": forked,
            "variables": variables,
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()
        service.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
