"""How numbers are written in answers."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

from ..errors import illegal_argument
from ..queries.base import f32

_GREATEST = 3.4028234663852886e38  # of 32-bit floats


def shown_score(score: float) -> float:
    """The shortest number that a 32-bit float is nearest to: how Java writes scores."""
    score = max(-_GREATEST, min(score, _GREATEST))
    if score == int(score) and abs(score) < 1e7:
        return float(score)
    for digits in (6, 7, 8, 9):
        text = f"{score:.{digits}g}"
        if f32(float(text)) == score:
            return float(text)
    return score


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> tuple[str, str, int, int, int, bool, bool]:
    found = re.fullmatch(r"([^#0.,]*)([#,0]*)(?:\.([0#]*))?(%?)([^#0]*)", pattern.partition(";")[0])
    if found is None or not (found[2] or found[3]):
        raise illegal_argument(f'Malformed pattern "{pattern}"')
    whole, fraction = found[2], found[3] or ""
    least_whole = whole.count("0")
    return (
        found[1].replace("'", ""),
        found[4] + found[5].replace("'", ""),
        least_whole,
        fraction.count("0"),
        len(fraction),
        "," in whole,
        found[4] == "%",
    )


def decimal_format(value: float, pattern: str) -> str:
    """A number as Java's DecimalFormat writes it: ``#,##0.00`` and so on."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "\u221e" if value > 0 else "-\u221e"
    before, after, least_whole, least, most, grouped, percent = _pattern(pattern)
    number = Decimal(repr(value)) * (100 if percent else 1)
    rounded = abs(number).quantize(Decimal(1).scaleb(-most), ROUND_HALF_EVEN)
    whole, _, fraction = f"{rounded:f}".partition(".")
    whole = whole.lstrip("0").zfill(least_whole)
    while len(fraction) > least and fraction.endswith("0"):
        fraction = fraction[:-1]
    if grouped and whole:
        whole = f"{int(whole):,}"
    if not whole and not fraction:
        whole = "0"
    sign = "-" if number < 0 and (int(whole or 0) or fraction.strip("0")) else ""
    return sign + before + whole + (f".{fraction}" if fraction else "") + after


def field_format(field: Any, value: Any, pattern: str | None, zone: str | None = None) -> Any:
    """A doc value as answers show it, with the format that a request asks for."""
    if pattern is not None and isinstance(value, (int, float)) and field.type not in (
        "date", "boolean",
    ):  # fmt: skip
        return decimal_format(value, pattern)
    return field.format(value, pattern, zone)
