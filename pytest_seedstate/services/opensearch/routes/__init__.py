"""The APIs, one module per family, each route registered with its method and path."""

from __future__ import annotations

from importlib import import_module

_FAMILIES = (
    "routes.aliases",
    "routes.bulk",
    "routes.cat",
    "routes.cluster",
    "routes.documents",
    "routes.indices",
    "routes.ingest",
    "routes.maintenance",
    "routes.mappings",
    "routes.nodes",
    "routes.templates",
    "routes.updates",
    "search.routes",
)


def load() -> None:
    """Register all routes."""
    package = __name__.rpartition(".")[0]
    for family in _FAMILIES:
        import_module(f"{package}.{family}")
