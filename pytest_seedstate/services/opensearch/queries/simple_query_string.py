"""The query language that never fails: + | - " * ( ) ~ with the rules of Lucene's simple parser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import unsupported
from ..plain import plain
from .base import Body, Context, Described, Query, query
from .compound import Bool, DisMax
from .leaf import MatchAll, MatchNone
from .match import TextOptions
from .multi_match import MultiMatch, read_fields, resolved
from .multi_term import Fuzzy, MultiTerm

_WORD = re.compile(r"(?:\\.|[^\s\"|+()\\])+")


class _Parser:
    def __init__(
        self, text: str, fields: list[tuple[str, float]], options: TextOptions, context: Context
    ) -> None:
        self.text, self.fields, self.options, self.context = text, fields, options, context
        self.at = 0

    def group(self, nested: bool) -> Query | None:
        """The clauses up to a closing bracket, joined from left to right."""
        top: Query | None = None
        operation: str | None = None
        previous: str | None = None
        negations = 0
        default = "must" if self.options.operator == "and" else "should"
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == ")" and nested:
                self.at += 1
                return top
            if char in "+|" or char.isspace() or char == ")":
                self.at += 1
                if char in "+|" and operation is None and top is not None:
                    operation = "must" if char == "+" else "should"
                elif char in "+|":
                    operation = operation if top is None else ("must" if char == "+" else "should")
                continue
            if char == "-":
                negations += 1
                self.at += 1
                continue
            clause = self._clause(char)
            if clause is None:
                negations = 0
                continue
            if negations % 2:
                clause = Bool(must_not=[clause], should=[MatchAll()])
            negations = 0
            top, previous = self._join(top, clause, operation or default, previous)
            operation = None
        return top

    def _join(
        self, top: Query | None, clause: Query, operation: str, previous: str | None
    ) -> tuple[Query, str | None]:
        if top is None:
            return clause, None
        if previous != operation or not isinstance(top, Bool):
            top = Bool(must=[top]) if operation == "must" else Bool(should=[top])
        (top.must if operation == "must" else top.should).append(clause)
        return top, operation

    def _clause(self, char: str) -> Query | None:
        if char == "(":
            self.at += 1
            return self.group(True)
        if char == '"':
            end = re.compile(r'(?:\\.|[^"\\])*"', re.DOTALL).match(self.text, self.at + 1)
            if end:
                phrase = re.sub(r"\\(.)", r"\1", end.group()[:-1])
                self.at = end.end()
                slop = self._number()
                options = replace(self.options, slop=slop or 0, least=None)
                return MultiMatch(phrase, self.fields, "phrase", None, options) if phrase else None
            self.at += 1
            return None
        found = _WORD.match(self.text, self.at)
        if found is None:
            self.at += 1
            return None
        self.at = found.end()
        return self._word(found.group())

    def _number(self) -> int | None:
        found = re.compile(r"~(\d*)").match(self.text, self.at)
        if not found:
            return None
        self.at = found.end()
        return int(found[1] or 2)

    def _word(self, word: str) -> Query | None:
        fuzzy = re.fullmatch(r"(.+)~(\d*)", word)
        if fuzzy:
            edits = min(int(fuzzy[2] or 2), 2)
            text = re.sub(r"\\(.)", r"\1", fuzzy[1])
            return self._each(lambda name: Fuzzy(name, self._lowered(name, text), edits))
        if len(word) > 1 and word.endswith("*") and not word.endswith("\\*"):
            text = re.sub(r"\\(.)", r"\1", word[:-1])
            return self._each(lambda name: MultiTerm("prefix", name, self._lowered(name, text)))
        text = re.sub(r"\\(.)", r"\1", word)
        return MultiMatch(text, self.fields, "most_fields", None, replace(self.options, least=None))

    def _lowered(self, name: str, text: str) -> str:
        found = self.context.field(name)
        if found is None or found.search_analyzer is None:
            return text
        return "".join(found.search_analyzer.terms(text)[:1]) or text

    def _each(self, make: Any) -> Query:
        made: list[Query] = []
        for name, boost in resolved(self.context, self.fields or [("*", 1.0)]).items():
            found = self.context.field(name)
            if found is not None and found.type in ("text", "keyword"):
                one = make(name)
                one.boost = boost
                made.append(one)
        if not made:
            return MatchNone()
        return made[0] if len(made) == 1 else DisMax(made, 1.0)


@plain
class SimpleQueryString(Described):
    text: str
    fields: list[tuple[str, float]]
    options: TextOptions

    def rewritten(self, context: Context) -> Query:
        """The query that the text describes, in this index."""
        if self.text.strip() == "*":
            return MatchAll()
        found = _Parser(self.text, self.fields, self.options, context).group(False)
        if found is None:
            return MatchNone()
        if isinstance(found, Bool):
            found.least = self.options.least
        return found


@query("simple_query_string")
def simple_query_string(body: Mapping[str, Any]) -> Query:
    members = Body("simple_query_string", body)
    text = members.text("query")
    flags = str(members.get("flags", "ALL")).upper()
    if flags not in ("ALL", "-1"):
        raise unsupported("[flags] of [simple_query_string]")
    options = TextOptions(operator=members.choice("default_operator", "or", "or", "and"))
    analyzer = members.get("analyzer")
    options.analyzer = None if analyzer is None else str(analyzer)
    options.lenient = members.boolean("lenient", False)
    options.least = members.get("minimum_should_match")
    members.boolean("auto_generate_synonyms_phrase_query", True)
    members.unsupported(
        "quote_field_suffix", "analyze_wildcard", "fuzzy_prefix_length", "fuzzy_max_expansions",
        "fuzzy_transpositions",
    )  # fmt: skip
    made = SimpleQueryString(text, read_fields(members), options)
    members.close(made)
    return made
