"""Queries that stand for all terms of some form."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ..errors import ApiError, unsupported
from ..plain import plain
from ..storage.limits import check
from .base import Context, Mark, Query, f32, of_field, query
from .edits import distance_within
from .leaf import searchable
from .regular import compiled
from .scoring import term_scores

TEXTUAL = ("text", "keyword")


def with_prefix(terms: Any, prefix: str) -> Iterator[str]:
    """The terms, of sorted ones, that start with a prefix."""
    at = bisect_left(terms, prefix)
    while at < len(terms) and terms[at].startswith(prefix):
        yield terms[at]
        at += 1


@plain
class MultiTerm(Query):
    """All terms of a field that a test accepts; every match scores the same."""

    kind: str
    field: str
    value: str
    any_case: bool = False
    normalize: bool = True
    where: str = "Regexp Query request"

    def expand(self, context: Context) -> list[str]:
        """The terms of the index that are meant."""
        if self.kind == "regexp":
            check(context.settings, "max_regex_length", len(self.value), where=self.where)
        found = searchable(context, self.field)
        if found is None:
            return []
        if found.type not in TEXTUAL:
            raise ApiError(
                400,
                "query_shard_exception",
                f"Can only use {self.kind} queries on keyword and text fields - not on"
                f" [{found.name}] which is of type [{found.type}]",
            )
        terms = context.reader.terms(found.name)
        value = self.value
        if found.type == "keyword" and found.analyzer is not None:
            value = self._normalized(value, found.analyzer)
        if self.kind == "prefix" and not self.any_case:
            return list(with_prefix(terms, value))
        test = self._test(value)
        return [one for one in terms if test(one)]

    def _normalized(self, value: str, normalizer: Any) -> str:
        if self.kind == "regexp":
            return value
        if self.kind == "prefix":
            return "".join(normalizer.terms(value))
        pieces = re.split(r"(\\.|[*?])", value)
        return "".join(
            piece if at % 2 else "".join(normalizer.terms(piece)) if piece else ""
            for at, piece in enumerate(pieces)
        )

    def _test(self, value: str) -> Callable[[str], Any]:
        if self.kind == "prefix":
            lower = value.lower()
            if self.any_case:
                return lambda one: one.lower().startswith(lower)
            return lambda one: one.startswith(value)
        flags = re.DOTALL | (re.IGNORECASE if self.any_case else 0)
        if self.kind == "wildcard":
            return re.compile(wildcard_source(value), flags).fullmatch
        return compiled(value, flags).fullmatch

    def docs(self, context: Context) -> Collection[int]:
        found = context.field(self.field)
        result: set[int] = set()
        for one in self.expand(context):
            result.update(context.reader.postings(found.name if found else "", one))
        return result

    def marks(self, context: Context) -> Iterator[Mark]:
        found = context.field(self.field)
        if found is not None:
            yield Mark(found.name, frozenset(self.expand(context)), test=self._test(self.value))


def wildcard_source(value: str) -> str:
    """A pattern with ``*`` and ``?``, and a backslash before literal ones, as Python's."""
    parts = []
    for piece in re.findall(r"\\.|.", value, re.DOTALL):
        if piece == "*":
            parts.append(".*")
        elif piece == "?":
            parts.append(".")
        else:
            parts.append(re.escape(piece[-1]))
    return "".join(parts)


_REWRITES = (None, "constant_score", "constant_score_blended")


def _multi_term(kind: str, body: Mapping[str, Any], alternative: str = "") -> Query:
    names = [key for key in body if key not in ("boost", "_name")]
    if alternative and names and isinstance(body[names[0]], dict) and alternative in body[names[0]]:
        renamed = {("value" if k == alternative else k): v for k, v in body[names[0]].items()}
        body = {**body, names[0]: renamed}
    name, members = of_field(kind, body, "value")
    rewrite = members.get("rewrite")
    if rewrite not in _REWRITES:
        raise unsupported(f"[rewrite] with [{rewrite}] of [{kind}]")
    if kind == "regexp":
        if str(members.get("flags", "ALL")) not in ("ALL",):
            raise unsupported("[flags] of [regexp]")
        members.get("max_determinized_states")
        members.get("flags_value")
    made = MultiTerm(
        kind, name, str(members.get("value")), members.boolean("case_insensitive", False)
    )
    members.close(made)
    return made


