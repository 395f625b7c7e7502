"""Text, analyzed, and keywords, as they are or normalized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, unsupported
from pytest_seedstate.services.opensearch.mapping.field import Field, ValueProblem, field_type
from pytest_seedstate.services.opensearch.mapping.values import as_text, boolean_parameter
from pytest_seedstate.services.opensearch.storage.document import Part, Term

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.analysis import Analyzer, Analyzers

_LONGEST_TERM = 32_766  # bytes; Lucene refuses a longer one


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        token = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
        raise ValueProblem("illegal_state_exception", f"Can't get text on a {token}")
    return as_text(value)


@field_type("text")
class Text(Field):
    """A text that is found by its words."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "index": True,
        "store": False,
        "analyzer": "default",
        "search_analyzer": "default",
        "search_quote_analyzer": "default",
        "position_increment_gap": 100,
        "fielddata": False,
        "fielddata_frequency_filter": None,
        "index_options": "positions",
        "index_phrases": False,
        "index_prefixes": None,
        "norms": True,
        "term_vector": "no",
        "similarity": None,
        "eager_global_ordinals": False,
        "boost": 1.0,
        "doc_values": False,
    }
    UPDATABLE = frozenset(
        {"search_analyzer", "search_quote_analyzer", "fielddata", "boost", "norms"}
        | {"fielddata_frequency_filter", "eager_global_ordinals"}
    )

    def prepare(self, analysis: Analyzers) -> None:
        self.has_doc_values = False
        self.has_norms = boolean_parameter(self.parameter("norms"))
        if self.parameter("similarity") not in (None, "BM25"):
            raise unsupported(f"similarity [{self.parameter('similarity')}]")
        self.analyzer = self._analyzer(analysis, "analyzer", "default")
        gap = self.parameters.get("position_increment_gap", self.analyzer.position_increment_gap)
        self.gap = int(gap)
        searching = self.parameters.get("analyzer", "default")
        if searching == "default" and analysis.has("default_search"):
            searching = "default_search"
        self.search_analyzer = self._analyzer(analysis, "search_analyzer", searching)
        quoting = self.parameters.get("search_analyzer", searching)
        self.search_quote_analyzer = self._analyzer(analysis, "search_quote_analyzer", quoting)

    def _analyzer(self, analysis: Analyzers, parameter: str, default: str) -> Analyzer:
        name = str(self.parameters.get(parameter, default))
        if not analysis.has(name):
            raise illegal_argument(f"analyzer [{name}] has not been configured in mappings")
        return analysis.analyzer(name)

    def parse(self, value: Any) -> str:
        return _text(value)

    def add(self, parsed: str, part: Part) -> None:
        part.present.add(self.name)
        if not self.indexed:
            return
        assert self.analyzer is not None
        terms = part.terms.setdefault(self.name, {})
        start = part.next_position.get(self.name, 0)
        tokens = self.analyzer.tokens(parsed)
        for token in tokens:
            if len(token.term) > _LONGEST_TERM // 4 and len(token.term.encode()) > _LONGEST_TERM:
                raise immense_term(self.name, token.term)
            terms.setdefault(token.term, []).append(start + token.position)
        after = tokens[-1].position + 1 if tokens else 0
        part.next_position[self.name] = start + after + self.gap
        if self.has_norms:
            # Lucene's norms leave out tokens that stand where another one stands.
            places = len({token.position for token in tokens})
            part.lengths[self.name] = part.lengths.get(self.name, 0) + places

    def finish(self, part: Part) -> None:
        """Texts have no doc values to sort."""

    def term_for(self, value: Any) -> Term:
        return as_text(value)


@field_type("keyword")
class Keyword(Field):
    """A text that is found as a whole."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "index": True,
        "doc_values": True,
        "store": False,
        "null_value": None,
        "ignore_above": 2_147_483_647,
        "normalizer": "default",
        "norms": False,
        "index_options": "docs",
        "similarity": None,
        "use_similarity": False,
        "split_queries_on_whitespace": False,
        "eager_global_ordinals": False,
        "boost": 1.0,
    }
    UPDATABLE = frozenset(
        {"ignore_above", "boost", "eager_global_ordinals", "split_queries_on_whitespace", "norms"}
    )

    def prepare(self, analysis: Analyzers) -> None:
        self.has_norms = boolean_parameter(self.parameter("norms"))
        self.longest = int(self.parameter("ignore_above"))
        name = as_text(self.parameter("normalizer"))
        self.normalizer: Analyzer | None = None
        if name not in ("None", "default"):
            if not analysis.has_normalizer(name):
                raise ApiError(
                    400,
                    "mapper_parsing_exception",
                    f"normalizer [{name}] not found for field [{self.name}]",
                )
            self.normalizer = analysis.normalizer(name)
            self.analyzer = self.search_analyzer = self.normalizer

    def parse(self, value: Any) -> str:
        return self.normalize(_text(value))

    def normalize(self, text: str) -> str:
        """Return a text as it is indexed."""
        if self.normalizer is None:
            return text
        tokens = self.normalizer.tokens(text)
        return tokens[0].term if tokens else ""

    def index(self, value: Any, part: Part) -> None:
        text = _text(value)
        if len(text) > self.longest:
            return
        term = self.normalize(text)
        if len(term) > _LONGEST_TERM // 4 and len(term.encode()) > _LONGEST_TERM:
            raise immense_term(self.name, term)
        self.add(term, part)
        if self.has_norms and self.indexed:
            part.lengths[self.name] = part.lengths.get(self.name, 0) + 1

    def finish(self, part: Part) -> None:
        part.values[self.name] = sorted(set(part.values[self.name]))


def immense_term(field: str, term: str) -> ApiError:
    """Return the 400 for a term that Lucene does not take."""
    size = len(term.encode())
    return illegal_argument(
        f'Document contains at least one immense term in field="{field}" (whose UTF8 encoding is '
        f"longer than the max length {_LONGEST_TERM}), all of which were skipped. Please correct "
        f"the analyzer to not produce such terms. bytes can be at most {_LONGEST_TERM} in length; "
        f"got {size}",
        {
            "type": "max_bytes_length_exceeded_exception",
            "reason": f"bytes can be at most {_LONGEST_TERM} in length; got {size}",
        },
    )
