"""PostgreSQL: rewinds as the rows grow and as the tables grow, and what writes cost an application."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter

from rewinding.databases import (
    Connection,
    Databases,
    copy_out,
    databases,
    has_pytest_postgresql,
    truncate_and_copy,
)
from rewinding.measuring import ROW, Run, Way, in_turns, on_one_processor

TABLES = 20
CHANGED = ("t0", "t1", "t2")
MANY_TABLES = 1_000


def change(connection: Connection, each: int) -> None:
    """What a test does: for each of 3 tables a transaction with `each` inserts, updates of an
    indexed column, and deletes.
    """
    for table in CHANGED:
        with connection.transaction():
            for number in range(each):
                connection.execute(f"INSERT INTO {table} (n) VALUES (%s)", [number])
                connection.execute(
                    f"UPDATE {table} SET n = n + 1000000 WHERE id = %s", [number + 1]
                )
                connection.execute(f"DELETE FROM {table} WHERE id = %s", [number + 11])


class _Application:
    """An application's connection, which template databases take away."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def works(self) -> None:
        """10 changed rows in each of 3 tables."""
        change(self.connection, 3)
        self.connection.execute("UPDATE t0 SET n = 0 WHERE id = 30")
        self.connection.execute("UPDATE t1 SET n = 0 WHERE id = 30")
        self.connection.execute("UPDATE t2 SET n = 0 WHERE id = 30")

    def is_cut_by(self, restore: Callable[[], Connection]) -> None:
        self.connection.close()
        self.connection = restore()


def rows(run: Run) -> None:
    """30 changed rows in 3 of 20 tables, of 1 000 to 1 000 000 rows in all."""
    sizes = (1_000, 100_000) if run.quick else (1_000, 100_000, 1_000_000)
    if not has_pytest_postgresql():
        run.tell("pytest-postgresql is not installed: its way is left out")
    with databases(run.folder, run.provider) as server:
        ways = [way for size in sizes for way in _ways(server, size)]
        found = in_turns(run.rounds, ways)
    ours: dict[int, float] = {}
    for size in sizes:
        others = {
            name.partition(": ")[2]: figure
            for name, figure in found.items()
            if name.startswith(f"{size}: ")
        }
        ours[size] = others.pop("rewind")
        run.compare(f"PostgreSQL, 30 rows of {size}: rewind", ours[size], others)
        clones = [figure for name, figure in others.items() if "TEMPLATE" in name]
        if size == sizes[-1]:
            run.at_most(f"PostgreSQL, 30 rows of {size}", ours[size], 3)
            run.times_faster(
                f"PostgreSQL, 30 rows of {size}, against the fastest clone",
                ours[size],
                min(clones),
                100,
            )
    run.flat("PostgreSQL, 30 changed rows", ours)


