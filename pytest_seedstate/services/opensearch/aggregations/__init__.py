"""Aggregations: figures and groups of the documents found."""

from __future__ import annotations

from . import bucket, composite, histogram, metrics, pipeline, ranges, terms  # noqa: F401
from .base import AnyAggregation, Slice, parse_aggregations, run_aggregations

__all__ = ["AnyAggregation", "Slice", "parse_aggregations", "run_aggregations"]
