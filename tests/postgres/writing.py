"""Writers that do not wait for anybody: in a thread and in a process of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import threading
from multiprocessing.connection import Connection
from typing import Any

import psycopg

STATEMENTS = (
    "INSERT INTO people (name, age) VALUES ('w' || random(), {n})",
    "INSERT INTO people (id, name) VALUES ({n}, 'w{n}') ON CONFLICT DO NOTHING",
    "UPDATE people SET age = age + 1 WHERE id BETWEEN {n} AND {n} + 3",
    "UPDATE people SET id = id + 1000 WHERE id = {n}",
    "DELETE FROM people WHERE id = {n}",
    "DELETE FROM people WHERE id > 20",
    "INSERT INTO bag VALUES ({n}, 'w'), (1, 'x')",
    "UPDATE bag SET b = 'u' WHERE a = {n}",
    "DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag WHERE a IN (1, {n}) LIMIT 1)",
    "UPDATE parts SET k = (k + 100) % 200 WHERE k = {n}",
    "INSERT INTO parts (k) VALUES ({n}) ON CONFLICT DO NOTHING",
    "SELECT nextval('people_id_seq')",
)


def write_until_told(conninfo: str, seed: int, channel: Connection) -> None:
    """Commit at random: ``go`` starts, ``pause`` is answered when nothing is open, None ends."""
    chance = random.Random(seed)
    with psycopg.connect(
        conninfo, autocommit=True, application_name=f"writer {seed}"
    ) as connection:
        # Two writers may block each other; the server's second for noticing that would be ours.
        connection.execute("SET lock_timeout = '2s'; SET deadlock_timeout = '100ms'")
        while True:
            command = channel.recv()
            if command is None:
                return
            while not channel.poll():
                write_some(connection, chance)
            if channel.recv() is None:
                return
            channel.send("paused")


def write_some(connection: psycopg.Connection[Any], chance: random.Random) -> None:
    """One transaction of a few statements; what a rewind makes of it is the rewind's right."""
    end = "ROLLBACK" if chance.random() < 0.15 else "COMMIT"
    with contextlib.suppress(psycopg.errors.IntegrityError, psycopg.errors.OperationalError):
        connection.execute("BEGIN")
        for _ in range(chance.randint(1, 4)):
            connection.execute(chance.choice(STATEMENTS).format(n=chance.randint(0, 25)))
        connection.execute(end)
    if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        connection.execute("ROLLBACK")


class Writer:
    """A writer that can be told to go and to pause."""

    def __init__(self, conninfo: str, seed: int, *, process: bool) -> None:
        self._channel, theirs = multiprocessing.Pipe()
        arguments = (conninfo, seed, theirs)
        self._worker: Any
        if process:
            context = multiprocessing.get_context("spawn")
            self._worker = context.Process(target=write_until_told, args=arguments)
        else:
            self._worker = threading.Thread(target=write_until_told, args=arguments)
        self._worker.start()

    def go(self) -> None:
        self._channel.send("go")

    def pause(self) -> None:
        """Returns when its last transaction has ended."""
        self._channel.send("pause")
        assert self._channel.poll(60), "the writer hangs"
        assert self._channel.recv() == "paused"

    def end(self) -> None:
        self._channel.send(None)
        self._worker.join(60)
