"""A process that holds an embedded PostgreSQL server, for tests to kill. Standard library only.

Usage: holder.py ROOT CACHE [as-user] [fork] [ignore-interrupt]
Prints one JSON line with its variables and processes, then waits until its input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.postgres import EmbeddedPostgres, wire
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.services.supervised import Identity


def main(root: str, cache: str, *wishes: str) -> None:
    """Start a server, say so, wait."""
    try:
        rundir = RunDir(Path.cwd(), root=Path(root))
        run_as = [Identity("user", 65534, 65534)] if "as-user" in wishes else None
        server = EmbeddedPostgres(rundir, Path(cache), run_as=run_as)
        server.start()
    except SeedstateError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(1)
    socket = Path(server.variables["socket"], f".s.PGSQL.{server.variables['port']}")
    with wire.Session(socket, "seedstate", "seedstate") as session:
        ((data,),) = session.execute("SELECT current_setting('data_directory')")
    processes = (rundir.path / "processes").read_text().splitlines()
    supervisor, postgres = (int(line.split()[0]) for line in processes[-2:])
    forked = 0
    if "ignore-interrupt" in wishes:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if "fork" in wishes:
        forked = os.fork()
        if forked == 0:
            time.sleep(60)
            os._exit(0)
    found = {
        "folder": str(rundir.path),
        "data": data,
        "supervisor": supervisor,
        "postgres": postgres,
        "forked": forked,
        "owner_of_server": Path(f"/proc/{postgres}").stat().st_uid,
        "variables": dict(server.variables),
    }
    print(json.dumps(found), flush=True)
    sys.stdin.read()
    server.stop()
    rundir.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
