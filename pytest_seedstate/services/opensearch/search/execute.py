"""A search run: on each index, then sorted, cut to a page, and shown."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..aggregations import Slice, run_aggregations
from ..errors import ApiError, illegal_argument
from ..plain import plain
from ..queries import Context, Query, parse, walk
from ..queries.base import as_set
from ..queries.compound import Bool
from ..queries.nested import INNER_HITS_DEFAULT, Nested
from ..routes.registry import read_flag
from ..storage.limits import check
from .request import Search, whole
from .sorting import Key, check_doc_values
from .sources import values_at

if TYPE_CHECKING:
    from ..storage.node import Node
    from ..storage.reader import Reader


@plain
class Place:
    """An index to search in, as it is seen, with the filters of the aliases that named it."""

    reader: Reader
    uuid: str
    shards: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)  # flat
    filters: Sequence[Mapping[str, Any]] = ()
    aliases: frozenset[str] = frozenset()

    def context(self, node: Node) -> Context:
        return Context(
            self.reader,
            node.now(),
            uuid=self.uuid,
            lookup=lambda index, identifier, path: looked_up(node, index, identifier, path),
            index_names=self.aliases,
            visible=self.visible(),
            settings=self.settings,
        )

    def visible(self) -> Query | None:
        """What the filters of the aliases let through; None for everything."""
        return Bool(should=[parse(one) for one in self.filters]) if self.filters else None


@dataclass(slots=True)
class Hit:
    """A document found."""

    place: int
    ordinal: int
    score: float
    keys: tuple[Key, ...] = ()
    shown: list[Any] = field(default_factory=list)
    collapsed: Any = None


@plain
class Found:
    """What a search found: all hits in order, and what else the answer says."""

    contexts: list[Context]
    hits: list[Hit]
    total: int
    best: float | None
    aggregations: dict[str, Any] | None = None
    failures: list[dict[str, Any]] = field(default_factory=list)
    shards: int = 1


def looked_up(node: Node, index: str, identifier: str, path: str) -> Any:
    """The values of a terms lookup."""
    found = node.names.single(index)
    document = found.get(identifier)
    if document is None:
        return []
    return values_at(document.source, path.split("."))


def places(node: Node, expression: str, parameters: Mapping[str, str]) -> list[Place]:
    """The indices that a request names.

    Raises:
        ApiError: something is not there, or an option is neither true nor false.
    """
    ignore = read_flag(parameters, "ignore_unavailable")
    allow = read_flag(parameters, "allow_no_indices", True)
    expand = parameters.get("expand_wildcards", "open")
    targets = node.targets(
        expression, ignore_unavailable=ignore, allow_no_indices=allow, expand_wildcards=expand
    )
    result = []
    for target in targets:
        index = target.index
        index.counters.searches += 1
        result.append(
            Place(
                index.reader(),
                index.uuid,
                index.number("number_of_shards", 1),
                index.settings,
                list(target.filters),
                frozenset(index.aliases),
            )
        )
    return result


def failure(problem: ApiError, place: Place, node: Node) -> dict[str, Any]:
    """What an answer says of an index that a search failed on."""
    return {
        "shard": 0,
        "index": place.reader.index,
        "node": node.node_id,
        "reason": problem.cause(),
    }


def _of_query(problem: ApiError, place: Place) -> ApiError:
    """A problem with a query as a shard tells it."""
    more: dict[str, Any] = {"index": place.reader.index, "index_uuid": place.uuid}
    if problem.kind in ("query_shard_exception", "parsing_exception"):
        if problem.kind == "query_shard_exception":
            problem.more = {**more, **problem.more}
        return problem
    cause = {"type": problem.kind, "reason": problem.reason}
    return ApiError(
        400,
        "query_shard_exception",
        f"failed to create query: {problem.reason}",
        caused_by=cause,
        **more,
    )


def all_failed(problem: ApiError, failures: list[dict[str, Any]], phase: str = "query") -> ApiError:
    """The error of a search that no shard could answer."""
    return ApiError(
        problem.status,
        "search_phase_execution_exception",
        "all shards failed",
        root_cause=problem.root_cause(),
        caused_by=_cause(problem),
        phase=phase,
        grouped=True,
        failed_shards=failures,
    )


def _cause(problem: ApiError) -> dict[str, Any]:
    """The cause as OpenSearch nests it: errors that are Java's own are told twice."""
    told = problem.cause()
    java = ("illegal_argument_exception", "number_format_exception")
    if problem.kind in java and "caused_by" not in told:
        told = {**told, "caused_by": dict(told)}
    return told


