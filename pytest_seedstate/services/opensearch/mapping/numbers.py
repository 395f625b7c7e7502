"""Numbers: whole and floating, each with its range."""

from __future__ import annotations

import math
import re
import struct
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.mapping.field import Field, ValueProblem, field_type
from pytest_seedstate.services.opensearch.mapping.values import boolean_parameter

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.analysis import Analyzers

_JAVA_FLOAT = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)[fFdD]?")
_NUMBER_PARAMETERS: Mapping[str, Any] = {
    "index": True,
    "doc_values": True,
    "store": False,
    "coerce": True,
    "ignore_malformed": False,
    "null_value": None,
    "boost": 1.0,
    "skip_list": False,
}


class Number(Field):
    """What all numbers have in common."""

    PARAMETERS = _NUMBER_PARAMETERS
    UPDATABLE = frozenset({"coerce", "ignore_malformed", "boost"})

    def prepare(self, analysis: Analyzers) -> None:
        self.coerces = boolean_parameter(self.parameter("coerce"))
        if self.parameter("null_value") is not None:
            try:
                self.parse(self.parameter("null_value"))
            except ValueProblem as problem:
                raise problem.as_error() from None

    def parse(self, value: Any) -> Any:
        if isinstance(value, bool):
            raise _not_numeric("VALUE_TRUE" if value else "VALUE_FALSE")
        if isinstance(value, (dict, list)):
            raise _not_numeric("START_OBJECT" if isinstance(value, dict) else "START_ARRAY")
        if isinstance(value, str) and not self.coerces and self.type != "scaled_float":
            raise ValueProblem(
                "illegal_argument_exception", f"{self._java()} value passed as String"
            )
        return self.number(value)

    @abstractmethod
    def number(self, value: str | float) -> float:
        """Return a text or number as this type keeps it."""

    def is_empty(self, value: Any) -> bool:
        """Tell whether a value of the source counts as null: an empty string, when coerced."""
        return value == "" and self.coerces

    def _java(self) -> str:
        return self.type.capitalize()


