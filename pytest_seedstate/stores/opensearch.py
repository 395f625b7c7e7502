"""The OpenSearch store's kind of entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OpenSearchDocument:
    """A document to be indexed.

    Attributes:
        id: its id in the index.
        source: its body, in types that JSON has.
    """

    id: str
    source: Mapping[str, Any]

    def canonical_form(self) -> Mapping[str, Any]:
        """What identifies it: all it has."""
        return {"id": self.id, "source": self.source}
