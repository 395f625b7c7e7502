"""A text in several fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from ..errors import ApiError, parsing_error
from ..plain import plain
from .base import Body, Context, Described, Mark, Query, query
from .compound import Bool, DisMax
from .leaf import MatchNone, simple_match
from .match import Match, TextOptions, read_options, slots_of
from .scoring import term_scores

_TIES = {"best_fields": 0.0, "most_fields": 1.0, "cross_fields": 0.0, "phrase": 0.0,
         "phrase_prefix": 0.0, "bool_prefix": 1.0}  # fmt: skip
_KINDS = {"phrase": "phrase", "phrase_prefix": "phrase_prefix", "bool_prefix": "bool_prefix"}
_SEARCHED_BY_DEFAULT = frozenset(
    "text keyword byte short integer long unsigned_long half_float float double scaled_float date"  # noqa: SIM905
    " boolean ip".split()
)


def field_boost(spec: Any) -> tuple[str, float]:
    """The name and boost of ``name^2``."""
    name, caret, boost = str(spec).partition("^")
    try:
        return name, float(boost) if caret else 1.0
    except ValueError:
        raise ApiError(400, "number_format_exception", f'For input string: "{boost}"') from None


def resolved(context: Context, fields: list[tuple[str, float]]) -> dict[str, float]:
    """Fields by name, patterns and the default of all fields resolved."""
    result: dict[str, float] = {}
    for name, boost in fields:
        if "*" in name:
            for known in context.reader.mapping.names():
                found = context.field(known)
                if (
                    simple_match(name, known)
                    and found is not None
                    and found.indexed
                    and found.type in _SEARCHED_BY_DEFAULT
                ):
                    result[known] = result.get(known, 1.0) * boost
        else:
            result[name] = result.get(name, 1.0) * boost
    return result


@plain
class Blended(Query):
    """One term in several fields, as frequent in each as in the one where it is most frequent."""

    fields: dict[str, float]
    terms: tuple[str, ...]
    tie_breaker: float

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        result: list[Query] = []
        for term in self.terms:
            counted = sorted(
                ((len(context.reader.postings(name, term)), name) for name in self.fields),
                key=lambda pair: -pair[0],
            )
            limit = len(context.universe())
            frequency = previous = counted[0][0]
            for count, name in counted:
                if not count:
                    break
                frequency += previous > count
                previous = count
                result.append(_WithFrequency(name, term, min(limit, frequency), self.fields[name]))
        return (
            DisMax(result, self.tie_breaker).scores(context, boost * self.boost) if result else {}
        )

    def marks(self, context: Context) -> Iterator[Mark]:
        for name in self.fields:
            yield Mark(name, frozenset(self.terms))


@plain
class _WithFrequency(Query):
    field: str
    term: str
    frequency: int
    boost: float

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        postings = context.reader.postings(self.field, self.term)
        return term_scores(context, self.field, postings, boost * self.boost, self.frequency)


@plain
class MultiMatch(Described):
    text: Any
    fields: list[tuple[str, float]]
    kind: str = "best_fields"
    tie_breaker: float | None = None
    options: TextOptions = field(default_factory=TextOptions)

    def rewritten(self, context: Context) -> Query:
        """The query on single fields that is meant in this index."""
        options = self.options
        if not self.fields or self.fields == [("*", 1.0)]:
            options = replace(options, lenient=True)
        fields = resolved(context, self.fields or [("*", 1.0)])
        if self.kind == "cross_fields":
            clauses = self._groups(context, fields, options)
        else:
            clauses = []
            for name, boost in fields.items():
                made = Match(name, self.text, _KINDS.get(self.kind, "boolean"), options)
                made.boost = boost
                clauses.append(made)
        if not clauses:
            return MatchNone()
        if len(clauses) == 1:
            return clauses[0]
        tie = _TIES[self.kind] if self.tie_breaker is None else self.tie_breaker
        return DisMax(clauses, tie)

    def _groups(
        self, context: Context, fields: dict[str, float], options: TextOptions
    ) -> list[Query]:
        groups: dict[Any, dict[str, float]] = {}
        result: list[Query] = []
        for name, boost in fields.items():
            found = context.field(name)
            if found is not None and found.search_analyzer is not None and found.type == "text":
                analyzer = options.analyzer or found.search_analyzer.name
                groups.setdefault(analyzer, {})[found.name] = boost
            elif found is not None:
                made = Match(name, self.text, "boolean", replace(options, lenient=True))
                made.boost = boost
                result.append(made)
        result += [self._group(context, members, options) for members in groups.values()]
        return result

    def _group(self, context: Context, fields: dict[str, float], options: TextOptions) -> Query:
        first = context.field(next(iter(fields)))
        assert first is not None
        analyzer = first.search_analyzer
        if options.analyzer is not None:
            analyzer = context.reader.mapping.analysis.analyzer(options.analyzer)
        assert analyzer is not None
        tie = 0.0 if self.tie_breaker is None else self.tie_breaker
        clauses: list[Query] = [
            Blended(fields, terms, tie) for _, terms in slots_of(analyzer, str(self.text))
        ]
        if len(clauses) == 1:
            return clauses[0]
        if options.operator == "and":
            return Bool(must=clauses)
        return Bool(should=clauses, least=options.least) if clauses else MatchNone()


def read_fields(members: Body) -> list[tuple[str, float]]:
    given = members.get("fields", [])
    return [field_boost(one) for one in (given if isinstance(given, list) else [given])]


@query("multi_match")
def multi_match(body: Mapping[str, Any]) -> Query:
    members = Body("multi_match", body)
    if members.get("query") is None:
        raise parsing_error("No text specified for multi_match query")
    kind = str(members.get("type", "best_fields"))
    if kind not in _TIES:
        raise ApiError(
            400,
            "parse_exception",
            f"failed to parse [multi_match] query type [{kind}]. unknown type.",
        )
    options = read_options(members, TextOptions(slop=members.integer("slop", 0)))
    if options.fuzziness is not None and kind in ("cross_fields", "phrase", "phrase_prefix"):
        raise parsing_error(f"Fuzziness not allowed for type [{kind}]")
    tie = members.number("tie_breaker", 0.0) if members.has("tie_breaker") else None
    made = MultiMatch(members.get("query"), read_fields(members), kind, tie, options)
    members.close(made)
    return made
