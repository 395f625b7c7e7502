"""Writers that do not stand still while the host goes back, switches and keeps states.

SEEDSTATE_TEST_ROUNDS=10000 makes a long run; SEEDSTATE_TEST_SEED another one.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal

from . import writer
from .helpers import Clients, fill, key
from .wire import Wire

ROUNDS = int(os.environ.get("SEEDSTATE_TEST_ROUNDS", "20"))
SEED = os.environ.get("SEEDSTATE_TEST_SEED", "1")


@dataclass(frozen=True)
class Writer:
    """A thread or a process that writes when told."""

    name: str
    orders: socket.socket

    def begin(self) -> None:
        self.orders.sendall(b"w")

    def end(self) -> list[tuple[str, float]]:
        """Let it stop; what it wrote, and when it began each."""
        self.orders.sendall(b"s")
        line = b""
        while not line.endswith(b"\n"):
            line += self.orders.recv(1 << 16)
        told = json.loads(line)
        assert isinstance(told, list), told
        return [(identifier, seconds) for identifier, seconds in told]


@contextmanager
def writers(port: int) -> Iterator[list[Writer]]:
    """A thread and a process, each with its own connection."""
    ours, theirs = zip(*(socket.socketpair() for _ in range(2)), strict=True)
    thread = threading.Thread(
        target=writer.write_when_told, args=(port, "thread", theirs[0]), daemon=True
    )
    process = subprocess.Popen(
        [sys.executable, str(Path(writer.__file__)), str(port), "process", str(theirs[1].fileno())],
        pass_fds=[theirs[1].fileno()],
    )
    theirs[1].close()
    thread.start()
    yield [Writer("thread", ours[0]), Writer("process", ours[1])]
    for each in ours:
        each.close()
    thread.join()
    theirs[0].close()
    assert process.wait(30) == 0


def held(wire: Wire) -> dict[str, Any]:
    """What is in the table and the bucket that are written to, by key."""
    (page,) = wire.json("dynamodb", [("Scan", {"TableName": "shop"})])
    assert "LastEvaluatedKey" not in page
    found = {item["pk"]["S"]: item["n"] for item in page["Items"]}
    (listed,) = wire.s3(["/images?list-type=2"])
    for part in listed.body.split(b"<Contents>")[1:]:
        name, tag = (part.split(b"<%s>" % field)[1].split(b"<")[0] for field in (b"Key", b"ETag"))
        found[name.decode()] = tag
    return found


def act(journal: HostJournal, chance: random.Random) -> tuple[str, int]:
    """Do what the engine does, while others write; says where it is now."""
    kind = chance.choice(["rewind", "rewind", "rewind", "switch", "mark", "mark and rewind"])
    if kind == "switch":
        baseline = chance.choice(["filled", "fewer"])
        journal.switch(baseline)
        return baseline, 0
    if kind == "rewind":
        journal.rewind()
        return "filled", 0
    position = 0
    # Writers may be too busy for a state between two requests: the engine says so.
    with suppress(SeedstateError):
        position = journal.mark()
    if kind == "mark and rewind":
        journal.rewind(position)
    return "filled", position


def test_no_write_is_lost(aws: EmbeddedAws, clients: Clients, wire: Wire) -> None:
    """Never a clean answer for what was written to; each late write is named and undone."""
    journal, chance = aws.journal, random.Random(SEED)
    fill(clients)
    journal.keep("filled")
    baselines = {"filled": held(wire)}
    for number in range(3):
        clients.dynamodb.delete_item(TableName="shop", Key=key(number))
        clients.s3.delete_object(Bucket="images", Key=f"a/{number}.jpg")
    journal.keep("fewer")
    baselines["fewer"] = held(wire)
    journal.switch("filled")
    late = 0
    with writers(int(aws.variables["port"])) as both:
        for _ in range(ROUNDS):
            for each in both:
                each.begin()
            time.sleep(chance.random() * 0.02)
            baseline, position = act(journal, chance)
            acted = time.monotonic()
            time.sleep(chance.random() * 0.005)
            written = {each.name: each.end() for each in both}

            clean = journal.is_clean()
            changes = {str(next(iter(each.key.values()))): each for each in journal.changes()}
            now, then = held(wire), baselines[baseline]
            differ = {at for at in now.keys() | then.keys() if now.get(at) != then.get(at)}
            assert not (clean and differ)
            assert changes.keys() == differ
            for name, requests in written.items():
                for identifier, began in requests:
                    assert began < acted or identifier in differ
                for identifier in differ:
                    if identifier.startswith(name):
                        change = changes[identifier]
                        request = {"dynamodb": "PutItem", "s3": "PUT"}[change.store]
                        assert change.writers == (f"{name}: {request}",)
            late += len(differ)

            if position:
                journal.rewind(position)
                first = held(wire)
                assert journal.is_clean(position)
                clients.dynamodb.delete_item(TableName="shop", Key=key(3))
                journal.rewind(position)
                assert held(wire) == first
            journal.rewind()
            assert held(wire) == then
            assert journal.is_clean()
            assert not journal.changes()
            if baseline != "filled":
                journal.switch("filled")
    assert late
    journal.forget("fewer")
