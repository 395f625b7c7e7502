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
from pytest_seedstate.services.host.journal import HostJournal
from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch

from . import writer
from .helpers import Client, fill

ROUNDS = int(os.environ.get("SEEDSTATE_TEST_ROUNDS", "40"))
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


def documents(client: Client) -> dict[str, Any]:
    """All that there is in the index that is written to, unseen writes included."""
    client("POST", "/artists/_refresh")
    asked = {"size": 10_000, "version": True, "seq_no_primary_term": True, "sort": ["_doc"]}
    hits = client("POST", "/artists/_search", asked).body["hits"]["hits"]
    found = client("POST", "/artists/_search", {"query": {"match": {"name": "stone"}}}).body["hits"]
    return {"documents": {hit["_id"]: hit for hit in hits}, "scores": found}


def act(journal: HostJournal, chance: random.Random) -> tuple[str, int]:
    """Do what the engine does, while others write; says where it is now."""
    kind = chance.choice(["rewind", "rewind", "rewind", "switch", "mark", "mark and rewind"])
    baseline, position = "filled", 0
    if kind == "switch":
        baseline = chance.choice(["filled", "fewer"])
        journal.switch(baseline)
        return baseline, 0
    if kind != "rewind":
        # Writers may be too busy for a state between two requests: the engine says so.
        with suppress(SeedstateError):
            position = journal.mark()
    if kind == "mark and rewind":
        journal.rewind(position)
    if kind == "rewind":
        journal.rewind()
    return baseline, position


def test_no_write_is_lost(service: EmbeddedOpenSearch, client: Client) -> None:
    """Never a clean answer for what was written to; each late write is named and undone."""
    journal, chance = service.journal, random.Random(SEED)
    fill(client)
    journal.keep("filled")
    baselines = {"filled": documents(client)}
    for number in range(5):
        client("DELETE", f"/artists/_doc/{number}?refresh=true")
    journal.keep("fewer")
    baselines["fewer"] = documents(client)
    journal.switch("filled")
    late = 0
    with writers(int(service.variables["port"])) as both:
        for _ in range(ROUNDS):
            for each in both:
                each.begin()
            time.sleep(chance.random() * 0.01)
            baseline, position = act(journal, chance)
            acted = time.monotonic()
            time.sleep(chance.random() * 0.002)
            written = {each.name: each.end() for each in both}

            clean = journal.is_clean()
            changes = {change.key["_id"]: change for change in journal.changes()}
            now, then = documents(client), baselines[baseline]
            differ = {
                key
                for key in now["documents"].keys() | then["documents"].keys()
                if now["documents"].get(key) != then["documents"].get(key)
            }
            assert not (clean and (differ or now["scores"] != then["scores"]))
            assert changes.keys() == differ
            for name, requests in written.items():
                for identifier, began in requests:
                    assert began < acted or identifier in differ
                for identifier in differ:
                    if identifier.startswith(name):
                        assert changes[identifier].writers == (f"{name}: PUT _doc",)
            late += len(differ)

            if position:
                journal.rewind(position)
                first = documents(client)
                assert journal.is_clean(position)
                client("DELETE", "/artists/_doc/7")
                journal.rewind(position)
                assert documents(client) == first
            journal.rewind()
            assert documents(client) == then
            assert journal.is_clean()
            assert not journal.changes()
            if baseline != "filled":
                journal.switch("filled")
    assert late
    journal.forget("fewer")