def _restricted(query: Query, context: Context) -> Query:
    return query if context.visible is None else Bool(must=[query], filter=[context.visible])


def _check(search: Search, place: Place, batch: int | None) -> None:
    check(place.settings, "max_docvalue_fields_search", len(search.docvalue_fields))
    for part in walk(search.query):
        if isinstance(part, Nested) and part.inner_hits is not None:
            count = whole("from", part.inner_hits.get("from", 0))
            count += whole("size", part.inner_hits.get("size", INNER_HITS_DEFAULT))
            named = str(part.inner_hits.get("name", "null"))
            check(place.settings, "max_inner_result_window", count, where=named)
    if batch is None:
        check(place.settings, "max_result_window", search.page())
    else:
        check(place.settings, "max_result_window", batch, " of a scroll")
    if search.after is not None:
        if batch is not None:
            raise illegal_argument("`search_after` cannot be used in a scroll context.")
        if search.start:
            raise illegal_argument("`from` parameter must be set to 0 when `search_after` is used.")
        if not search.sort:
            raise illegal_argument("Sort must contain at least one field.")
        if len(search.after) != len(search.sort):
            raise illegal_argument(
                f"search_after has {len(search.after)} value(s) but sort has {len(search.sort)}."
            )


def run(node: Node, searched: list[Place], search: Search, *, batch: int | None = None) -> Found:
    """Run a search.

    Args:
        node, searched: where.
        search: what is asked.
        batch: of a scroll, how many hits it gives at once; None: this is no scroll.

    Raises:
        ApiError: it fails on all indices.
    """
    contexts = [place.context(node) for place in searched]
    found = Found(contexts, [], 0, None, shards=sum(place.shards for place in searched))
    slices: list[Slice] = []
    first: ApiError | None = None
    for number, (place, context) in enumerate(zip(searched, contexts, strict=True)):
        try:
            _check(search, place, batch)
            hits, whole, kept = _one_index(number, place, context, search)
        except ApiError as problem:
            first = first or problem
            found.failures.append(failure(problem, place, node))
            continue
        slices.append(whole)
        found.total += len(kept)
        if hits is None:
            # A hit for each of many documents costs more than finding them.
            only_page = batch is None and search.collapse is None
            top = _best(kept, whole.scores, search.page()) if only_page else kept
            hits = [Hit(number, ordinal, whole.scores[ordinal]) for ordinal in top]
        if not search.sort or search.track_scores or _best_first(search):
            found.best = _highest(found.best, whole.scores, kept)
        found.hits += hits
    _failed_on_all(first, found, searched)
    if not searched:
        found.best = 0.0
    elif search.aggregations:
        try:
            found.aggregations = run_aggregations(search.aggregations, slices, contexts)
        except ApiError as problem:
            failures = [failure(problem, place, node) for place in searched[:1]]
            raise all_failed(problem, failures) from None
    order(found.hits, search)
    if search.after is not None:
        found.hits = _after(found, search)
    if search.collapse is not None:
        try:
            found.hits = _collapsed(found, search.collapse.field)
        except ApiError as problem:
            raise all_failed(problem, [failure(problem, searched[0], node)]) from None
    return found


def _best_first(search: Search) -> bool:
    return search.sort[0].by_score and search.sort[0].descending


def _scored(search: Search) -> bool:
    return any(criterion.by_score for criterion in search.sort)


