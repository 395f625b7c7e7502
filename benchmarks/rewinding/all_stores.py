"""All four stores of a project: a test's rewind, the proof that nothing changed, a switch."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import psycopg

from pytest_seedstate.engine.project import Project
from pytest_seedstate.engine.states import State
from rewinding.measuring import Run, Way, in_turns
from rewinding.serving import settings_of

PACK = """
from pytest_seedstate import Document, Item, Object, Record, Row, scenario


class Thing(Record):
    number: int
    text: str
    stored_in = (
        Row("things"),
        Item("things", pk="{number}"),
        Document("things", id="{number}"),
    )


class Picture(Record):
    number: int
    photo: bytes
    stored_in = Object("things", key="{number}", body="photo")


@scenario("things")
def things(seed, count=1000, pictures=100, kind=0):
    for number in range(count):
        yield Thing(number=number, text=f"a thing with number {number} of kind {kind}")
    for number in range(pictures):
        yield Picture(number=number, photo=(b"%d %d" % (kind, number)) * 5000)
"""


@contextmanager
def project(run: Run) -> Iterator[Project]:
    """A project with the pack, its services in the folder of the run."""
    with TemporaryDirectory(dir=run.folder) as name:
        folder = Path(name)
        (folder / "scenarios").mkdir()
        (folder / "scenarios/things.py").write_text(PACK)
        found = Project(settings_of(folder, run.provider))
        try:
            yield found
        finally:
            found.close()


def change(clients: Any) -> None:
    """10 changes in each of PostgreSQL, DynamoDB and OpenSearch, 3 in S3."""
    table = clients.dynamodb.Table("things")
    for number in range(10):
        clients.postgres.execute("UPDATE things SET text = 'new' WHERE number = %s", [number])
        table.put_item(Item={"pk": number})
        clients.opensearch.index(index="things", id=str(number), body={"text": "new"})
    for number in range(3):
        clients.s3.put_object(Bucket="things", Key=str(number), Body=b"new")


def _reload(project: Project) -> None:
    """What suites do without a journal."""
    engine = project.engine
    dataset = engine.states.dataset
    assert dataset is not None
    for store in engine.fleet.stores.values():
        store.clear()
    engine.states.load(dataset.title)(dataset.entries)


def all_stores(run: Run) -> None:
    """33 changes, and none, with 100 to 10 000 records in each store."""
    ours = run.provider == "embedded"
    largest = (10_000,) if ours else ()
    for count in (100, 1_000) if run.quick else (100, 2_000, *largest):
        with project(run) as found:
            params = {"count": count, "pictures": min(count, 1_000)}
            state = found.state(["things"], params=params)
            engine = found.engine
            engine.enter(state, state.stores)
            figures = in_turns(
                run.rounds,
                [
                    Way("rewind", engine.rewind, lambda: change(found.clients)),
                    Way("nothing", engine.rewind),
                ],
            )
            reloads = in_turns(
                2 if count < 10_000 else 1,
                [Way("clear and load", lambda: _reload(found), lambda: change(found.clients))],
            )
            run.compare(f"all four, 33 of {count} records", figures["rewind"], reloads)
            run.tell(f"all four: nothing changed, found out in {figures['nothing']:.2f} ms")
            changed, unchanged = (
                f"all four, {what}, {count} records" for what in ("33 changes", "nothing changed")
            )
            if ours:
                run.at_most(changed, figures["rewind"], 20)
                run.at_most(unchanged, figures["nothing"], 1)
            else:
                run.figure(changed, figures["rewind"])
                run.figure(unchanged, figures["nothing"])


_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, "
    "Signature=x"
)
"""What tells the embedded AWS which of its services is asked."""


class _Application:
    """Connections that an application has opened and does not open again.

    Args:
        project: whose services run.
    """

    def __init__(self, project: Project) -> None:
        endpoints = project.endpoints()
        self._postgres = psycopg.connect(endpoints["postgres"]["url"], autocommit=True)
        self._pid = self._backend()
        self._http = {
            name: http.client.HTTPConnection(urlsplit(endpoints[name]["url"]).netloc)
            for name in ("aws", "opensearch")
        }
        for connection in self._http.values():
            connection.connect()
            # From here on a connection that was closed is an error.
            connection.auto_open = 0

    def _backend(self) -> Any:
        return self._postgres.execute("SELECT pg_backend_pid()").fetchone()

    def asks(self, kind: int) -> None:
        """See in three services that the scenario of a kind is there, on the first connections."""
        assert self._backend() == self._pid
        row = self._postgres.execute("SELECT text FROM things WHERE number = 7").fetchone()
        text = f"a thing with number 7 of kind {kind}"
        assert row == (text,)
        assert text.encode() in self._get("opensearch", "/things/_doc/7")
        assert self._get("aws", "/things/7") == b"%d 7" % kind * 5000

    def _get(self, service: str, path: str) -> bytes:
        self._http[service].request("GET", path, headers={"Authorization": _SIGNED})
        return self._http[service].getresponse().read()

    def close(self) -> None:
        self._postgres.close()
        for connection in self._http.values():
            connection.close()


def switching(run: Run) -> None:
    """Between two loaded scenarios of 1 000 records in each store and 100 images."""
    with project(run) as found:
        engine = found.engine
        params = {"count": 1_000, "pictures": 100}
        states = [found.state(["things"], params={**params, "kind": kind}) for kind in (0, 1)]
        for state in states:
            engine.enter(state, state.stores)
        application = _Application(found)

        def go(state: State) -> None:
            engine.enter(state, state.stores)

        figures = in_turns(
            run.rounds,
            [
                Way("to the first", lambda: go(states[0])),
                Way("asks", lambda: application.asks(0)),
                Way("to the second", lambda: go(states[1])),
                Way("asks again", lambda: application.asks(1)),
            ],
        )
        reload = in_turns(2, [Way("clear and load", lambda: _reload(found))])
        application.close()
    slower = max(figures["to the first"], figures["to the second"])
    run.compare("switching between scenarios of 1000 records in four stores", slower, reload)
    run.tell("the application's connections were the same ones all the time")
    run.at_most("switching between two scenarios, connections kept", slower, 100)
