"""testcontainers' reaper: asked for where it can be had, done without where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pytest_seedstate.services.containers.docker_engine import DockerEngine, Found
from tests.containers.conftest import Holder
from tests.docker import image
from tests.services.conftest import wait_until


def test_where_it_can_be_had(
    hold: Callable[..., Holder], built: Callable[[str], str], engine: DockerEngine
) -> None:
    """It runs for the session that our containers are marked with, and goes when we do."""
    # Stands in for Ryuk, whose image cannot be had here: what it does is testcontainers' matter.
    name = built(f'FROM {image("postgres")}\nENTRYPOINT ["sleep", "120"]\n')
    holder = hold(TESTCONTAINERS_RYUK_DISABLED="false", RYUK_CONTAINER_IMAGE=name)
    ours = engine.client.containers.get(holder.told["container"])
    expected = f"testcontainers-ryuk-{ours.labels['org.testcontainers.session-id']}"

    def reapers() -> list[str]:
        found = engine.client.api.containers(filters={"ancestor": name})
        return [one["Names"][0].removeprefix("/") for one in found]

    wait_until(lambda: reapers() == [expected])
    holder.close()
    wait_until(lambda: reapers() == [])


def test_where_it_cannot_be_had(project: Path, containers: Callable[[], list[Found]]) -> None:
    """Its image cannot be fetched: everything goes on, nothing warns, nothing stays."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from pytest_seedstate.services.containers import ContainerPostgres\n"
        "from pytest_seedstate.services.rundir import RunDir\n"
        "import threading\n"
        "with RunDir(Path(sys.argv[1])) as rundir:\n"
        "    service = ContainerPostgres(rundir, image=sys.argv[2])\n"
        "    service.start()\n"
        "    for thread in threading.enumerate():\n"
        "        if thread.name == 'seedstate-reaper':\n"
        "            thread.join()\n"
        "    service.stop()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(project), image("postgres")],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "TESTCONTAINERS_RYUK_DISABLED": "false",
            "RYUK_CONTAINER_IMAGE": "127.0.0.1:1/ryuk:1",
        },
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert containers() == []
