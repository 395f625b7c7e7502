"""Lucene's query language, and the query that reads it.

Written by hand: Lucene's rules for what an operator does to its neighbours are no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import ApiError, unsupported
from ..plain import plain
from .base import Body, Context, Described, Query, query
from .compound import Bool, DisMax
from .leaf import Exists, MatchAll, MatchNone, Range
from .match import TextOptions
from .multi_match import MultiMatch, read_fields, resolved
from .multi_term import Fuzzy, MultiTerm

_TOKEN = re.compile(
    r"""\s+
    |(?P<and>AND(?![^\s()])|&&)|(?P<or>OR(?![^\s()])|\|\|)|(?P<not>NOT(?![^\s()])|!)
    |(?P<plus>\+)|(?P<minus>-)|(?P<open>\()|(?P<close>\))
    |(?P<colon>:)|(?P<boost>\^\d+(?:\.\d+)?)|(?P<tilde>~\d*(?:\.\d+)?)
    |(?P<quoted>"(?:\\.|[^"\\])*")
    |(?P<regex>/(?:\\.|[^/\\])*/)
    |(?P<range>[\[{]\s*(?P<low>"(?:\\.|[^"\\])*"|[^\s\]}]+)\s+TO\s+(?P<high>"(?:\\.|[^"\\])*"|[^\s\]}]+)\s*[\]}])
    |(?P<compare>[<>]=?)
    |(?P<term>(?:\\.|[^\s+\-!():^\[\]"{}~\\/&|<>=]|&(?!&)|\|(?!\|)|=)
        (?:\\.|[^\s!():^\[\]"{}~\\/])*)
    """,
    re.VERBOSE | re.DOTALL,
)


@plain
class _Token:
    kind: str
    text: str
    match: re.Match[str]


def _failed(text: str) -> ApiError:
    return ApiError(400, "query_shard_exception", f"Failed to parse query [{text}]")


def _tokens(text: str) -> list[_Token]:
    result = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _failed(text)
        at = match.end()
        kind = match.lastgroup
        if match["range"] is not None:
            kind = "range"
        if kind is not None:
            result.append(_Token(kind, match.group(), match))
    return result


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


@dataclass
class StringOptions:
    """How a query string is read."""

    fields: list[tuple[str, float]]
    operator: str = "or"
    kind: str = "best_fields"
    tie_breaker: float | None = None
    phrase_slop: int = 0
    analyze_wildcard: bool = False
    leading_wildcard: bool = True
    time_zone: str | None = None
    fuzziness: Any = "AUTO"
    text: TextOptions = field(default_factory=TextOptions)


class _Parser:
    def __init__(self, text: str, options: StringOptions, context: Context) -> None:
        self.text = text
        self.options = options
        self.context = context
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place].kind if place < len(self.tokens) else "end"

    def take(self) -> _Token:
        if self.at >= len(self.tokens):
            raise _failed(self.text)
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> Query:
        parsed = self.clauses(self.options.fields)
        if self.peek() != "end":
            raise _failed(self.text)
        if isinstance(parsed, Bool):
            parsed.least = self.options.text.least
        return parsed

    def clauses(self, fields: list[tuple[str, float]]) -> Query:
        found: list[tuple[str, Query]] = []  # "+", "-" or "", as Lucene collects them
        conjunction = ""
        while self.peek() not in ("end", "close"):
            if self.peek() in ("and", "or"):
                if not found or conjunction:
                    raise _failed(self.text)
                conjunction = self.take().kind
                if self.peek() in ("end", "close", "and", "or"):
                    raise _failed(self.text)
                continue
            modifier = self.take().kind if self.peek() in ("plus", "minus", "not") else ""
            clause = self._several_terms(fields) if not modifier and not conjunction else None
            self._add(found, conjunction, modifier, clause or self.clause(fields))
            conjunction = ""
        if not found:
            return MatchNone()
        if len(found) == 1 and found[0][0] != "-":
            return found[0][1]
        return Bool(
            must=[q for sign, q in found if sign == "+"],
            should=[q for sign, q in found if not sign],
            must_not=[q for sign, q in found if sign == "-"],
        )

    def _add(
        self, found: list[tuple[str, Query]], conjunction: str, modifier: str, clause: Query
    ) -> None:
        all_needed = self.options.operator == "and"
        if found and found[-1][0] != "-":
            if conjunction == "and":
                found[-1] = ("+", found[-1][1])
            elif conjunction == "or" and all_needed:
                found[-1] = ("", found[-1][1])
        if modifier in ("minus", "not"):
            sign = "-"
        elif all_needed:
            sign = "" if conjunction == "or" else "+"
        else:
            sign = "+" if modifier == "plus" or conjunction == "and" else ""
        found.append((sign, clause))

    def _several_terms(self, fields: list[tuple[str, float]]) -> Query | None:
        """Plain words in a row are analyzed together."""
        words: list[str] = []
        while self.peek(len(words)) == "term" and self.peek(len(words) + 1) not in (
            "colon", "tilde", "boost", "and", "or",
        ):  # fmt: skip
            text = self.tokens[self.at + len(words)].text
            if _is_pattern(text):
                break
            words.append(unescaped(text))
        if len(words) < 2:
            return None
        self.at += len(words)
        return self.on_text(fields, " ".join(words))

    def clause(self, fields: list[tuple[str, float]]) -> Query:
        if self.peek() == "term" and self.peek(1) == "colon":
            name = self.take().text
            if name != "*" and _is_pattern(name):
                raise _failed(self.text)
            name = unescaped(name)
            self.take()
            if name == "_exists_":
                return Exists(unescaped(self.take().text))
            if name == "*" and self.peek() == "term" and self.tokens[self.at].text == "*":
                self.take()
                return MatchAll()
            fields = [(name, 1.0)]
        token = self.take()
        made = self._primary(token, fields)
        if self.peek() == "boost":
            made.boost *= float(self.take().text[1:])
        return made

    def _primary(self, token: _Token, fields: list[tuple[str, float]]) -> Query:
        if token.kind == "open":
            made = self.clauses(fields)
            if self.take().kind != "close":
                raise _failed(self.text)
            return made
        if token.kind == "quoted":
            slop = self.options.phrase_slop
            if self.peek() == "tilde":
                slop = int(float(self.take().text[1:] or 0))
            return self.on_text(fields, unescaped(token.text[1:-1]), slop)
        if token.kind == "regex":
            source = token.text[1:-1].replace(r"\/", "/")
            return self.each(
                fields, lambda name: MultiTerm("regexp", name, source, where="[query_string]")
            )
        if token.kind == "range":
            return self._range(token, fields)
        if token.kind == "compare":
            bound = unescaped(self.take().text.strip('"'))
            low, high = (bound, None) if token.text[0] == ">" else (None, bound)
            equal = token.text.endswith("=")
            return self._bounded(fields, low, high, equal, equal)
        if token.kind != "term":
            raise _failed(self.text)
        return self._term(token.text, fields)

    def _range(self, token: _Token, fields: list[tuple[str, float]]) -> Query:
        ends = [unescaped(token.match[end].strip('"')) for end in ("low", "high")]
        low, high = (None if end == "*" else end for end in ends)
        return self._bounded(fields, low, high, token.text[0] == "[", token.text[-1] == "]")

    def _bounded(
        self, fields: list[tuple[str, float]], low: Any, high: Any, with_low: bool, with_high: bool
    ) -> Query:
        zone = {} if self.options.time_zone is None else {"time_zone": self.options.time_zone}
        return self.each(fields, lambda n: Range(n, low, high, with_low, with_high, dict(zone)))

    def _term(self, text: str, fields: list[tuple[str, float]]) -> Query:
        if self.peek() == "tilde":
            amount = self.take().text[1:]
            fuzziness = amount or self.options.fuzziness
            return self.each(
                fields, lambda name: Fuzzy(name, self._lowered(name, unescaped(text)), fuzziness)
            )
        if text == "*":
            return self.each(fields, Exists) if fields else MatchAll()
        if _is_pattern(text):
            if text[0] in "*?" and not self.options.leading_wildcard:
                raise ApiError(400, "query_shard_exception", f"Failed to parse query [{self.text}]")
            if self.options.analyze_wildcard:
                raise unsupported("[analyze_wildcard] of [query_string] with wildcards")
            if text[-1] == "*" and not _is_pattern(text[:-1]):
                return self.each(
                    fields,
                    lambda n: MultiTerm("prefix", n, self._lowered(n, unescaped(text[:-1]))),
                )
            return self.each(fields, lambda n: MultiTerm("wildcard", n, self._lowered(n, text)))
        return self.on_text(fields, unescaped(text))

    def _lowered(self, name: str, text: str) -> str:
        """A part of a word as the field's analyzer would have it, which is lower case if that is."""
        found = self.context.field(name)
        if found is None or found.search_analyzer is None:
            return text
        return text.lower() if found.search_analyzer.terms("A") == ["a"] else text

    def each(self, fields: list[tuple[str, float]], make: Any) -> Query:
        """One query for each field, the best one counts."""
        made: list[Query] = []
        wild = not fields or any("*" in name for name, _ in fields)
        for name, boost in resolved(self.context, fields or [("*", 1.0)]).items():
            found = self.context.field(name)
            one = make(name)
            if found is None or (
                (wild or self.options.text.lenient)
                and not isinstance(one, (Range, Exists))
                and found.type not in ("text", "keyword")
            ):
                continue
            if wild and isinstance(one, Range) and not _bounds_fit(one, self.context):
                continue
            one.boost = boost
            made.append(one)
        if not made:
            return MatchNone()
        return made[0] if len(made) == 1 else DisMax(made, self.options.tie_breaker or 0.0)

    def on_text(self, fields: list[tuple[str, float]], text: str, slop: int | None = None) -> Query:
        kind = self.options.kind if slop is None else "phrase"
        options = replace(
            self.options.text, operator=self.options.operator, slop=slop or 0, least=None
        )
        if slop is None and kind == "phrase":
            options.slop = self.options.phrase_slop
        return MultiMatch(text, fields, kind, self.options.tie_breaker, options)


def _bounds_fit(one: Range, context: Context) -> bool:
    try:
        one.docs(context)
    except ApiError:
        return False
    return True


def _is_pattern(text: str) -> bool:
    return re.search(r"(?<!\\)(?:\\\\)*[*?]", text) is not None


@plain
class QueryString(Described):
    text: str
    options: StringOptions
    contradicts: bool  # both a default field and fields were given

    def rewritten(self, context: Context) -> Query:
        """The query that the text describes, in this index."""
        if self.contradicts:
            told = "[query_string] cannot use [fields] parameter in conjunction with"
            raise ApiError(
                400, "query_validation_exception", f"Validation Failed: 1: {told} [default_field];"
            )
        if not self.text.strip():
            return MatchNone()
        try:
            return _Parser(self.text, self.options, context).whole()
        except ApiError as problem:
            if self.options.text.lenient and problem.kind != "query_shard_exception":
                return MatchNone()
            raise


@query("query_string")
def query_string(body: Mapping[str, Any]) -> Query:
    members = Body("query_string", body)
    text = members.get("query")
    if text is None:
        raise ApiError(400, "parsing_exception", "[query_string] must be provided with a [query]")
    fields = read_fields(members)
    default = members.get("default_field")
    contradicts = False
    if default is not None:
        contradicts = bool(fields)
        fields = fields or ([] if default == "*" else [(str(default), 1.0)])
    kind = str(members.get("type", "best_fields"))
    if kind == "cross_fields":
        raise unsupported("[type] with [cross_fields] of [query_string]")
    options = StringOptions(fields, members.choice("default_operator", "or", "or", "and"), kind)
    if members.has("tie_breaker"):
        options.tie_breaker = members.number("tie_breaker", 0.0)
    options.phrase_slop = members.integer("phrase_slop", 0)
    options.analyze_wildcard = members.boolean("analyze_wildcard", False)
    options.leading_wildcard = members.boolean("allow_leading_wildcard", True)
    options.fuzziness = members.get("fuzziness", "AUTO")
    zone = members.get("time_zone")
    options.time_zone = None if zone is None else str(zone)
    analyzer = members.get("analyzer")
    options.text.analyzer = None if analyzer is None else str(analyzer)
    options.text.least = members.get("minimum_should_match")
    options.text.lenient = members.boolean("lenient", False)
    members.boolean("enable_position_increments", True)
    members.boolean("auto_generate_synonyms_phrase_query", True)
    members.integer("max_determinized_states", 10_000)
    members.unsupported(
        "quote_analyzer", "quote_field_suffix", "rewrite", "fuzzy_rewrite", "escape",
        "fuzzy_prefix_length", "fuzzy_max_expansions", "fuzzy_transpositions",
    )  # fmt: skip
    made = QueryString(str(text), options, contradicts)
    members.close(made)
    return made
