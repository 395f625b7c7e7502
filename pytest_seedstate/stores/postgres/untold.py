"""Changes of definitions that no event trigger tells of.

PostgreSQL fires none where a command fails that commits in several steps, none for CLUSTER, and none
for event triggers themselves. All of them take transaction ids, so one who knows that no transaction has ended
need not look.
"""

from __future__ import annotations

Untold = tuple[str | None, ...]
"""Texts, one for each of `KINDS`, that change with any such definition."""

_INDEXES = """
(SELECT array_agg(concat_ws(' ', i.indexrelid, i.indisready, i.indislive, i.indisclustered)
     ORDER BY i.indexrelid)::text
 FROM pg_index i WHERE NOT i.indisvalid OR i.indisclustered)
"""
# By version: ours may have been switched off for a while.
_EVENT_TRIGGERS = """
(SELECT array_agg(concat_ws(' ', e.oid, e.xmin, (
     SELECT d.xmin FROM pg_description d
     WHERE d.objoid = e.oid AND d.classoid = 'pg_event_trigger'::regclass)) ORDER BY e.oid)::text
 FROM pg_event_trigger e)
"""
_PARTITIONS = """
(SELECT array_agg(h.inhrelid ORDER BY h.inhrelid)::text FROM pg_inherits h WHERE h.inhdetachpending)
"""
# Functions import them; whatever else is done to one is told.
_COLLATIONS = "(SELECT max(oid)::text FROM pg_collation)"

KINDS = {
    "an index that is not valid, or that CLUSTER went by": _INDEXES,
    "an event trigger": _EVENT_TRIGGERS,
    "a partition that is being detached": _PARTITIONS,
    "new collations": _COLLATIONS,
}
"""What they are, with a query for each."""

UNTOLD = f"ARRAY[{', '.join(KINDS.values())}]"


def changed(before: Untold, now: Untold) -> list[str]:
    """The kinds of which something has changed."""
    return [kind for kind, old, new in zip(KINDS, before, now, strict=True) if old != new]
