"""The values of a field that an aggregation works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import ApiError, illegal_argument
from ..mapping.field import ValueProblem
from ..queries import Context
from ..search.sorting import check_doc_values, text_values
from .base import Options, Run, Slice, find_field

Values = Callable[[int], Sequence[Any]]
NUMBERS = frozenset(
    "byte short integer long unsigned_long half_float float double scaled_float date boolean".split()  # noqa: SIM905
)


class Source:
    """A field whose values are aggregated, with a value for documents that have none."""

    def __init__(
        self, options: Options, *, numeric: bool = False, allowed: frozenset[str] | None = None
    ) -> None:
        self.name = options.field()
        self.kind = options.kind
        self.missing = options.get("missing")
        self.allowed = NUMBERS if numeric else allowed

    def field(self, run: Run) -> Any:
        found = find_field(run, self.name)
        if found is not None:
            self._check(found)
        return found

    def _check(self, found: Any) -> None:
        check_doc_values(found)
        if self.allowed is not None and found.type not in self.allowed:
            raise illegal_argument(
                f"Field [{found.name}] of type [{found.type}] is not supported for aggregation"
                f" [{self.kind}]"
            )

    def values(self, context: Context) -> Values:
        """The values by ordinal."""
        if self.name == "_index":
            return lambda ordinal: (context.reader.index,)
        found = context.field(self.name)
        default = self._default(found)
        if found is None:
            return lambda ordinal: default
        self._check(found)
        if found.type == "text":
            terms = text_values(context, found.name)
            return lambda ordinal: terms.get(ordinal, default)
        stored = context.reader.values(found.name)
        return lambda ordinal: stored.get(ordinal, default)

    def _default(self, found: Any) -> Sequence[Any]:
        if self.missing is None:
            return ()
        if found is None and self.allowed is not NUMBERS:
            return (self.missing,)
        if found is None:
            try:
                return (float(self.missing),)
            except (TypeError, ValueError):
                told = f'For input string: "{self.missing}"'
                raise ApiError(400, "number_format_exception", told) from None
        try:
            return (found.parse(self.missing),)
        except ValueProblem as problem:
            raise problem.as_error() from None

    def each(self, slices: list[Slice]) -> Any:
        """Yield the values of all documents."""
        for one in slices:
            values = self.values(one.context)
            for ordinal in one.ordinals:
                yield from values(ordinal)
