"""Highlighting: where in a text a query matches."""

from __future__ import annotations

from .highlight import Highlight, highlighted, parse_highlight

__all__ = ["Highlight", "highlighted", "parse_highlight"]
