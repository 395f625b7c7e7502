"""Aggregations that give figures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..errors import illegal_argument, parsing_error, unsupported
from ..plain import plain
from ..search.numbers import decimal_format
from .base import Aggregation, Options, Result, Run, Slice, aggregation
from .digest import Digest
from .values import Source


def as_text(field: Any, value: float, pattern: str | None) -> str | None:
    """How a figure of a field is shown besides its number; None where it is not."""
    if field is None or value is None:
        return None
    if field.type == "date":
        # As Java makes a whole number of another one.
        whole = 0 if math.isnan(value) else int(max(-(2.0**63), min(value, 2.0**63)))
        return str(field.format(max(-(2**63), min(whole, 2**63 - 1)), pattern))
    if pattern is not None:
        return decimal_format(value, pattern) if math.isfinite(value) else "NaN"
    if field.type == "boolean":
        return "true" if value else "false"
    return None


def exact_sum(values: list[Any]) -> float:
    """Lucene's compensated sum."""
    total = rest = 0.0
    for value in values:
        corrected = value + rest
        updated = total + corrected
        rest = corrected - (updated - total)
        total = updated
    return float(total)


@plain
class Single(Aggregation):
    """One figure."""

    source: Source
    compute: Callable[[list[Any]], float | None]
    format: str | None
    is_count: bool = False
    typed: str = ""

    def run(self, slices: list[Slice], run: Run) -> Result:
        field = self.source.field(run)
        found = self.compute(list(self.source.each(slices)))
        if self.is_count:
            return {"value": found}
        value = None if found is None else float(found)
        result: Result = {"value": value}
        text = None if value is None else as_text(field, value, self.format)
        if text is not None:
            result["value_as_string"] = text
        return result


def _single(kind: str, compute: Callable[[list[Any]], float | None]) -> None:
    @aggregation(kind)
    def make(name: str, options: Options) -> Aggregation:
        pattern = options.text("format")
        return Single(Source(options, numeric=True), compute, pattern)


_single("avg", lambda values: exact_sum(values) / len(values) if values else None)
_single("sum", lambda values: exact_sum(values))
_single("min", lambda values: min(values) if values else None)
_single("max", lambda values: max(values) if values else None)


@aggregation("value_count")
def value_count(name: str, options: Options) -> Aggregation:
    options.text("format")
    return Single(Source(options), len, None, is_count=True)


@aggregation("cardinality")
def cardinality(name: str, options: Options) -> Aggregation:
    options.integer("precision_threshold", 3000)
    options.get("execution_hint")
    return Single(Source(options), lambda values: len(set(values)), None, is_count=True)


@plain
class Stats(Aggregation):
    source: Source
    format: str | None
    extended: bool
    sigma: float
    typed: str = ""

    def run(self, slices: list[Slice], run: Run) -> Result:
        field = self.source.field(run)
        values = [float(value) for value in self.source.each(slices)]
        count = len(values)
        added = exact_sum(values)
        result: Result = {
            "count": count,
            "min": min(values) if values else None,
            "max": max(values) if values else None,
            "avg": added / count if values else None,
            "sum": added,
        }
        if self.extended:
            result.update(self._extended(values, added))
        if values:
            for key, figure in list(result.items()):
                if key == "std_deviation_bounds":
                    texts = {name: self._text(field, each) for name, each in figure.items()}
                    if None not in texts.values():
                        result[f"{key}_as_string"] = texts
                elif key != "count":
                    text = self._text(field, figure)
                    if field is not None and field.type == "boolean" and key[:3] != "std":
                        result[f"{key}_as_string"] = text == "true"  # JSON's own
                    elif text is not None:
                        result[f"{key}_as_string"] = text
        return result

    def _text(self, field: Any, figure: float | str | None) -> str | None:
        return None if figure is None else as_text(field, float(figure), self.format)

    def _extended(self, values: list[float], added: float) -> Result:
        count = len(values)
        squares = exact_sum([value * value for value in values])
        names = (
            "variance", "variance_population", "variance_sampling", "std_deviation",
            "std_deviation_population", "std_deviation_sampling",
        )  # fmt: skip
        bounds = ("upper", "lower", "upper_population", "lower_population", "upper_sampling",
                  "lower_sampling")  # fmt: skip
        if not values:
            return {
                "sum_of_squares": None,
                **dict.fromkeys(names),
                "std_deviation_bounds": dict.fromkeys(bounds),
            }
        mean = added / count
        variance = max(0.0, (squares - added * added / count) / count)
        sampling = max(0.0, (squares - added * added / count) / (count - 1)) if count > 1 else None
        deviation = math.sqrt(variance)
        sampled = None if sampling is None else math.sqrt(sampling)
        spread = deviation * self.sigma
        wide = None if sampled is None else sampled * self.sigma
        nan: Any = "NaN"
        limits = (
            mean + spread,
            mean - spread,
            mean + spread,
            mean - spread,
            nan if wide is None else mean + wide,
            nan if wide is None else mean - wide,
        )
        figures = (
            variance,
            variance,
            nan if sampling is None else sampling,
            deviation,
            deviation,
            nan if sampled is None else sampled,
        )
        return {
            "sum_of_squares": squares,
            **dict(zip(names, figures, strict=True)),
            "std_deviation_bounds": dict(zip(bounds, limits, strict=True)),
        }


