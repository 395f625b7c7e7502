"""Text to tokens: character filters, tokenizers, token filters, and analyzers made of them."""

from __future__ import annotations

from .registry import Analyzers, registry
from .tokens import Analyzer, Token

__all__ = ["Analyzer", "Analyzers", "Token", "registry"]
