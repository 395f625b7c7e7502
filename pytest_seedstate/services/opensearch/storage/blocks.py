"""Blocks: settings by which an index refuses reads or writes."""

from __future__ import annotations

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.storage.index import Index

_BLOCKS = {
    "read_only": ("5", "index read-only (api)"),
    "read": ("7", "index read (api)"),
    "write": ("8", "index write (api)"),
    "metadata": ("9", "index metadata (api)"),
    "read_only_allow_delete": (
        "12",
        "disk usage exceeded flood-stage watermark, index has read-only-allow-delete block",
    ),
}


def check_blocks(index: Index, *kinds: str) -> None:
    """Check that an index does not block what a request does.

    Args:
        index: the index.
        kinds: settings below ``index.blocks`` that would.

    Raises:
        ApiError: one of them is set.
    """
    for kind in kinds:
        if index.settings.get(f"index.blocks.{kind}") == "true":
            number, told = _BLOCKS[kind]
            raise ApiError(
                403,
                "cluster_block_exception",
                f"index [{index.name}] blocked by: [FORBIDDEN/{number}/{told}];",
            )