@query("prefix")
def prefix(body: Mapping[str, Any]) -> Query:
    return _multi_term("prefix", body)


@query("wildcard")
def wildcard(body: Mapping[str, Any]) -> Query:
    return _multi_term("wildcard", body, "wildcard")


@query("regexp")
def regexp(body: Mapping[str, Any]) -> Query:
    return _multi_term("regexp", body)


def allowed_edits(fuzziness: str | int | float, term: str) -> int:
    """How many edits a fuzziness allows for a term."""
    text = str(fuzziness).upper()
    if text.startswith("AUTO"):
        low, high = 3, 6
        if text.startswith("AUTO:"):
            try:
                low, high = (int(part) for part in text[5:].split(","))
            except ValueError:
                raise _bad_fuzziness(fuzziness) from None
        return 0 if len(term) < low else 1 if len(term) < high else 2
    try:
        edits = int(float(text))
    except ValueError:
        raise _bad_fuzziness(fuzziness) from None
    if not 0 <= edits <= 2:
        raise ApiError(
            400,
            "illegal_argument_exception",
            "Valid edit distances are [0, 1, 2] but was [" + str(edits) + "]",
        )
    return edits


def _bad_fuzziness(value: object) -> ApiError:
    return ApiError(400, "illegal_argument_exception", f"failed to parse fuzziness [{value}]")


@plain
class Fuzzy(Query):
    """Terms a few edits away; the nearest and most frequent ones score as one term."""

    field: str
    value: str
    fuzziness: str | int | float = "AUTO"
    prefix_length: int = 0
    max_expansions: int = 50
    transpositions: bool = True
    constant: bool = False

    def expand(self, context: Context) -> list[tuple[str, float]]:
        """The terms of the index that are near, with the part of the score that each gets."""
        found = searchable(context, self.field)
        if found is None:
            return []
        if found.type not in TEXTUAL:
            raise ApiError(
                400,
                "illegal_argument_exception",
                f"Can only use fuzzy queries on keyword and text fields - not on [{found.name}]"
                f" which is of type [{found.type}]",
            )
        value = self.value
        edits = allowed_edits(self.fuzziness, value)
        start = value[: self.prefix_length]
        near = []
        for one in with_prefix(context.reader.terms(found.name), start):
            if edits == 0:
                if one == value:
                    near.append((one, 1.0))
                continue
            distance = distance_within(value, one, edits, self.transpositions)
            if distance is not None:
                share = f32(1.0 - f32(distance / min(len(value), len(one)))) if distance else 1.0
                near.append((one, max(share, 0.0)))
        near.sort(key=lambda pair: (-pair[1], pair[0]))
        return near[: self.max_expansions]

    def docs(self, context: Context) -> Collection[int]:
        found = context.field(self.field)
        result: set[int] = set()
        for one, _ in self.expand(context):
            result.update(context.reader.postings(found.name if found else "", one))
        return result

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        if self.constant:
            return super().scores(context, boost)
        near = self.expand(context)
        found = context.field(self.field)
        if found is None or not near:
            return {}
        postings = [(context.reader.postings(found.name, one), share) for one, share in near]
        frequency = max(len(one) for one, _ in postings)
        result: dict[int, float] = {}
        for one, share in postings:
            scored = term_scores(context, found.name, one, boost * self.boost * share, frequency)
            for ordinal, score in scored.items():
                result[ordinal] = result.get(ordinal, 0.0) + score
        return {ordinal: f32(score) for ordinal, score in result.items()}

    def marks(self, context: Context) -> Iterator[Mark]:
        found = context.field(self.field)
        if found is not None:
            yield Mark(found.name, frozenset(one for one, _ in self.expand(context)))


@query("fuzzy")
def fuzzy(body: Mapping[str, Any]) -> Query:
    name, members = of_field("fuzzy", body, "value")
    rewrite = members.get("rewrite")
    if rewrite is not None and not str(rewrite).startswith("constant_score"):
        raise unsupported(f"[rewrite] with [{rewrite}] of [fuzzy]")
    made = Fuzzy(
        name,
        str(members.get("value")),
        members.get("fuzziness", "AUTO"),
        members.integer("prefix_length", 0),
        members.integer("max_expansions", 50),
        members.boolean("transpositions", True),
        rewrite is not None,
    )
    members.close(made)
    return made
