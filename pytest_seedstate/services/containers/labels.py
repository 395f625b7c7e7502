"""What marks our containers, and which of them belong to runs that are gone."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping

from pytest_seedstate.services import platform

#: Of every container of ours: which service it runs.
SERVICE = "pytest-seedstate.service"
#: The project's root folder.
PROJECT = "pytest-seedstate.project"
#: Names one container for good.
TOKEN = "pytest-seedstate.token"  # noqa: S105 - a label's name
#: What it was made from: a digest of image, command, settings.
RECIPE = "pytest-seedstate.recipe"
#: Where process numbers mean something: machine, process namespace and user.
MACHINE = "pytest-seedstate.machine"
#: The run it ends with: its process and its guard, as ``pid start pid start``.
RUN = "pytest-seedstate.run"
#: Instead of `RUN`: it stays for later runs, and this is the folder of the register that lists it.
REUSABLE = "pytest-seedstate.reusable"


def this_machine() -> str:
    """The value of `MACHINE` here.

    An engine may serve several machines, or containers with a common socket: what runs elsewhere
    cannot be seen from here.
    """
    return f"{socket.gethostname()} {platform.process_space()} {os.geteuid()}"


def run_label(processes: Iterable[tuple[int, str]]) -> str:
    """The value of `RUN` for processes given as pid and start."""
    return " ".join(f"{pid} {start}" for pid, start in processes)


def is_leftover(labels: Mapping[str, str]) -> bool:
    """Whether a container is of a run on this machine, by this user, that is gone."""
    if labels.get(MACHINE) != this_machine() or not labels.get(RUN):
        return False
    told = labels[RUN].split()
    return not any(
        platform.is_same_process(int(pid), start)
        for pid, start in zip(told[::2], told[1::2], strict=False)
        if pid.isdecimal()
    )
