"""Values of JSON as OpenSearch's messages and text fields write them."""

from __future__ import annotations

from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument


def as_text(value: Any) -> str:
    """Return a scalar of the source as a text field indexes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    return str(value)


def preview(value: Any) -> str:
    """Return a value as Java's maps and lists print themselves."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={preview(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(preview(each) for each in value) + "]"
    return "null" if value is None else as_text(value)


def _java_double(value: float) -> str:
    if 1e-3 <= abs(value) < 1e7 or value == 0:
        text = repr(value)
        return text if "e" not in text else f"{value:f}"
    text = repr(value) if "e" in repr(value) else f"{value:e}"
    if text in ("inf", "-inf", "nan"):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[text]
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.rstrip("0") if "." in mantissa else f"{mantissa}."
    mantissa = f"{mantissa}0" if mantissa.endswith(".") else mantissa
    return f"{mantissa}E{int(exponent)}"


def boolean_parameter(value: Any, name: str | None = None) -> bool:
    """Return a boolean of a definition, which may be written as a text.

    Raises:
        ApiError: it is none.
    """
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    problem = illegal_argument(
        f"Failed to parse value [{as_text(value)}] as only [true] or [false] are allowed."
    )
    if name is None:
        raise problem
    raise illegal_argument(f"Could not convert [{name}] to boolean", problem.cause())


def mapping_problem(problem: ApiError) -> ApiError:
    """Return a problem of a definition as the index APIs tell it."""
    told = problem.reason or ""
    if problem.kind == "mapper_parsing_exception" and told.startswith("Failed to parse mapping"):
        return problem
    reason = f"Failed to parse mapping [_doc]: {told}"
    is_inner = problem.kind == "mapper_parsing_exception"
    root = told if is_inner else reason
    return ApiError(
        400,
        "mapper_parsing_exception",
        reason,
        root_cause=[{"type": "mapper_parsing_exception", "reason": root}],
        caused_by=problem.cause(),
    )
