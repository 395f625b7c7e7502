"""The process that keeps the state of a failed test: it holds the services until it is ended."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pytest_seedstate.engine.uprun import LOG, write_up_data
from pytest_seedstate.services.inheriting import InheritedRun

_LOOK_SECONDS = 1.0
_MOST_DESCRIPTORS = 64
_GONE = select.POLLHUP | select.POLLERR


class _AskedToEndError(BaseException):
    """Raised by a signal."""


def _ask_to_end(signum: int, frame: FrameType | None) -> NoReturn:
    raise _AskedToEndError


def main() -> None:
    """Run; ``sys.argv[1]`` is the descriptor of the socket to the process that ends."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _ask_to_end)
    held: list[int] = []
    runs: list[InheritedRun] = []
    try:
        _hold(socket.socket(fileno=int(sys.argv[1])), held, runs)
    except _AskedToEndError:
        pass
    except BaseException:  # noqa: BLE001 - the log keeps it
        traceback.print_exc()
    finally:
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, signal.SIG_IGN)
        for descriptor in held:
            os.close(descriptor)
        for run in runs:
            run.close()


def _hold(giver: socket.socket, held: list[int], runs: list[InheritedRun]) -> None:
    with giver:
        giver.sendall(b"r")
        told = b""
        while not told.endswith(b"\n"):
            data, descriptors, _, _ = socket.recv_fds(giver, 1 << 16, _MOST_DESCRIPTORS)
            if not data:
                return
            told += data
            held.extend(descriptors)
        message = json.loads(told)
        giver.sendall(b"h")
        if giver.recv(16) == b"":
            return
        runs.extend(InheritedRun(Path(folder)) for folder in message["folders"])
        folder = runs[0].path
        write_up_data(folder, message["up"])
        log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        giver.sendall(b"o")
    _watch(dict(zip(held, message["names"], strict=True)), folder, message)


def _watch(held: dict[int, str], folder: Path, message: dict[str, object]) -> None:
    """Until a signal comes, or the project or the run's folder is gone."""
    up = message["up"]
    assert isinstance(up, dict)
    root = Path(str(message["root"]))
    poll = select.poll()
    for descriptor in held:
        poll.register(descriptor, 0)
    while root.is_dir() and folder.is_dir():
        ended = [descriptor for descriptor, event in poll.poll(0) if event & _GONE]
        for descriptor in ended:
            poll.unregister(descriptor)
            up["failures"][held[descriptor]] = f"{held[descriptor]} has ended"
        if ended:
            write_up_data(folder, up)
        time.sleep(_LOOK_SECONDS)
