"""Scores changed by functions of a document."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..plain import plain
from .base import Body, Context, Query, as_set, f32, parse, query
from .distance import haversine, meters
from .geo import place
from .hashing import fraction, murmur3, salted, seed_number
from .leaf import MatchAll

Value = Callable[[int, float], float]  # ordinal, score -> the function's value


class Function:
    """One function; `bind` gives it for an index."""

    filter: Query | None = None
    weight: float | None = None

    def bind(self, context: Context) -> Value:
        return lambda ordinal, score: 1.0


_MODIFIERS: dict[str, Callable[[float], float]] = {
    "none": lambda v: v,
    "log": math.log10,
    "log1p": lambda v: math.log10(v + 1),
    "log2p": lambda v: math.log10(v + 2),
    "ln": math.log,
    "ln1p": math.log1p,
    "ln2p": lambda v: math.log(v + 2),
    "square": lambda v: v * v,
    "sqrt": math.sqrt,
    "reciprocal": lambda v: 1 / v,
}


@plain
class FieldValueFactor(Function):
    field: str
    factor: float
    modifier: str
    missing: float | None

    def bind(self, context: Context) -> Value:
        found = context.field(self.field)
        if found is None and self.missing is None:
            reason = f"Unable to find a field mapper for field [{self.field}]."
            raise ApiError(400, "exception", f"{reason} No 'missing' value defined.")
        values = {} if found is None else context.reader.values(found.name)
        change = _MODIFIERS[self.modifier]

        def value(ordinal: int, score: float) -> float:
            stored = values.get(ordinal)
            if not stored:
                if self.missing is None:
                    raise ApiError(400, "exception", f"Missing value for field [{self.field}]")
                number = self.missing
            else:
                number = float(stored[0])
            try:
                result = change(number * f32(self.factor))
            except (ValueError, ZeroDivisionError):
                result = math.nan
            if math.isnan(result) or result < 0:
                raise illegal_argument(
                    f"field value function must not produce negative scores, but got: [{result}]"
                    f" for field value: [{number}]"
                )
            return result

        return value


@plain
class RandomScore(Function):
    seed: int
    field: str

    def bind(self, context: Context) -> Value:
        seed = salted(self.seed, context.reader.index)
        shown: Callable[[int], list[Any]]
        if self.field in ("_id", "_seq_no"):
            member = "id" if self.field == "_id" else "seq_no"
            shown = lambda ordinal: [  # noqa: E731
                getattr(context.reader.document(context.reader.root(ordinal)), member)
            ]
        else:
            values = context.reader.values(self.field)
            shown = lambda ordinal: list(values.get(ordinal, ()))[:1]  # noqa: E731

        def value(ordinal: int, score: float) -> float:
            found = shown(ordinal)
            return fraction(murmur3(str(found[0]).encode(), seed) if found else seed)

        return value


_TIME = re.compile(r"(-?\d+(?:\.\d+)?)\s*(nanos|micros|ms|s|m|h|d)")
_TIME_UNITS = {"nanos": 1e-6, "micros": 1e-3, "ms": 1, "s": 1e3, "m": 6e4, "h": 36e5, "d": 864e5}


def milliseconds(value: Any, name: str) -> float:
    """The length of a time such as ``10d``."""
    found = _TIME.fullmatch(str(value).strip())
    if found is None:
        raise illegal_argument(
            f"failed to parse setting [{name}] with value [{value}] as a time value: unit is"
            " missing or unrecognized"
        )
    return float(found[1]) * _TIME_UNITS[found[2]]


@plain
class Decay(Function):
    kind: str
    field: str
    origin: Any
    scale: Any
    offset: Any
    decay: float
    mode: str

    def bind(self, context: Context) -> Value:
        found = context.field(self.field)
        if found is None:
            raise parsing_error(f"unknown field [{self.field}]")
        values = context.reader.values(found.name)
        distance, scale, offset = self._measures(context, found)
        if scale <= 0:
            raise illegal_argument(f"{self.kind.upper()} scale must be > 0.0.")
        shape = self._shape(scale)
        pick: Callable[[list[float]], float] = {
            "min": lambda some: float(min(some)),
            "max": lambda some: float(max(some)),
            "avg": lambda some: sum(some) / len(some),
            "sum": lambda some: float(sum(some)),
        }[self.mode]

        def value(ordinal: int, score: float) -> float:
            stored = values.get(ordinal)
            if not stored:
                return 1.0
            return shape(pick([max(0.0, distance(one) - offset) for one in stored]))

        return value

    def _measures(
        self, context: Context, found: Any
    ) -> tuple[Callable[[Any], float], float, float]:
        if found.type == "geo_point":
            if self.origin is None:
                raise ApiError(
                    400, "parse_exception", "origin and scale must be set for geo fields."
                )
            origin = place(self.origin)
            return (
                lambda one: haversine(one, origin),
                meters(self.scale),
                meters(self.offset or 0),
            )
        if found.type == "date":
            start = context.now
            if self.origin is not None:
                start = found.bound(self.origin, now=context.now)
            offset = milliseconds(self.offset, "offset") if self.offset else 0.0
            return (
                lambda one: abs(float(one) - start),
                milliseconds(self.scale, "scale"),
                offset,
            )
        if found.type in ("text", "keyword", "boolean", "ip"):
            raise parsing_error(
                f"field [{self.field}] is of type [{found.type}], but only numeric types are"
                " supported."
            )
        if self.origin is None:
            raise ApiError(
                400,
                "parse_exception",
                "both [origin] and [scale] must be set for numeric fields.",
            )
        try:
            number, scale, offset = map(float, (self.origin, self.scale, self.offset or 0))
        except (TypeError, ValueError):
            raise parsing_error(
                f"[{self.kind}] of [{self.field}] needs numbers for [origin], [scale] and [offset]"
            ) from None
        return lambda one: abs(one - number), scale, offset

    def _shape(self, scale: float) -> Callable[[float], float]:
        if self.kind == "gauss":
            spread = 0.5 * scale**2 / math.log(self.decay)
            return lambda distance: math.exp(0.5 * distance**2 / spread)
        if self.kind == "exp":
            rate = math.log(self.decay) / scale
            return lambda distance: math.exp(rate * distance)
        width = scale / (1 - self.decay)
        return lambda distance: max(0.0, (width - distance) / width)


def _decay(kind: str, body: Any) -> Function:
    if not isinstance(body, dict):
        raise parsing_error(f"[{kind}] malformed")
    members = Body(kind, body)
    mode = members.choice("multi_value_mode", "min", "min", "max", "avg", "sum")
    names = [name for name in body if name != "multi_value_mode"]
    if len(names) != 1 or not isinstance(body[names[0]], dict):
        raise parsing_error(f"malformed score function score parameters for [{kind}]")
    inner = Body(kind, body[names[0]])
    if inner.get("scale") is None:
        raise ApiError(400, "parse_exception", "both [origin] and [scale] must be set")
    made = Decay(
        kind,
        names[0],
        inner.get("origin"),
        inner.get("scale"),
        inner.get("offset"),
        inner.number("decay", 0.5),
        mode,
    )
    if not 0 < made.decay < 1:
        raise illegal_argument(f"{kind.upper()} decay must be in the range (0..1).")
    inner.close(MatchAll())
    return made


def _field_value_factor(body: Mapping[str, Any]) -> Function:
    members = Body("field_value_factor", body)
    missing = members.number("missing", 0.0) if members.get("missing") is not None else None
    made = FieldValueFactor(
        members.text("field"),
        members.number("factor", 1.0),
        members.choice("modifier", "none", *_MODIFIERS),
        missing,
    )
    members.close(MatchAll())
    return made


def _random_score(body: Mapping[str, Any]) -> Function:
    members = Body("random_score", body)
    seed = members.get("seed", 0)
    if isinstance(seed, (bool, float, list, dict)):
        raise parsing_error("random_score seed must be an int, long or string")
    made = RandomScore(seed_number(seed), str(members.get("field", "_id")))
    members.close(MatchAll())
    return made


_FUNCTIONS: dict[str, Callable[[Any], Function]] = {
    "field_value_factor": _field_value_factor,
    "random_score": _random_score,
    "gauss": lambda body: _decay("gauss", body),
    "exp": lambda body: _decay("exp", body),
    "linear": lambda body: _decay("linear", body),
}


@plain
class FunctionScore(Query):
    inner: Query
    functions: list[Function]
    score_mode: str = "multiply"
    boost_mode: str = "multiply"
    max_boost: float = 3.4028234663852886e38
    min_score: float | None = None
    kept: list[Query] = field(default_factory=list)

    def parts(self) -> Iterable[Query]:
        return [self.inner]

    def docs(self, context: Context) -> Collection[int]:
        if self.min_score is None:
            return self.inner.docs(context)
        return self.scores(context).keys()

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        found = self.inner.scores(context, boost * self.boost)
        bound = [
            (
                None if one.filter is None else as_set(one.filter.docs(context)),
                one.weight,
                one.bind(context),
            )
            for one in self.functions
        ]
        result = {}
        for ordinal, score in found.items():
            values = [
                (value(ordinal, score) * (1.0 if weight is None else f32(weight)), weight)
                for docs, weight, value in bound
                if docs is None or ordinal in docs
            ]
            factor = self._joined(values) if values or not bound else 1.0
            final = f32(self._boosted(score, min(factor, self.max_boost), bool(values)))
            if self.min_score is None or final >= self.min_score:
                result[ordinal] = final
        return result

    def _joined(self, values: list[tuple[float, float | None]]) -> float:
        numbers = [value for value, _ in values]
        if not numbers:
            return 1.0
        if self.score_mode == "multiply":
            return math.prod(numbers)
        if self.score_mode == "sum":
            return sum(numbers)
        if self.score_mode == "avg":
            weights = sum(1.0 if weight is None else weight for _, weight in values)
            return sum(numbers) / weights if weights else 1.0
        if self.score_mode == "first":
            return numbers[0]
        return max(numbers) if self.score_mode == "max" else min(numbers)

    def _boosted(self, score: float, factor: float, matched: bool) -> float:
        if self.boost_mode == "multiply":
            return score * factor
        if self.boost_mode == "replace":
            return factor
        if self.boost_mode == "sum":
            return score + factor
        if self.boost_mode == "avg":
            return (score + factor) / 2
        return max(score, factor) if self.boost_mode == "max" else min(score, factor)


def _function(body: Any) -> Function:
    if not isinstance(body, dict):
        raise parsing_error("failed to parse [function_score] query. malformed function")
    made: Function | None = None
    for name, value in body.items():
        if name in ("filter", "weight"):
            continue
        if name == "script_score":
            raise unsupported("[script_score] of [function_score]")
        if name not in _FUNCTIONS:
            raise parsing_error(
                f"unknown function [{name}]" if isinstance(value, dict)
                else f"failed to parse [function_score] query. field [{name}] is not supported"
            )  # fmt: skip
        if made is not None:
            raise parsing_error(
                "failed to parse function_score functions. already found a function, now"
                f" encountering [{name}]."
            )
        made = _FUNCTIONS[name](value)
    if made is None:
        if "weight" not in body:
            raise parsing_error("an entry in functions list is missing a function.")
        made = Function()
    if "weight" in body:
        made.weight = Body("function_score", body).number("weight", 1.0)
    if "filter" in body:
        made.filter = parse(body["filter"])
    return made


@query("function_score")
def function_score(body: Mapping[str, Any]) -> Query:
    members = Body("function_score", body)
    inner = members.get("query")
    listed = members.get("functions")
    single = {
        name: members.get(name)
        for name in (*_FUNCTIONS, "weight", "script_score")
        if members.has(name)
    }
    if listed is not None and single:
        raise parsing_error(
            "failed to parse [function_score] query. already found [functions] array, now"
            f" encountering [{next(iter(single))}]."
        )
    functions = [_function(one) for one in listed or []]
    if single:
        functions = [_function(single)]
    least = members.number("min_score", 0.0) if members.get("min_score") is not None else None
    made = FunctionScore(
        parse(inner) if inner is not None else MatchAll(),
        functions,
        members.choice("score_mode", "multiply", "multiply", "sum", "avg", "first", "max", "min"),
        members.choice("boost_mode", "multiply", "multiply", "replace", "sum", "avg", "max", "min"),
        members.number("max_boost", 3.4028234663852886e38),
        least,
    )
    members.close(made)
    return made