@aggregation("stats")
def stats(name: str, options: Options) -> Aggregation:
    return Stats(Source(options, numeric=True), options.text("format"), False, 2.0)


@aggregation("extended_stats")
def extended_stats(name: str, options: Options) -> Aggregation:
    sigma = float(options.get("sigma", 2.0))
    if sigma < 0:
        raise illegal_argument(
            f"[sigma] must be greater than or equal to 0. Found [{sigma}] in [{name}]"
        )
    return Stats(Source(options, numeric=True), options.text("format"), True, sigma)


DEFAULT_PERCENTS = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)


@plain
class Percentiles(Aggregation):
    """Quantiles, or the shares of all values that are below some."""

    source: Source
    percents: tuple[float, ...]
    keyed: bool
    format: str | None
    ranks: bool
    compression: float
    typed: str = ""

    def run(self, slices: list[Slice], run: Run) -> Result:
        field = self.source.field(run)
        digest = Digest(map(float, self.source.each(slices)), self.compression)
        found: list[tuple[float, float | None]] = [(each, None) for each in self.percents]
        if digest.total:
            found = [
                (each, digest.share(each) * 100 if self.ranks else digest.quantile(each / 100))
                for each in self.percents
            ]
        if self.keyed:
            result: Result = {}
            for percent, value in found:
                result[str(percent)] = value
                text = None if value is None else as_text(field, value, self.format)
                if text is not None:
                    result[f"{percent}_as_string"] = text
            return {"values": result}
        listed = []
        for percent, value in found:
            one: Result = {"key": percent, "value": value}
            text = None if value is None else as_text(field, value, self.format)
            if text is not None:
                one["value_as_string"] = text
            listed.append(one)
        return {"values": listed}

    def value(self, result: Result, path: str) -> Any:
        found = result["values"]
        if isinstance(found, dict):
            return found.get(str(float(path)) if path else "")
        return next((one["value"] for one in found if str(one["key"]) == path), None)


def _percentiles(options: Options, ranks: bool) -> Percentiles:
    name = "values" if ranks else "percents"
    given = options.get(name, None if ranks else list(DEFAULT_PERCENTS))
    if not given:
        raise illegal_argument(f"[{name}] must not be empty: [{options.name}]")
    tdigest = options.get("tdigest")
    compression = 100.0
    if tdigest is not None:
        if not isinstance(tdigest, dict):
            raise parsing_error(f"[{options.kind}] [tdigest] must be an object")
        compression = max(10.0, float(tdigest.get("compression", 100)))
        for key in tdigest:
            if key not in ("compression", "execution_hint"):
                raise unsupported(f"[{key}] of [tdigest]")
    if options.has("hdr"):
        raise unsupported(f"[hdr] of [{options.kind}]")
    percents = tuple(sorted(float(one) for one in given))
    if not ranks and not all(0 <= percent <= 100 for percent in percents):
        raise illegal_argument("percent must be in [0,100], got [" + str(percents) + "]")
    return Percentiles(
        Source(options, numeric=True),
        percents,
        options.flag("keyed", True),
        options.text("format"),
        ranks,
        compression,
        "tdigest_percentile_ranks" if ranks else "tdigest_percentiles",
    )


@aggregation("percentiles")
def percentiles(name: str, options: Options) -> Aggregation:
    return _percentiles(options, False)


@aggregation("percentile_ranks")
def percentile_ranks(name: str, options: Options) -> Aggregation:
    return _percentiles(options, True)
