"""Queries on analyzed text in one field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any

from ..analysis import Analyzer
from ..errors import ApiError, illegal_argument, parsing_error
from ..plain import plain
from .base import Body, Context, Described, Query, of_field, query
from .compound import Bool
from .leaf import MatchAll, MatchNone, Term, searchable
from .multi_term import Fuzzy, MultiTerm, with_prefix
from .phrase import Phrase, Slot, Synonyms


@dataclass
class TextOptions:
    """How a text is looked for in a field."""

    operator: str = "or"
    analyzer: str | None = None
    least: int | str | None = None
    fuzziness: Any = None
    prefix_length: int = 0
    max_expansions: int = 50
    transpositions: bool = True
    lenient: bool = False
    zero_terms: str = "none"
    slop: int = 0


def slots_of(analyzer: Analyzer, text: str) -> list[Slot]:
    """The terms of a text by position."""
    slots: dict[int, list[str]] = {}
    for token in analyzer.tokens(text):
        slot = slots.setdefault(token.position, [])
        if token.term not in slot:
            slot.append(token.term)
    return [(position, tuple(terms)) for position, terms in slots.items()]


@plain
class Match(Described):
    """A text in a field: by its words (`kind` boolean), as a phrase, or with an open end."""

    field: str
    text: Any
    kind: str = "boolean"  # boolean, phrase, phrase_prefix, bool_prefix
    options: TextOptions = member(default_factory=TextOptions)

    def rewritten(self, context: Context) -> Query:
        """The query on terms that is meant in this index."""
        try:
            found = searchable(context, self.field)
            if found is None:
                if self.field in ("_id", "_index"):
                    return Term(self.field, self.text)
                return MatchNone()
            if found.type == "text":
                return self._on_text(context, found)
            if found.type == "keyword" and self.kind in ("bool_prefix", "phrase_prefix"):
                if self.kind == "phrase_prefix":
                    raise illegal_argument(
                        f"Can only use phrase prefix queries on text fields - not on [{found.name}]"
                        f" which is of type [{found.type}]"
                    )
                return MultiTerm("prefix", found.name, str(self.text))
            if found.type == "keyword" and self.options.fuzziness is not None:
                return self._fuzzy(found.name, str(self.text))
            if self.options.fuzziness is not None and not self.options.lenient:
                raise illegal_argument(
                    f"Can only use fuzzy queries on keyword and text fields - not on [{found.name}]"
                    f" which is of type [{found.type}]"
                )
            found.term_for(self.text)
            return Term(found.name, self.text)
        except ApiError:
            if self.options.lenient:
                return MatchNone()
            raise

    def _on_text(self, context: Context, found: Any) -> Query:
        quoted = self.kind in ("phrase", "phrase_prefix")
        analyzer = found.search_quote_analyzer if quoted else found.search_analyzer
        if self.options.analyzer is not None:
            analyzer = context.reader.mapping.analysis.analyzer(self.options.analyzer)
        text = self.text
        if isinstance(text, bool):
            text = "true" if text else "false"
        slots = slots_of(analyzer, str(text))
        if not slots:
            return MatchAll() if self.options.zero_terms == "all" else MatchNone()
        if quoted:
            return self._phrase(context, found, slots)
        clauses = [self._clause(found.name, terms) for _, terms in slots]
        if self.kind == "bool_prefix":
            last = slots[-1][1]
            if len(last) == 1:
                clauses[-1] = MultiTerm("prefix", found.name, last[0])
        if len(clauses) == 1:
            return clauses[0]
        if self.options.operator == "and":
            return Bool(must=clauses)
        return Bool(should=clauses, least=self.options.least)

    def _clause(self, name: str, terms: tuple[str, ...]) -> Query:
        if len(terms) > 1:
            return Synonyms(name, terms)
        if self.options.fuzziness is not None:
            return self._fuzzy(name, terms[0])
        return Term(name, terms[0])

    def _fuzzy(self, name: str, value: str) -> Fuzzy:
        options = self.options
        return Fuzzy(
            name,
            value,
            options.fuzziness,
            options.prefix_length,
            options.max_expansions,
            options.transpositions,
        )

    def _phrase(self, context: Context, found: Any, slots: list[Slot]) -> Query:
        name = found.name
        if self.kind == "phrase_prefix":
            position, last = slots[-1]
            expanded: list[str] = []
            for prefix in last:
                expanded += with_prefix(context.reader.terms(name), prefix)
            slots = [*slots[:-1], (position, tuple(expanded[: self.options.max_expansions]))]
            if not slots[-1][1]:
                return MatchNone()
            if len(slots) == 1:
                terms: list[Query] = [Term(name, term) for term in slots[0][1]]
                return terms[0] if len(terms) == 1 else Bool(should=terms)
        if len(slots) == 1:
            terms_here = slots[0][1]
            return Term(name, terms_here[0]) if len(terms_here) == 1 else Synonyms(name, terms_here)
        if found.parameter("index_options") not in ("positions", "offsets"):
            raise ApiError(
                400,
                "illegal_state_exception",
                f"field:[{name}] was indexed without position data; cannot run PhraseQuery",
            )
        return Phrase(name, slots, self.options.slop)


def read_options(members: Body, options: TextOptions) -> TextOptions:
    """The options that several queries share."""
    options.operator = members.choice("operator", options.operator, "or", "and")
    analyzer = members.get("analyzer")
    options.analyzer = None if analyzer is None else str(analyzer)
    options.least = members.get("minimum_should_match")
    options.fuzziness = members.get("fuzziness")
    options.prefix_length = members.integer("prefix_length", 0)
    options.max_expansions = members.integer("max_expansions", 50)
    options.transpositions = members.boolean("fuzzy_transpositions", True)
    options.lenient = members.boolean("lenient", options.lenient)
    options.zero_terms = members.choice("zero_terms_query", "none", "none", "all")
    members.boolean("auto_generate_synonyms_phrase_query", True)
    members.unsupported("fuzzy_rewrite", "cutoff_frequency")
    return options


def _text(members: Body) -> Any:
    value = members.get("query")
    if isinstance(value, (dict, list)):
        raise parsing_error(f"[{members.query_name}] unknown token [START_OBJECT] after [query]")
    return value


@query("match")
def match(body: Mapping[str, Any]) -> Query:
    name, members = of_field("match", body, "query")
    made = Match(name, _text(members), "boolean", read_options(members, TextOptions()))
    members.close(made)
    return made


@query("match_bool_prefix")
def match_bool_prefix(body: Mapping[str, Any]) -> Query:
    name, members = of_field("match_bool_prefix", body, "query")
    made = Match(name, _text(members), "bool_prefix", read_options(members, TextOptions()))
    members.close(made)
    return made


def _phrase_query(query_name: str, kind: str, body: Mapping[str, Any]) -> Query:
    name, members = of_field(query_name, body, "query")
    options = TextOptions(slop=members.integer("slop", 0))
    if options.slop < 0:
        raise illegal_argument("No negative slop allowed.")
    analyzer = members.get("analyzer")
    options.analyzer = None if analyzer is None else str(analyzer)
    options.zero_terms = members.choice("zero_terms_query", "none", "none", "all")
    if kind == "phrase_prefix":
        options.max_expansions = members.integer("max_expansions", 50)
    made = Match(name, _text(members), kind, options)
    members.close(made)
    return made


@query("match_phrase")
def match_phrase(body: Mapping[str, Any]) -> Query:
    return _phrase_query("match_phrase", "phrase", body)


@query("match_phrase_prefix")
def match_phrase_prefix(body: Mapping[str, Any]) -> Query:
    return _phrase_query("match_phrase_prefix", "phrase_prefix", body)