def _one_index(
    number: int, place: Place, context: Context, search: Search
) -> tuple[list[Hit] | None, Slice, list[int]]:
    """The hits of one index.

    Returns:
        The hits (None where their order is that of the scores), what aggregations see, and the
        ordinals that the post filter leaves.
    """
    query = _restricted(search.query, context)
    scored = not search.sort or _scored(search) or search.track_scores
    scored = scored or search.min_score is not None or bool(search.aggregations)
    try:
        scores: Mapping[int, float]
        scores = query.scores(context) if scored else dict.fromkeys(query.docs(context), 0.0)
        documents = context.reader.ordinals
        if len(scores) < len(documents):
            live = context.memory.get("live")
            if live is None:
                live = context.memory["live"] = frozenset(documents)
            ordinals = sorted(o for o in scores if o in live)
        else:
            ordinals = [ordinal for ordinal in documents if ordinal in scores]
        if search.min_score is not None:
            ordinals = [o for o in ordinals if scores[o] >= search.min_score]
        kept = ordinals
        if search.post_filter is not None:
            allowed = as_set(search.post_filter.docs(context))
            kept = [ordinal for ordinal in ordinals if ordinal in allowed]
    except ApiError as problem:
        raise _of_query(problem, place) from None
    hits: list[Hit] | None = None
    if search.sort:
        try:
            criteria = [criterion.bind(context) for criterion in search.sort]
        except ApiError as problem:
            if problem.kind == "query_shard_exception":
                raise _of_query(problem, place) from None
            raise
        hits = []
        for ordinal in kept:
            score = scores[ordinal]
            pairs = [criterion(ordinal, score) for criterion in criteria]
            hits.append(
                Hit(number, ordinal, score, tuple(p[0] for p in pairs), [p[1] for p in pairs])
            )
    return hits, Slice(context, ordinals, scores), kept


def _highest(
    before: float | None, scores: Mapping[int, float], ordinals: list[int]
) -> float | None:
    if not ordinals:
        return before
    highest = max(scores[ordinal] for ordinal in ordinals)
    return highest if before is None else max(before, highest)


def _failed_on_all(first: ApiError | None, found: Found, searched: list[Place]) -> None:
    if first is not None and len(found.failures) == len(searched):
        raise all_failed(first, found.failures)


def _best(ordinals: list[int], scores: Mapping[int, float], count: int) -> list[int]:
    if count >= len(ordinals):
        return ordinals
    return heapq.nsmallest(count, ordinals, key=lambda ordinal: (-scores[ordinal], ordinal))


def order(hits: list[Hit], search: Search) -> None:
    if not search.sort:
        hits.sort(key=lambda hit: -hit.score)
        return
    for at in range(len(search.sort) - 1, -1, -1):
        hits.sort(key=_key_at(at), reverse=search.sort[at].descending)


def _key_at(at: int) -> Callable[[Hit], Key]:
    return lambda hit: hit.keys[at]


def _after(found: Found, search: Search) -> list[Hit]:
    assert search.after is not None
    cursor = [
        criterion.cursor(value, found.contexts)
        for criterion, value in zip(search.sort, search.after, strict=True)
    ]

    def behind(hit: Hit) -> bool:
        for key, limit, criterion in zip(hit.keys, cursor, search.sort, strict=True):
            if key != limit:
                return key < limit if criterion.descending else key > limit
        return False

    return [hit for hit in found.hits if behind(hit)]


def _collapsed(found: Found, name: str) -> list[Hit]:
    seen: set[Any] = set()
    kept = []
    for hit in found.hits:
        context = found.contexts[hit.place]
        known = context.field(name)
        if known is None:
            raise ApiError(
                400,
                "illegal_argument_exception",
                f"no mapping found for `{name}` in order to collapse on",
            )
        if known.type in ("text", "geo_point", "boolean", "ip", "date"):
            raise illegal_argument(
                f"unknown type for collapse field `{name}`, only keywords and numbers are accepted"
            )
        check_doc_values(known)
        values = context.reader.values(known.name).get(hit.ordinal) or [None]
        if len(values) > 1:
            raise ApiError(
                400,
                "illegal_state_exception",
                f"failed to collapse {hit.ordinal}, the collapse field must be single valued",
            )
        if values[0] not in seen:
            seen.add(values[0])
            hit.collapsed = values[0]
            kept.append(hit)
    return kept


class Watch:
    """Measures how long a request took."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def took(self) -> int:
        return math.floor((time.perf_counter() - self._start) * 1000)