class Whole(Number):
    """A whole number; a fraction is cut off unless ``coerce`` is false."""

    LOWEST: ClassVar[int]
    HIGHEST: ClassVar[int]
    WORD: ClassVar[str]  # as messages name it

    def number(self, value: str | float) -> int:
        exact = self._exact(value)
        if isinstance(exact, float):
            if not math.isfinite(exact):
                raise self._out_of_range(value)
            if not self.coerces and exact != int(exact):
                raise ValueProblem(
                    "illegal_argument_exception",
                    f"{value} cannot be converted to {self._java()} without data loss",
                )
            exact = int(exact)
        if not self.LOWEST <= exact <= self.HIGHEST:
            raise self._out_of_range(value)
        return exact

    def _exact(self, value: str | float) -> int | float:
        if isinstance(value, int):
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                raise self._out_of_range(value)
            return value
        text = value.strip()
        if re.fullmatch(r"[+-]?\d+", text):
            return int(text)
        if not _JAVA_FLOAT.fullmatch(text):
            kind = (
                "illegal_argument_exception" if self.type == "long" else "number_format_exception"
            )
            raise ValueProblem(kind, f'For input string: "{value}"')
        return float(text.rstrip("fFdD"))

    def _out_of_range(self, value: Any) -> ValueProblem:
        if isinstance(value, str) or self.type in ("byte", "short", "unsigned_long"):
            return ValueProblem(
                "illegal_argument_exception", f"Value [{value}] is out of range for {self.WORD}"
            )
        java = {"integer": "int"}.get(self.type, self.type)
        reason = (
            f"Numeric value ({value}) out of range of `{java}` ({self.LOWEST} - {self.HIGHEST})"
        )
        return ValueProblem(
            "input_coercion_exception",
            reason,
            {"type": "input_coercion_exception", "reason": reason},
        )

    def term_for(self, value: Any) -> Any:
        """Return the number that a query asks for; one that no document can have is told apart by
        not being whole, or by being out of range, and matches nothing.

        Raises:
            ApiError: it is no number.
        """
        return self._wanted(value)

    def bound(self, value: Any, *, round_up: bool = False, now: int = 0, **options: Any) -> Any:
        wanted = self._wanted(value)
        if isinstance(wanted, int) or not math.isfinite(wanted):
            return wanted
        return math.ceil(wanted) if round_up else math.floor(wanted)

    def _wanted(self, value: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ApiError(400, "number_format_exception", f'For input string: "{_java(value)}"')
        try:
            wanted = self._exact(value)
        except ValueProblem:
            raise ApiError(400, "number_format_exception", f'For input string: "{value}"') from None
        return int(wanted) if math.isfinite(wanted) and wanted == int(wanted) else wanted


def _whole(name: str, bits: int, word: str) -> type[Whole]:
    highest = 2 ** (bits - 1) - 1
    members = {
        "LOWEST": -highest - 1,
        "HIGHEST": highest,
        "WORD": word,
        "__doc__": f"{word.capitalize()}: {bits} bits with a sign.",
    }
    return field_type(name)(type(name.capitalize(), (Whole,), members))


Byte = _whole("byte", 8, "a byte")
Short = _whole("short", 16, "a short")
Integer = _whole("integer", 32, "an integer")
Long = _whole("long", 64, "a long")


@field_type("unsigned_long")
class UnsignedLong(Whole):
    """64 bits without a sign."""

    LOWEST = 0
    HIGHEST = 2**64 - 1
    WORD = "an unsigned long"


@field_type("double")
class Double(Number):
    """64 bits, finite."""

    def number(self, value: str | float) -> float:
        exact = self._float(value)
        kept = self.rounded(exact)
        if not math.isfinite(kept):
            shown = _java_float(exact)
            raise ValueProblem(
                "illegal_argument_exception",
                f"[{self.type}] supports only finite values, but got [{shown}]",
            )
        return kept

    def _float(self, value: str | float) -> float:
        if not isinstance(value, str):
            try:
                return float(value)
            except OverflowError:
                return math.inf
        text = value.strip()
        if text.lstrip("+-") in ("NaN", "Infinity"):
            return float(text)
        if not _JAVA_FLOAT.fullmatch(text):
            reason = f'For input string: "{value}"' if text else "empty String"
            raise ValueProblem("number_format_exception", reason)
        return float(text.rstrip("fFdD"))

    def rounded(self, exact: float) -> float:
        """Return the nearest number that the type has; infinite when it has none."""
        return exact

    def term_for(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ApiError(400, "number_format_exception", f'For input string: "{_java(value)}"')
        return super().term_for(value)


@field_type("float")
class Float(Double):
    """32 bits, finite."""

    def rounded(self, exact: float) -> float:
        return _through("f", exact)

    def format(self, value: Any, pattern: str | None = None, time_zone: str | None = None) -> Any:
        return value


@field_type("half_float")
class HalfFloat(Double):
    """16 bits, finite."""

    def rounded(self, exact: float) -> float:
        return _through("e", exact)


@field_type("scaled_float")
class ScaledFloat(Double):
    """A number kept as a whole one, times ``scaling_factor``."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {**_NUMBER_PARAMETERS, "scaling_factor": None}

    def prepare(self, analysis: Analyzers) -> None:
        factor = self.parameter("scaling_factor")
        if factor is None:
            raise illegal_argument("Field [scaling_factor] is required")
        try:
            self.factor = float(str(factor))
        except ValueError:
            raise illegal_argument(f'For input string: "{factor}"') from None
        if not (self.factor > 0 and math.isfinite(self.factor)):
            raise illegal_argument(f"[scaling_factor] must be a positive number, got [{factor}]")
        super().prepare(analysis)

    def rounded(self, exact: float) -> float:
        scaled = exact * self.factor
        return self._value(math.floor(scaled + 0.5)) if math.isfinite(scaled) else scaled

    def bound(self, value: Any, *, round_up: bool = False, now: int = 0, **options: Any) -> Any:
        try:
            exact = self._float(value) * self.factor
        except ValueProblem as problem:
            raise problem.as_error() from None
        if not math.isfinite(exact):
            return exact
        return self._value(math.ceil(exact) if round_up else math.floor(exact))

    def _value(self, stored: int) -> float:
        # By the reciprocal, as a real node does: the last digits differ from a division's.
        return stored * (1 / self.factor)


def _through(code: str, exact: float) -> float:
    try:
        return float(struct.unpack(code, struct.pack(code, exact))[0])
    except OverflowError:
        return math.copysign(math.inf, exact)


def _java_float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return str(value).replace("inf", "Infinity")


def _java(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _not_numeric(token: str) -> ValueProblem:
    reason = f"Current token ({token}) not numeric, cannot use numeric value accessors"
    return ValueProblem(
        "input_coercion_exception", reason, {"type": "input_coercion_exception", "reason": reason}
    )