def _ways(server: Databases, size: int) -> list[Way]:
    """For one size: ours in one database, the others in a second one, both made of a third."""
    origin, journaled, replaced = f"origin_{size}", f"journaled_{size}", f"replaced_{size}"
    server.fill(origin, TABLES, size // TABLES)
    server.clone(journaled, origin)
    server.clone(replaced, origin)
    store = server.journaled(journaled)
    keeps = _Application(server.connect(journaled))
    loses = _Application(server.connect(replaced))
    saved = {table: copy_out(loses.connection, table) for table in CHANGED}
    every = 10 if size >= 1_000_000 else 5

    def other(name: str, restore: Callable[[], Connection]) -> Way:
        return Way(f"{size}: {name}", lambda: loses.is_cut_by(restore), loses.works, every)

    ways = [Way(f"{size}: rewind", store.journal.rewind, keeps.works, in_a_row=ROW)]
    for strategy in ("file_copy", "wal_log"):
        ways.append(
            other(
                f"CREATE DATABASE TEMPLATE {strategy}",
                partial(server.replace, replaced, origin, strategy),
            )
        )
    if has_pytest_postgresql():
        ways.append(
            other("pytest-postgresql", lambda: server.by_pytest_postgresql(replaced, origin))
        )
    ways.append(
        Way(
            f"{size}: TRUNCATE and COPY of the 3 tables",
            lambda: truncate_and_copy(loses.connection, saved),
            loses.works,
            every,
        )
    )
    return ways


def tables(run: Run) -> None:
    """The clean check with 20 and with 1 000 tables; with 1 000, installing and 27 changed rows."""
    many = 200 if run.quick else MANY_TABLES
    with databases(run.folder) as server:
        server.fill("few", TABLES, 50)
        few = server.journaled("few")
        server.fill("origin_many", many, 20)
        server.clone("many", "origin_many")
        server.clone("others", "origin_many")
        start = perf_counter()
        journaled = server.journaled("many")
        install = (perf_counter() - start) * 1000
        application, bystander = server.connect("many"), server.connect("few")
        others = _Application(server.connect("others"))
        found = in_turns(
            run.rounds * 10,
            [
                Way("20 tables", few.journal.is_clean),
                Way(f"{many} tables", journaled.journal.is_clean),
                Way("SELECT 1", lambda: bystander.execute("SELECT 1").fetchone()),
            ],
        )
        round_trip = found.pop("SELECT 1")
        for name, figure in found.items():
            run.tell(f"PostgreSQL, {name}: nothing changed, found out in {figure:.3f} ms")
        run.tell(f"a round trip alone (SELECT 1): {round_trip:.3f} ms")
        run.at_most("PostgreSQL, proof that nothing changed, 20 tables", found["20 tables"], 0.25)
        run.at_most(
            f"PostgreSQL, proof that nothing changed, {many} tables", found[f"{many} tables"], 1.2
        )
        run.tell(f"PostgreSQL, {many} tables: journal installed in {install:.0f} ms, once")
        run.at_most(f"PostgreSQL, {many} tables: installing, once", install, 5_000)
        rewinds = in_turns(
            run.rounds,
            [
                Way("rewind", journaled.journal.rewind, lambda: change(application, 3)),
                Way(
                    "CREATE DATABASE TEMPLATE file_copy",
                    lambda: others.is_cut_by(
                        lambda: server.replace("others", "origin_many", "file_copy")
                    ),
                    lambda: change(others.connection, 3),
                    every=5,
                ),
            ],
        )
        ours = rewinds.pop("rewind")
        run.compare(f"PostgreSQL, 27 rows in {many} tables: rewind", ours, rewinds)
        run.at_most(f"PostgreSQL, {many} tables: 27 changed rows", ours, 5)


WRITES = 200
_FIRST = 1_000  # id of the rows that are inserted and deleted; others have lower ones


def writes(run: Run) -> None:
    """Single-row statements of the application, under the journal and without it."""
    _compare_writes(run, "")
    with on_one_processor():
        _compare_writes(run, ", on one processor")


def _compare_writes(run: Run, where: str) -> None:
    with databases(run.folder) as server:
        server.fill("plain", TABLES, _FIRST // 2)
        server.clone("journaled", "plain")
        store = server.journaled("journaled")
        applications = {"none": server.connect("plain"), "journal": server.connect("journaled")}
        for commits in ("each committed", f"{WRITES} in a transaction"):
            ways = [
                _writing(name, connection, kind, commits == "each committed")
                for kind in ("INSERT", "UPDATE", "DELETE")
                for name, connection in applications.items()
            ]
            found = in_turns(run.rounds, [*ways, Way("rewind", store.journal.rewind)])
            for kind in ("INSERT", "UPDATE", "DELETE"):
                none, journal = (found[f"{kind}: {name}"] for name in applications)
                what = f"PostgreSQL, {kind} of single rows, {commits}{where}"
                run.tell(
                    f"{what}: {journal / none:.2f} times "
                    f"({none / WRITES * 1000:.0f} us, {(journal - none) / WRITES * 1000:+.0f} us)"
                )
                run.ratio(what, journal / none, 1.6)


def _writing(name: str, connection: Connection, kind: str, commits: bool) -> Way:
    """200 statements of a kind."""
    statement = {
        "INSERT": "INSERT INTO t0 (id, n) VALUES (%(id)s + %(first)s, %(id)s)",
        "UPDATE": "UPDATE t0 SET n = n + 1 WHERE id = %(id)s",
        "DELETE": "DELETE FROM t0 WHERE id = %(id)s + %(first)s",
    }[kind]

    def statements() -> None:
        for number in range(WRITES):
            connection.execute(statement, {"id": number, "first": _FIRST})

    def in_a_transaction() -> None:
        with connection.transaction():
            statements()

    def before() -> None:
        connection.execute("DELETE FROM t0 WHERE id >= %s", [_FIRST])
        if kind == "DELETE":
            connection.execute(
                "INSERT INTO t0 (id, n) SELECT generate_series(%s::int, %s), 0",
                [_FIRST, _FIRST + WRITES - 1],
            )

    return Way(f"{kind}: {name}", statements if commits else in_a_transaction, before)
