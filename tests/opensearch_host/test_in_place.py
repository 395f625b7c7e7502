"""Random applications against the engine alone, which goes back in place: no process, no socket.

So many more sequences can be tried than with the whole host (`test_machine`).
SEEDSTATE_TEST_EXAMPLES=10000 makes a long run, SEEDSTATE_TEST_SEED another one.
"""

from __future__ import annotations

import io
import json
import os
import random
from pathlib import Path
from typing import Any

from pytest_seedstate.services.host.tally import Tally, Writes
from pytest_seedstate.services.opensearch.hosted import HostedNode
from tests.machines import EXAMPLES

from .helpers import Answer, Client, everything, fill
from .operations import OPERATIONS

SEED = os.environ.get("SEEDSTATE_TEST_SEED", "1")


class Direct(Client):
    """A client that calls the application."""

    def __init__(self, application: HostedNode) -> None:
        self._application = application

    def __call__(self, method: str, target: str, body: Any = None) -> Answer:
        lines = body if isinstance(body, list) else [] if body is None else [body]
        sent = "".join(json.dumps(line) + "\n" for line in lines).encode()
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "RAW_URI": target,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.input": io.BytesIO(sent),
        }
        started: list[str] = []
        text = b"".join(self._application(environ, lambda status, _: started.append(status)))
        return Answer(int(started[0].split()[0]), json.loads(text) if text else None)


def test_whatever_is_done_is_undone_in_place(tmp_path: Path) -> None:
    """A few random writes, back, and all of it compared; from several baselines."""
    tally = Tally.create(tmp_path / "tally")
    hosted = HostedNode()
    client = Direct(hosted)
    chance, names = random.Random(SEED), list(OPERATIONS)
    hosted.begin(Writes(tally, 0))
    fill(client)
    slot = 0
    for number in range(int(os.environ.get(EXAMPLES, "60"))):
        if number % 20 == 0:
            # What was reached is a baseline now, or the next process's beginning: see `Process`.
            if number % 40 == 0:
                hosted.settle()
            slot = number // 20 % 1000 + 1
            tally.clear(slot)
            hosted.begin(Writes(tally, slot))
            before = everything(client)
        operations = [
            (chance.choice(names), chance.randrange(6), chance.randrange(9))
            for _ in range(chance.randint(1, 8))
        ]
        for name, n, m in operations:
            OPERATIONS[name](client, n, m)
        if number % 5 == 0 and everything(client) != before:
            assert tally.written(slot), operations
        assert hosted.go_back() is not None
        assert everything(client) == before, operations
        assert tally.written(slot) == 0, operations
        if number % 20 == 19:
            # Another state to begin with, but none that grows and grows.
            for name, n, m in operations[: 0 if number % 200 == 199 else 3]:
                OPERATIONS[name](client, n, m)
    tally.close()
