"""Which documents of an index differ from what it is known to have held."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pytest_seedstate.stores.opensearch_node.contents import Contents
from pytest_seedstate.stores.opensearch_node.node import Found, Node, line, named
from pytest_seedstate.stores.opensearch_node.state import Held

_MOST = 1000
"""Documents; where more were written, all are read."""


@dataclass(frozen=True)
class Changed:
    """Documents that may differ; the others are equal.

    Attributes:
        before: those that were there, by id.
        after: those that are there, by id.
    """

    before: Mapping[str, Found]
    after: Mapping[str, Found]


def read_changed(node: Node, index: str, held: Held, suspects: Collection[str]) -> Changed:
    """Compare an index that was not deleted since with what it held.

    What was written since is found by its sequence number. What was deleted has none any more:
    among the suspects it is found by its id, and that nothing else is missing is seen by counting.

    Args:
        node: the node.
        index: its name; searches see all its writes afterwards.
        held: what it held, and its mark then.
        suspects: ids of documents that may have been deleted.
    """
    node.refresh([index])
    start = min(number for _, number in held.mark.written)
    written = {"query": {"range": {"_seq_no": {"gt": start}}}, "size": _MOST}
    told = node.call(
        "POST",
        f"/{named(index)}/_msearch",
        b"".join(
            map(
                line,
                (
                    *({}, {**written, "version": True, "seq_no_primary_term": True}),
                    *({}, {"size": 0, "track_total_hits": True}),
                ),
            )
        ),
    )
    hits, everything = (each["hits"] for each in told["responses"])
    if hits["total"]["value"] > _MOST:
        return read_all(node, index, held.contents)
    found = [Found.of(hit) for hit in hits["hits"]]
    after = {each.id: each for each in found}
    before = held.contents.documents(node, {*after, *suspects})
    unchanged = [name for name in before if name not in after]
    after |= {each.id: each for each in node.documents_of(index, unchanged)}
    expected = held.contents.count + len(after.keys() - before) - len(before.keys() - after)
    if everything["total"]["value"] != expected or len(found) != hits["total"]["value"]:
        return read_all(node, index, held.contents)
    return Changed(before, after)


def read_all(node: Node, index: str, contents: Contents) -> Changed:
    """All documents of an index; searches have to see all its writes."""
    return Changed(
        contents.documents(node, None), {each.id: each for each in node.documents(index)}
    )
