"""Queries on objects of a nested field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..errors import ApiError, parsing_error
from ..plain import plain
from .base import Body, Context, Mark, Query, f32, parse, query

INNER_HITS_DEFAULT = 3


def above(context: Context, child: int, scope: str) -> int:
    """The ordinal, in a scope around (a nested path, or nothing), that an object belongs to."""
    reader = context.reader
    if not scope:
        return reader.root(child)
    while reader.part(child).path != scope:
        child = reader.parent(child)
    return child


@plain
class Nested(Query):
    path: str
    inner: Query
    score_mode: str = "avg"
    ignore_unmapped: bool = False
    inner_hits: Mapping[str, Any] | None = None

    def all_parts(self) -> Iterable[Query]:
        return [self.inner]

    def _known(self, context: Context) -> bool:
        if context.reader.mapping.is_nested(self.path):
            return True
        if self.ignore_unmapped:
            return False
        raise ApiError(
            400,
            "illegal_state_exception",
            f"[nested] failed to find nested object under path [{self.path}]",
        )

    def docs(self, context: Context) -> Collection[int]:
        if not self._known(context):
            return ()
        wanted = self._own(context, self.inner.docs(context.inside(self.path)))
        return {above(context, child, context.path) for child in wanted}

    def _own(self, context: Context, found: Iterable[int]) -> list[int]:
        """Of ordinals, those that are objects of the path."""
        universe = set(context.inside(self.path).universe())
        return [child for child in found if child in universe]

    def matching(self, context: Context) -> dict[int, dict[int, float]]:
        """By the ordinal in the scope around, the matching objects with scores."""
        if not self._known(context):
            return {}
        scores = self.inner.scores(context.inside(self.path), 1.0)
        result: dict[int, dict[int, float]] = {}
        for child in self._own(context, scores):
            result.setdefault(above(context, child, context.path), {})[child] = scores[child]
        return result

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        if not self._known(context):
            return {}
        found = self.inner.scores(context.inside(self.path), boost * self.boost)
        grouped: dict[int, list[float]] = {}
        for child in sorted(self._own(context, found)):
            grouped.setdefault(above(context, child, context.path), []).append(found[child])
        mode = self.score_mode
        if mode == "none":
            return dict.fromkeys(grouped, 0.0)
        result = {}
        for ordinal, scores in grouped.items():
            if mode in ("avg", "sum"):
                total = sum(scores)
                result[ordinal] = f32(total / len(scores) if mode == "avg" else total)
            else:
                result[ordinal] = max(scores) if mode == "max" else min(scores)
        return result

    def marks(self, context: Context) -> Iterator[Mark]:
        if self._known(context):
            yield from self.inner.marks(context.inside(self.path))


@query("nested")
def nested(body: Mapping[str, Any]) -> Query:
    members = Body("nested", body)
    for name in ("path", "query"):
        if members.get(name) is None:
            raise ApiError(400, "illegal_argument_exception", f"[nested] requires '{name}' field")
    inner_hits = members.get("inner_hits")
    if inner_hits is not None and not isinstance(inner_hits, dict):
        raise parsing_error("[inner_hits] must be an object")
    made = Nested(
        members.text("path"),
        parse(members.get("query")),
        members.choice("score_mode", "avg", "avg", "sum", "max", "min", "none"),
        members.boolean("ignore_unmapped", False),
        inner_hits,
    )
    members.close(made)
    return made
