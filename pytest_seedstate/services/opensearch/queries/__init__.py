"""Queries: which documents match, and how well."""

from __future__ import annotations

from . import (  # noqa: F401  # they register
    compound,
    function_score,
    geo,
    leaf,
    match,
    multi_match,
    multi_term,
    nested,
    query_string,
    simple_query_string,
)
from .base import Context, Query, parse, parse_optional, walk

__all__ = ["Context", "Query", "parse", "parse_optional", "walk"]
