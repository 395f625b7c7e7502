"""Queries made of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error
from ..plain import plain
from ..storage.limits import check_clauses
from .base import Body, Context, Query, as_set, f32, parse, query


def minimum(spec: int | str, clauses: int) -> int:
    """How many of some optional clauses must match.

    Args:
        spec: as in ``minimum_should_match``: 2, -1, "75%", "-25%", "2<75%".
    """
    text = str(spec).strip()
    try:
        if "<" in text:
            result = clauses
            for part in text.split():
                bound, _, inner = part.partition("<")
                if clauses <= int(bound):
                    return result
                result = minimum(inner, clauses)
            return result
        if text.endswith("%"):
            share = int(text[:-1])
            amount = int(clauses * share / 100)
        else:
            share = amount = int(text)
    except ValueError:
        raise ApiError(
            400, "number_format_exception", f'For input string: "{text.removesuffix("%")}"'
        ) from None
    return max(0, clauses + amount if share < 0 else amount)


@plain
class Bool(Query):
    must: list[Query] = field(default_factory=list)
    should: list[Query] = field(default_factory=list)
    filter: list[Query] = field(default_factory=list)
    must_not: list[Query] = field(default_factory=list)
    least: int | str | None = None

    def parts(self) -> Iterable[Query]:
        return [*self.must, *self.filter, *self.should]

    def all_parts(self) -> Iterable[Query]:
        return [*self.must, *self.filter, *self.should, *self.must_not]

    def _required(self) -> int:
        among_others = bool(self.must or self.filter)
        if not among_others and not self.should:
            return 0  # all but what is excluded
        required = 0 if self.least is None else minimum(self.least, len(self.should))
        return required or (0 if among_others else 1)

    def _excluded(self, context: Context) -> set[int]:
        result: set[int] = set()
        for clause in self.must_not:
            result.update(clause.docs(context))
        return result

    def _check(self) -> None:
        check_clauses(sum(map(len, (self.must, self.should, self.filter, self.must_not))))

    def docs(self, context: Context) -> Collection[int]:
        self._check()
        if not any((self.must, self.should, self.filter, self.must_not)):
            return context.universe()
        found: Any = None
        for clause in (*self.filter, *self.must):
            matched = as_set(clause.docs(context))  # also after an empty one: it may be wrong
            found = matched if found is None else found & matched
        required = self._required()
        if required > len(self.should):
            return ()
        if required:
            found = self._some_of(context, found, required)
        elif found is None:
            found = (
                set().union(*(c.docs(context) for c in self.should))
                if self.should and not self.must_not and self.least is None
                else as_set(context.universe())
            )
        kept: Collection[int] = found - self._excluded(context) if self.must_not else found
        return kept

    def _some_of(self, context: Context, found: Any, required: int) -> set[int]:
        counts: dict[int, int] = {}
        for clause in self.should:
            for ordinal in clause.docs(context):
                counts[ordinal] = counts.get(ordinal, 0) + 1
        return {
            ordinal
            for ordinal, count in counts.items()
            if count >= required and (found is None or ordinal in found)
        }

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        self._check()
        boost *= self.boost
        if not any((self.must, self.should, self.filter, self.must_not)):
            return dict.fromkeys(context.universe(), f32(boost))
        required = self._required()
        if required > len(self.should):
            return {}
        optional = _flat(self.should, context, "should") if required <= 1 else self.should
        musts = [clause.scores(context, boost) for clause in _flat(self.must, context, "must")]
        shoulds = [clause.scores(context, boost) for clause in optional]
        candidates: Any = None
        for docs in [*(m.keys() for m in musts), *(as_set(c.docs(context)) for c in self.filter)]:
            candidates = docs if candidates is None else candidates & docs
        if candidates is None:
            candidates = set().union(*shoulds) if required else as_set(context.universe())
        excluded = self._excluded(context)
        result: dict[int, float] = {}
        for ordinal in candidates:
            if ordinal in excluded:
                continue
            matched = [found[ordinal] for found in shoulds if ordinal in found]
            if len(matched) < required:
                continue
            needed = f32(sum(found[ordinal] for found in musts)) if musts else 0.0
            wanted = f32(sum(matched)) if matched else 0.0
            result[ordinal] = f32(needed + wanted) if matched and musts else needed + wanted
        return result


def _flat(clauses: list[Query], context: Context, occur: str) -> list[Query]:
    """Clauses without brackets that change nothing.

    As Lucene takes them away too, sums are rounded to 32 bits once, not once for each bracket.
    """
    result: list[Query] = []
    for clause in clauses:
        inner = clause.rewritten(context) if clause.boost == 1.0 else clause
        if isinstance(inner, DisMax) and inner.tie_breaker == 1.0:
            inner = Bool(should=inner.queries)
        if inner.boost == 1.0 and isinstance(inner, Bool) and _only(inner, occur):
            result += _flat(inner.should if occur == "should" else inner.must, context, occur)
        else:
            result.append(inner)
    return result


def _only(clause: Bool, occur: str) -> bool:
    if clause.filter or clause.must_not:
        return False
    if occur == "must":
        return bool(clause.must) and not clause.should
    return bool(clause.should) and not clause.must and clause.least in (None, 1, "1")


def _clauses(members: Body, name: str) -> list[Query]:
    value = members.get(name, [])
    try:
        return [parse(one) for one in (value if isinstance(value, list) else [value])]
    except ApiError as problem:
        if members.query_name != "bool":
            raise
        raise ApiError(
            problem.status,
            "x_content_parse_exception",
            f"[1:1] [bool] failed to parse field [{name}]",
            root_cause=problem.root_cause(),
            caused_by=problem.cause(),
        ) from None


@query("bool")
def bool_query(body: Mapping[str, Any]) -> Query:
    members = Body("bool", body)
    for name in body:
        known = ("must", "should", "filter", "must_not", "mustNot", "minimum_should_match",
                 "adjust_pure_negative", "boost", "_name")  # fmt: skip
        if name not in known:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [bool] unknown field [{name}]")
    made = Bool(
        _clauses(members, "must"),
        _clauses(members, "should"),
        _clauses(members, "filter"),
        _clauses(members, "must_not") + _clauses(members, "mustNot"),
        members.get("minimum_should_match"),
    )
    if not members.boolean("adjust_pure_negative", True):
        members.unsupported("adjust_pure_negative")
    members.close(made)
    return made


@plain
class ConstantScore(Query):
    inner: Query

    def docs(self, context: Context) -> Collection[int]:
        return self.inner.docs(context)

    def parts(self) -> Iterable[Query]:
        return [self.inner]


def _one(members: Body, name: str) -> Query:
    value = members.get(name)
    if value is None:
        raise illegal_argument(f"[{members.query_name}] requires '{name}' element")
    if isinstance(value, list):
        raise parsing_error(f"unexpected token [START_ARRAY] in [{members.query_name}]")
    return parse(value)


@query("constant_score")
def constant_score(body: Mapping[str, Any]) -> Query:
    members = Body("constant_score", body)
    if not members.has("filter"):
        raise parsing_error("[constant_score] requires a 'filter' element")
    made = ConstantScore(_one(members, "filter"))
    members.close(made)
    return made


@plain
class DisMax(Query):
    queries: list[Query]
    tie_breaker: float = 0.0

    def parts(self) -> Iterable[Query]:
        return self.queries

    def docs(self, context: Context) -> Collection[int]:
        return set().union(*(clause.docs(context) for clause in self.queries))

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        boost *= self.boost
        if len(self.queries) == 1:
            return self.queries[0].scores(context, boost)
        if self.tie_breaker == 1.0:
            return Bool(should=self.queries).scores(context, boost)
        best: dict[int, float] = {}
        others: dict[int, float] = {}
        for clause in self.queries:
            for ordinal, score in clause.scores(context, boost).items():
                before = best.get(ordinal)
                if before is None:
                    best[ordinal] = score
                else:
                    others[ordinal] = others.get(ordinal, 0.0) + min(before, score)
                    best[ordinal] = max(before, score)
        tie = f32(self.tie_breaker)
        if not tie:
            return best
        return {o: f32(s + others.get(o, 0.0) * tie) for o, s in best.items()}


@query("dis_max")
def dis_max(body: Mapping[str, Any]) -> Query:
    members = Body("dis_max", body)
    clauses = _clauses(members, "queries")
    if not clauses:
        raise parsing_error("[dis_max] requires 'queries' field with at least one clause")
    made = DisMax(clauses, members.number("tie_breaker", 0.0))
    members.close(made)
    return made


@plain
class Boosting(Query):
    positive: Query
    negative: Query
    negative_boost: float

    def parts(self) -> Iterable[Query]:
        return [self.positive]

    def all_parts(self) -> Iterable[Query]:
        return [self.positive, self.negative]

    def docs(self, context: Context) -> Collection[int]:
        return self.positive.docs(context)

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        lowered = as_set(self.negative.docs(context))
        factor = f32(self.negative_boost)
        return {
            ordinal: f32(score * factor) if ordinal in lowered else score
            for ordinal, score in self.positive.scores(context, boost * self.boost).items()
        }


@query("boosting")
def boosting(body: Mapping[str, Any]) -> Query:
    members = Body("boosting", body)
    for name in ("positive", "negative"):
        if not members.has(name):
            raise parsing_error(f"[boosting] query requires '{name}' query to be set'")
    if members.number("negative_boost", -1) < 0:
        raise parsing_error(
            "[boosting] query requires 'negative_boost' to be set to be a positive value'"
        )
    made = Boosting(
        _one(members, "positive"),
        _one(members, "negative"),
        members.number("negative_boost", 0),
    )
    members.close(made)
    return made
