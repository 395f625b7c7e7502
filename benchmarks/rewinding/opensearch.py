"""The embedded OpenSearch: a rewind of 10 documents as the index grows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opensearchpy import OpenSearch
from opensearchpy.helpers import bulk

from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch
from pytest_seedstate.services.rundir import RunDir
from rewinding.measuring import ROW, Run, Way, in_turns


class _Node:
    """One host with one index, filled as people fill theirs.

    Args:
        service: the host, which runs.
        documents: in its index.
    """

    def __init__(self, service: EmbeddedOpenSearch, documents: int) -> None:
        self.documents = documents
        self.journal = service.journal
        self.client = OpenSearch(service.variables["url"])
        self._fill()
        self.journal.keep("filled")

    def change(self) -> None:
        for number in range(5):
            self.client.index(index="things", body={"name": "new thing"}, refresh=True)
            self.client.delete(index="things", id=str(number), refresh=True)

    def reseed(self) -> None:
        self.client.indices.delete(index="things")
        self._fill()

    def _fill(self) -> None:
        self.client.indices.create(index="things")
        bulk(
            self.client,
            (
                {"_index": "things", "_id": str(n), "name": f"thing number {n}", "n": n}
                for n in range(self.documents)
            ),
            refresh=True,
        )


@contextmanager
def _node(folder: Path, documents: int) -> Iterator[_Node]:
    with RunDir(folder) as rundir:
        service = EmbeddedOpenSearch(rundir)
        service.start()
        node = _Node(service, documents)
        try:
            yield node
        finally:
            node.client.close()
            service.stop()


def opensearch(run: Run) -> None:
    """10 changed documents of 100 and of 10 000."""
    sizes = (100, 1_000) if run.quick else (100, 10_000)
    with ExitStack() as running:
        nodes = [running.enter_context(_node(run.folder, size)) for size in sizes]
        ways = []
        for node in nodes:
            name = str(node.documents)
            ways.append(Way(f"{name}: rewind", node.journal.rewind, node.change, in_a_row=ROW))
            ways.append(Way(f"{name}: reseed", node.reseed, node.change, every=20))
            ways.append(Way(f"{name}: after", node.journal.rewind))
        found = in_turns(run.rounds, ways)
        clean = in_turns(run.rounds * 10, [Way("clean", nodes[-1].journal.is_clean)])
    for size in sizes:
        ours, reseed = found[f"{size}: rewind"], found[f"{size}: reseed"]
        run.compare(f"OpenSearch, 10 of {size} documents", ours, {"delete and fill": reseed})
    run.tell(f"OpenSearch: nothing changed, found out in {clean['clean'] * 1000:.1f} us")
    run.at_most(f"OpenSearch, 10 of {sizes[-1]} documents", found[f"{sizes[-1]}: rewind"], 1)
