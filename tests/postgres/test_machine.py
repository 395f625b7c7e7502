"""Random applications against a real server: whatever they do, each position comes back in full.

SEEDSTATE_TEST_EXAMPLES=500 makes a long run of other examples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.postgres import EmbeddedPostgres
from tests.docker import on_containers
from tests.machines import machine_settings
from tests.postgres.conftest import Database, drop_database, make_database
from tests.postgres.dumping import differences, dump, full_dump
from tests.postgres.operations import ALONE, DDL, LOCKING_WRITES, REFUSED, SCHEMA, WRITES, refusals

NUMBERS = {"n": st.integers(0, 22), "m": st.integers(0, 9)}
RARELY = st.sampled_from((False, False, True))
SELDOM = st.sampled_from((False,) * 11 + (True,))
LOCK_PATIENCE = "SET lock_timeout = '40ms'"

Dump = dict[str, Any]


@dataclass
class Kept:
    """What the model knows of a baseline or position: its dump, and how much DDL came before."""

    dump: Dump
    ddl: int


@dataclass
class Home:
    """Databases for the machine; one goes on from example to example until something is wrong."""

    server: EmbeddedPostgres
    folder: Path
    database: Database | None = None
    schema: Dump = field(default_factory=dict)

    def get(self) -> Database:
        if self.database is None:
            self.database = make_database(self.server, self.folder, lock_timeout=0.3)
            self.database.make(SCHEMA)
            self.schema = full_dump(self.database.conninfo)
        return self.database

    def discard(self) -> None:
        if self.database is not None:
            drop_database(self.server, self.database)
        self.database = None


class Machine(RuleBasedStateMachine):
    """Two connections of an application, and the journal."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self.home = home
        self.database = home.get()
        self.journal = self.database.store.journal
        self.baselines = {"schema": Kept(home.schema, 0)}
        self.current = "schema"
        self.positions = {0: self.baselines["schema"]}
        self.names = 0
        self.ddl = 0
        self.in_transaction = False
        self.locked = False

    @initialize()
    def connect(self) -> None:
        self.single = self._connected()
        self.several = self._connected()
        self.looking: psycopg.Connection[Any] | None = None

    def _connected(self) -> psycopg.Connection[Any]:
        connection = self.database.connect()
        connection.execute(LOCK_PATIENCE)
        return connection

    # -- what applications do

    @rule(statement=st.sampled_from(WRITES + LOCKING_WRITES + ALONE), **NUMBERS)
    def write(self, statement: str, n: int, m: int) -> None:
        with refusals():
            if statement in ALONE and ";" in statement:
                with self.single.transaction():
                    self.single.execute(statement.format(n=n, m=m))
            else:
                self.single.execute(statement.format(n=n, m=m))

    @rule(statements=st.lists(st.sampled_from(WRITES), min_size=2, max_size=4), **NUMBERS)
    def write_in_one_transaction(self, statements: list[str], n: int, m: int) -> None:
        with refusals(), self.single.transaction():
            for statement in statements:
                self.single.execute(statement.format(n=n, m=m))

    @rule(number=st.integers(0, 30), rows=st.integers(1, 40))
    def copy_in(self, number: int, rows: int) -> None:
        with (
            refusals(),
            self.single.cursor() as cursor,
            cursor.copy("COPY people (id, name, age) FROM STDIN") as copy,
        ):
            for row in range(number, number + rows):
                copy.write_row((row * 3 + 21, f"copied {row}", row))

    @precondition(lambda self: not self.in_transaction)
    @rule(level=st.sampled_from(("READ COMMITTED", "READ COMMITTED", "REPEATABLE READ")))
    def begin(self, level: str) -> None:
        self.several.execute(f"BEGIN ISOLATION LEVEL {level}")
        self.in_transaction = True

    @precondition(lambda self: self.in_transaction)
    @rule(
        statement=st.sampled_from(WRITES + LOCKING_WRITES),
        keeps=st.sampled_from((True, True, False)),
        **NUMBERS,
    )
    def write_after_a_savepoint(self, statement: str, keeps: bool, n: int, m: int) -> None:
        self.locked |= statement in LOCKING_WRITES
        with refusals(), self.several.transaction(force_rollback=not keeps):
            self.several.execute(statement.format(n=n, m=m))

    @precondition(lambda self: not self.in_transaction)
    @rule(
        statements=st.lists(st.sampled_from(WRITES[:-4]), min_size=1, max_size=3),
        end=st.sampled_from(("COMMIT", "COMMIT", "ROLLBACK")),
        **NUMBERS,
    )
    def write_in_two_phases(self, statements: list[str], end: str, n: int, m: int) -> None:
        self.several.execute("BEGIN")
        for statement in statements:
            with refusals(), self.several.transaction():
                self.several.execute(statement.format(n=n, m=m))
        try:
            self.several.execute("PREPARE TRANSACTION 'machine'")
        except REFUSED:
            return
        self.several.execute(f"{end} PREPARED 'machine'")

    @precondition(lambda self: self.in_transaction)
    @rule(end=st.sampled_from(("COMMIT", "COMMIT", "ROLLBACK")))
    def end_transaction(self, end: str) -> None:
        self.several.execute(end)
        self.in_transaction = self.locked = False

    @rule(statement=st.sampled_from(DDL), number=NUMBERS["n"], really=RARELY)
    def change_tables(self, statement: str, number: int, really: bool) -> None:
        if not really:
            return
        self._end()
        self.names += 1
        with refusals():
            # A new value of an enum may not be used, but made in a transaction.
            with self.single.transaction():
                self.single.execute(statement.format(n=number, c=self.names))
            self.ddl += 1

    # -- what the engine does

    @rule()
    def mark(self) -> None:
        self._release()
        # A rewind refreshes a view that was refreshed, so it is exact for a fresh one.
        self.single.execute("REFRESH MATERIALIZED VIEW ages")
        position = self.journal.mark()
        assert position > max(self.positions)
        self.positions[position] = Kept(self._dump(), self.ddl)

    @rule(ends=st.booleans(), really=RARELY)
    def keep(self, ends: bool, really: bool) -> None:
        if not really:
            return
        if ends or self.ddl > self.positions[0].ddl:
            self._end()
        self._release()
        if self.ddl > self.positions[0].ddl:
            # Without other sessions a template of the new tables can be made.
            self.database.close_connections()
        self.names += 1
        name = f"kept {self.names}"
        self.journal.keep(name)
        self._reconnect()
        self.baselines[name] = self.positions[0] = Kept(self._dump(), self.ddl)
        self.current = name
        self.positions = {0: self.baselines[name]}

    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        self._end()
        self._rewind(data.draw(st.sampled_from(sorted(self.positions)), "position"))

    @rule(
        before=st.lists(st.sampled_from(WRITES), min_size=1, max_size=4),
        after=st.lists(st.sampled_from(WRITES + LOCKING_WRITES + ALONE), max_size=4),
        ddl=st.none() | st.sampled_from(DDL),
        **NUMBERS,
    )
    def change_above_a_layer(
        self, before: list[str], after: list[str], ddl: str | None, n: int, m: int
    ) -> None:
        """What a fixture writes stays, what a test does above it goes."""
        for statement in before:
            self.write(statement, n, m)
        self.mark()
        for statement in after:
            self.write(statement, n, m)
        if ddl:
            self.change_tables(ddl, n, really=True)
        self._end()
        self._rewind(max(self.positions))

    @precondition(lambda self: self.in_transaction and self.ddl == self.positions[0].ddl)
    @rule()
    def rewind_behind_an_open_transaction(self) -> None:
        """It is done or says who is in the way; the next one is exact."""
        position = max(self.positions)
        with contextlib.suppress(SeedstateError):
            self.journal.rewind(position)
        self._end("COMMIT")
        self._rewind(position)

    @rule(data=st.data(), really=RARELY)
    def switch(self, data: st.DataObject, really: bool) -> None:
        if not really:
            return
        self._end()
        name = data.draw(st.sampled_from(sorted(self.baselines)), "baseline")
        self._switch(name)

    @rule(
        data=st.data(),
        statements=st.lists(st.sampled_from(WRITES + LOCKING_WRITES + DDL), max_size=4),
        really=SELDOM,
        **NUMBERS,
    )
    def go_without_a_journal(
        self, data: st.DataObject, statements: list[str], really: bool, n: int, m: int
    ) -> None:
        """In a baseline that is suspended anything may happen, twice; then it is journaled again."""
        if not really:
            return
        self._end()
        name = data.draw(st.sampled_from(sorted(self.baselines)), "baseline")
        self._switch(name)
        self.journal.suspend()
        for _ in range(2):
            self._assert_at(self.baselines[name], 0)
            for statement in statements:
                self.names += 1
                with refusals():
                    self.single.execute(statement.format(n=n, m=m, c=self.names))
            if differences(self.baselines[name].dump, self._dump()):
                assert not self.journal.is_clean()
            assert self.journal.rewind().replaced == ()
        self._switch(name)

    @precondition(lambda self: len(self.baselines) > 2)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        others = sorted(self.baselines.keys() - {"schema", self.current})
        name = data.draw(st.sampled_from(others), "baseline")
        self.journal.forget(name)
        del self.baselines[name]

    @precondition(lambda self: not self.locked)
    @rule()
    def ask(self) -> None:
        """Never clean for another state, and what is different has changes."""
        now = self._dump()
        for position, kept in self.positions.items():
            if differences(kept.dump, now):
                assert not self.journal.is_clean(position)
                assert self.journal.changes(position)

    # -- the model's own

    def _dump(self) -> Dump:
        """On a connection of its own that goes on: a new one would take most of the time."""
        if self.looking is not None:
            with contextlib.suppress(psycopg.OperationalError):
                return dump(self.looking)
        self.looking = self.database.connect_to_dump()
        return dump(self.looking)

    def _end(self, end: str = "COMMIT") -> None:
        if self.in_transaction:
            self.end_transaction(end)

    def _release(self) -> None:
        if self.locked:
            self._end()

    def _rewind(self, position: int) -> None:
        kept, base = self.positions[position], self.positions[0]
        lost = base.ddl < kept.ddl < self.ddl
        if lost:
            with pytest.raises(SeedstateError, match="is lost after"):
                self.journal.rewind(position)
            kept = base
            self.positions = dict.fromkeys(self.positions, base)
        else:
            rewound = self.journal.rewind(position)
            if self.ddl == kept.ddl:
                # A clone would be right too, and hide that the undo is wrong.
                assert not any("the database" in reason for reason in rewound.replaced), rewound
            else:
                assert rewound.replaced
        self.positions = {number: k for number, k in self.positions.items() if number <= position}
        self._assert_at(kept, position)

    def _switch(self, name: str) -> None:
        self.journal.switch(name)
        self.current = name
        self.positions = {0: self.baselines[name]}
        self._assert_at(self.baselines[name], 0)

    def _assert_at(self, kept: Kept, position: int) -> None:
        assert differences(kept.dump, self._dump()) == []
        assert self.journal.is_clean(position)
        self.ddl = kept.ddl
        self._reconnect()

    def _reconnect(self) -> None:
        """A database that was replaced has ended its sessions."""
        try:
            self.single.execute("SELECT 1")
            self.several.execute("SELECT 1")
        except psycopg.OperationalError:
            self.database.close_connections()
            self.connect()

    def teardown(self) -> None:
        try:
            self._end()
            self._switch("schema")
            for name in self.baselines.keys() - {"schema"}:
                self.journal.forget(name)
            self.database.close_connections()
        except BaseException:
            self.home.discard()
            raise


@pytest.fixture
def home(server: EmbeddedPostgres, tmp_path: Path) -> Any:
    """Where the machine gets its databases."""
    made = Home(server, tmp_path / "spill")
    yield made
    made.discard()


def test_whatever_is_done_comes_back(home: Home) -> None:
    """Random writes, DDL, marks, rewinds and switches, compared in full after each return."""
    machine: Callable[[], Machine] = lambda: Machine(home)  # noqa: E731
    # A container takes longer for the databases that are compared.
    examples = 5 if on_containers() else 40
    run_state_machine_as_test(machine, settings=machine_settings(examples=examples, steps=30))
