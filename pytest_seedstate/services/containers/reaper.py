"""testcontainers' reaper, Ryuk: removes what a run leaves even where its guards were killed too.

Guards and the next run's sweep do the same on one machine; the reaper is what helps where this
machine goes away and the engine stays, as in some CI systems.
"""

from __future__ import annotations

import contextlib
import os
import threading

from pytest_seedstate.services.containers.docker_engine import DockerEngine

_asked_for: set[int] = set()
_asking = threading.Lock()


def have_reaper(engine: DockerEngine) -> None:
    """Start it in the background, once in a process; where it cannot be had, do without.

    It is not had where ``TESTCONTAINERS_RYUK_DISABLED`` or ``~/.testcontainers.properties`` says
    so, or its image is neither there nor to be fetched.
    """
    from testcontainers.core.config import testcontainers_config

    with _asking:
        if testcontainers_config.ryuk_disabled or os.getpid() in _asked_for:
            return
        _asked_for.add(os.getpid())
    threading.Thread(target=_start, name="seedstate-reaper", daemon=True).start()


def _start() -> None:
    from docker.errors import DockerException, ImageNotFound
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import Reaper

    # Its faults are no faults of the run, whatever they are: an optional second safety net.
    with contextlib.suppress(Exception):
        engine = DockerEngine("the reaper")
        try:
            # First looked for by a client that is closed: testcontainers' own would leave one open.
            try:
                engine.client.images.get(testcontainers_config.ryuk_image)
            except ImageNotFound:
                engine.client.images.pull(testcontainers_config.ryuk_image)
        except DockerException:
            return
        finally:
            engine.close()
        Reaper.get_instance()
