"""What a rewind of all four stores together costs a test.

    python benchmarks/all_stores.py [--rounds 30]

10 changes each in PostgreSQL, DynamoDB and OpenSearch and 3 in S3, made by an application's own
clients, and what the engine then takes to put all of it back; the same where nothing was changed.
Beside it in the same run what suites do without a journal: empty everything and load it again.
Prints medians in milliseconds, and ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.project import Project

PACK = """
from pytest_seedstate import Document, Item, Object, Record, Row, scenario


class Thing(Record):
    number: int
    text: str
    photo: bytes
    stored_in = (
        Row("things"),
        Item("things", pk="{number}"),
        Object("things", key="{number}", body="photo"),
        Document("things", id="{number}"),
    )


@scenario("things")
def things(seed, count):
    for number in range(count):
        yield Thing(number=number, text=f"a thing with number {number}", photo=b"x" * 1000)
"""


def open_project(folder: Path) -> Project:
    (folder / "scenarios").mkdir()
    (folder / "scenarios/things.py").write_text(PACK)
    return Project(Settings.read(folder, lambda name: None))


def change(clients: Any) -> None:
    table = clients.dynamodb.Table("things")
    for number in range(10):
        clients.postgres.execute("UPDATE things SET text = 'new' WHERE number = %s", [number])
        table.put_item(Item={"pk": number})
        clients.opensearch.index(index="things", id=str(number), body={"text": "new"})
    for number in range(3):
        clients.s3.put_object(Bucket="things", Key=str(number), Body=b"new")


def median_ms(rounds: int, before: Callable[[], object], timed: Callable[[], object]) -> float:
    times = []
    for _ in range(rounds):
        before()
        start = time.perf_counter()
        timed()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def measure(count: int, rounds: int, folder: Path) -> None:
    project = open_project(folder)
    try:
        state = project.state(["things"], params={"count": count})
        engine = project.engine
        engine.enter(state, state.stores)
        write = lambda: change(project.clients)  # noqa: E731
        ours = median_ms(rounds, write, engine.rewind)
        clean = median_ms(rounds * 5, lambda: None, engine.rewind)
        dataset = engine.states.dataset
        assert dataset is not None

        def reload() -> None:
            for store in engine.fleet.stores.values():
                store.clear()
            engine.states.insert(dataset)

        reloaded = median_ms(3, write, reload)
        engine.rewind()
        print(
            f"{count} records in each store, 33 changes: rewind {ours:.1f} ms; "
            f"clear and load {reloaded:.0f} ms ({reloaded / ours:.0f} times); "
            f"nothing changed, found out in {clean:.2f} ms",
            flush=True,
        )
    finally:
        project.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    for count in (100, 2_000, 10_000):
        with tempfile.TemporaryDirectory() as name:
            measure(count, rounds, Path(name))


if __name__ == "__main__":
    main()
