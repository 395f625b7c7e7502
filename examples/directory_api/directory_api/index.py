"""The search index: what a profile looks like in it, and the worker that keeps it up to date."""

from typing import Any

from opensearchpy import NotFoundError, OpenSearch
from psycopg import Cursor

from directory_api import outbox, settings, storage

client = OpenSearch(settings.OPENSEARCH_URL)

PRIVATE = {"contactInfo", "styleMetadata"}
"""What nobody shall find artists by, and what `document` gives another shape."""

REBUILDING = 20_261
"""Advisory lock: shared by those who write single documents, exclusive for a rebuild."""


def put(cursor: Cursor[dict[str, Any]], artist_id: str) -> None:
    """Leave word in a transaction that an artist's profile is not what it was."""
    outbox.put(cursor, "index", {"artistId": artist_id})


def publish(cursor: Cursor[dict[str, Any]], payload: dict[str, Any]) -> None:
    """Make the index say what the table says about an artist now: nothing, if there is none.

    Raises:
        ConflictError: somebody else wrote the document meanwhile, maybe from a newer profile.
        NotFoundError: there is no index; writing would make one that knows no mapping.
    """
    artist_id = payload["artistId"]
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (REBUILDING,))
    known = _version(artist_id)  # before the profile is read, so that a newer one conflicts
    profile = storage.get(f"ARTIST#{artist_id}")
    if profile is not None:
        client.index(
            index=settings.ARTISTS_INDEX,
            id=artist_id,
            body=document(profile, style_names(profile["styles"])),
            params=known or {"op_type": "create"},
        )
    elif known:
        client.delete(index=settings.ARTISTS_INDEX, id=artist_id, params=known)


def document(profile: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A profile item as a document.

    Args:
        profile: the item.
        names: what its styles are called, by their ids.
    """
    shown = storage.plain(profile)
    address = shown["tattooStudio"]["address"]
    slots = [slot.replace("+00:00", "Z") for slot in shown["availability"]["bookingSlots"]]
    return {
        **{name: value for name, value in shown.items() if name not in PRIVATE},
        "availability": {**shown["availability"], "bookingSlots": slots},
        "location": {"lat": address["latitude"], "lon": address["longitude"]},
        "styleNames": [names[style] for style in shown["styles"]],
        "styleDetails": [
            {"styleId": style, **shown["styleMetadata"][style]} for style in shown["styles"]
        ],
        "imageCount": len(shown["portfolioImages"]),
    }


def style_names(styles: list[str]) -> dict[str, str]:
    """The names of styles by their ids; a style that is not described is called by its id."""
    described = {style: storage.get(f"STYLE#{style}") for style in styles}
    return {style: about["styleName"] if about else style for style, about in described.items()}


def _version(artist_id: str) -> dict[str, Any]:
    try:
        found = client.get(index=settings.ARTISTS_INDEX, id=artist_id, params={"_source": "false"})
    except NotFoundError as error:
        if error.error == "index_not_found_exception":
            raise
        return {}
    return {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
