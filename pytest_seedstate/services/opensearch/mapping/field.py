"""A field of a mapping, and where field types register.

A type is one class with `field_type("name")`. It says which parameters it takes, turns a value of
the source into doc values and terms, and turns what a query names into a term or a bound.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.storage.document import Part, Term, Value

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.analysis import Analyzer, Analyzers

_TYPES: dict[str, type[Field]] = {}
_T = TypeVar("_T", bound="type[Field]")


class ValueProblem(Exception):  # noqa: N818 - not an answer by itself: the parser names the field
    """A value does not fit its field.

    Args:
        kind, reason: the error that OpenSearch gives as the cause.
        caused_by: a cause of that cause.
    """

    def __init__(self, kind: str, reason: str, caused_by: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.caused_by = caused_by

    def body(self) -> dict[str, Any]:
        """Return the error as a ``caused_by`` member."""
        told: dict[str, Any] = {"type": self.kind, "reason": self.reason}
        return told if self.caused_by is None else {**told, "caused_by": self.caused_by}

    def as_error(self) -> ApiError:
        """Return the error as an answer to a query that has the value."""
        return ApiError(400, self.kind, self.reason, caused_by=self.caused_by)


class Field(ABC):
    """A leaf of the mapping.

    Args:
        name: the full path, such as ``author.name`` or ``title.raw``.
        parameters: what the mapping says, without ``type`` and ``fields``.
        analysis: the index's analyzers.

    Attributes:
        indexed: whether it can be searched by terms (``index``).
        has_doc_values: whether it can be sorted and aggregated on.
        has_norms: whether scores take the length into account.
        analyzer, search_analyzer, search_quote_analyzer: of text fields; of keyword fields
            with a normalizer, the normalizer; otherwise None.
    """

    type: ClassVar[str]
    PARAMETERS: ClassVar[Mapping[str, Any]] = {}  # name -> default
    UPDATABLE: ClassVar[frozenset[str]] = frozenset()  # parameters that a merge may change
    has_norms: bool = False

    def __init__(self, name: str, parameters: Mapping[str, Any], analysis: Analyzers) -> None:
        self.name = name
        self.parameters = dict(parameters)
        self.analyzer: Analyzer | None = None
        self.search_analyzer: Analyzer | None = None
        self.search_quote_analyzer: Analyzer | None = None
        self.indexed = bool(self.parameter("index")) if "index" in self.PARAMETERS else True
        self.has_doc_values = bool(self.parameter("doc_values"))
        self.prepare(analysis)

    def prepare(self, analysis: Analyzers) -> None:  # noqa: B027  # most types check nothing
        """Check parameters and build what parsing needs."""

    def parameter(self, name: str) -> Any:
        """Return a parameter's value, or its default."""
        return self.parameters.get(name, self.PARAMETERS.get(name))

    def takes_array(self, value: list[Any]) -> bool:
        """Tell whether an array is one value of this type, not several."""
        return False

    def is_empty(self, value: Any) -> bool:
        """Tell whether a value counts as null."""
        return False

    @abstractmethod
    def parse(self, value: Any) -> Value:
        """Return the doc value for a value of the source.

        Raises:
            ValueProblem: it does not fit.
        """

    def index(self, value: Any, part: Part) -> None:
        """Add one value of the source (never None, never an array) to what is indexed.

        Raises:
            ValueProblem: it does not fit.
        """
        self.add(self.parse(value), part)

    def add(self, parsed: Value, part: Part) -> None:
        """Add a doc value to what is indexed."""
        if self.indexed:
            positions = part.terms.setdefault(self.name, {}).setdefault(parsed, [])
            if not positions:
                positions.append(0)
        if self.has_doc_values:
            part.values.setdefault(self.name, []).append(parsed)
        if self.indexed or self.has_doc_values:
            part.present.add(self.name)

    def finish(self, part: Part) -> None:
        """Bring the doc values of a part into Lucene's order, once all of them are there."""
        part.values[self.name].sort()

    def term_for(self, value: Any) -> Term:
        """Return the term that a ``term`` query for a value looks up.

        Raises:
            ApiError: the value can never be one of this type.
        """
        try:
            term: Term = self.parse(value)
        except ValueProblem as problem:
            raise problem.as_error() from problem
        return term

    def bound(self, value: Any, *, round_up: bool = False, now: int = 0, **options: Any) -> Value:
        """Return a range query's bound as a doc value to compare with.

        Args:
            round_up: of dates, take the end of a rounded unit (for ``gt`` and ``lte``); of
                integers, round a fraction up (for ``gte`` and ``lt``).
            now: epoch milliseconds that ``now`` means.
            options: ``format`` and ``time_zone`` of dates.

        Raises:
            ApiError: the value can never be one of this type.
        """
        return self.term_for(value)

    def format(self, value: Value, pattern: str | None = None, time_zone: str | None = None) -> Any:
        """Return a doc value as answers show it: in sort values, bucket keys, ``fields``."""
        return value


def field_type(name: str) -> Callable[[_T], _T]:
    """Register a class as a field type."""

    def register(cls: _T) -> _T:
        cls.type = name
        _TYPES[name] = cls
        return cls

    return register


def type_named(name: str) -> type[Field] | None:
    """Return a registered field type."""
    return _TYPES.get(name)
