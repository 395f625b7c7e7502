"""How an artist looks in the search index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_seedstate import Document

from .parts import StyleMetadata
from .styles import STYLES

INDEX = "artists"

ARTIST_DOCUMENT = Document(
    INDEX,
    id="{artist_id}",
    # Whoever searches shall not find artists by their telephone numbers; and an object whose
    # keys are styles would be one more field of the index for each style.
    exclude=("contact_info", "style_metadata"),
    extra={
        "location": {"lat": "{latitude}", "lon": "{longitude}"},
        "styleNames": "{style_names}",
        "styleDetails": "{style_details}",
        "imageCount": "{image_count}",
    },
)
"""The profile without what is private, and what makes it searchable by place, style and words."""


def style_names(styles: Iterable[str]) -> tuple[str, ...]:
    """Styles as people write them, e.g. ``Neo-Traditional``."""
    return tuple(STYLES[style].name for style in styles)


def style_details(metadata: Mapping[str, StyleMetadata]) -> tuple[dict[str, Any], ...]:
    """What marks each style, with its id, so that styles can be asked for one by one."""
    return tuple(
        {"styleId": style, **about.model_dump(by_alias=True)} for style, about in metadata.items()
    )
