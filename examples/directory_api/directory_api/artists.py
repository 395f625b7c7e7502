"""Artists: found by style and place, shown, changed, and forgotten when they leave."""

from decimal import Decimal
from typing import Annotated, Any

from boto3.dynamodb.conditions import Key
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from directory_api import db, index, settings, storage
from directory_api.problems import not_found

router = APIRouter(prefix="/v1/artists", tags=["artists"])

STATUS_OF = {None: None, True: "Booking now", False: "Books closed"}

Geohash = Annotated[str, Query(pattern="^[0-9b-hjkmnp-z]{4,9}$")]


class ArtistPatch(BaseModel):
    """What artists change about themselves."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    bio: str | None = Field(None, min_length=1, max_length=2000)
    hourly_rate: Decimal | None = Field(None, ge=80, le=250, decimal_places=2)
    booking_open: bool | None = None


@router.get("")
def search(
    style: str | None = None,
    near: Geohash | None = None,
    min_rating: Annotated[Decimal | None, Query(alias="minRating", ge=1, le=5)] = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Artists of a style (best first), near a place, or all of them by id."""
    if near is not None:
        found = _near(near)
        if style is not None:
            found = [artist for artist in found if style in artist["styles"]]
    elif style is not None:
        found = _of_style(style)
    else:
        found = _all(after)
    shown = [
        artist
        for artist in found
        if not artist["opted_out"] and (min_rating is None or artist["rating"] >= min_rating)
    ]
    return {
        "total": len(shown),
        "artists": [storage.plain(artist) for artist in shown[:limit]],
    }


@router.get("/{artist_id}")
def show(artist_id: str) -> Any:
    return storage.plain(profile(artist_id))


@router.patch("/{artist_id}")
def change(artist_id: str, patch: ArtistPatch) -> Any:
    """Change the row and, in its transaction, the profile; the search index follows."""
    profile(artist_id)
    with db.transaction() as cursor:
        cursor.execute(
            "UPDATE artists SET hourly_rate = coalesce(%s, hourly_rate),"
            " booking_open = coalesce(%s, booking_open) WHERE id = %s",
            (patch.hourly_rate, patch.booking_open, artist_id),
        )
        values = {
            ("bio",): patch.bio,
            ("pricing", "hourlyRate"): patch.hourly_rate,
            ("availability", "bookingOpen"): patch.booking_open,
            ("availability", "status"): STATUS_OF.get(patch.booking_open),
        }
        changed = set_attributes(
            f"ARTIST#{artist_id}",
            {path: value for path, value in values.items() if value is not None},
        )
        index.put(cursor, artist_id)
    return storage.plain(changed)


@router.delete("/{artist_id}", status_code=204)
def leave(artist_id: str) -> Response:
    """Forget an artist everywhere: bookings, reviews, profile and pictures."""
    artist = profile(artist_id)
    with db.transaction() as cursor:
        cursor.execute("DELETE FROM reviews WHERE artist_id = %s", (artist_id,))
        cursor.execute("DELETE FROM bookings WHERE artist_id = %s", (artist_id,))
        cursor.execute("DELETE FROM artists WHERE id = %s", (artist_id,))
        for image in storage.under(f"ARTIST#{artist_id}", "IMAGE#"):
            storage.s3.delete_object(Bucket=settings.IMAGES_BUCKET, Key=image["s3Key"])
        with storage.directory.batch_writer() as batch:
            for item in storage.under(f"ARTIST#{artist_id}"):
                batch.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        studio_key = f"STUDIO#{artist['tattooStudio']['studioId']}"
        studio = storage.get(studio_key)
        if studio is not None:
            remaining = [other for other in studio["artists"] if other != artist_id]
            set_attributes(studio_key, {("artists",): remaining})
        index.put(cursor, artist_id)
    return Response(status_code=204)


def profile(artist_id: str) -> dict[str, Any]:
    """An artist's profile item.

    Raises:
        ProblemError: there is no such artist.
    """
    found = storage.get(f"ARTIST#{artist_id}")
    if found is None:
        raise not_found("artist", artist_id)
    return found


def set_attributes(pk: str, values: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    """Set attributes of a profile item by their paths, and return the item."""
    names: dict[str, str] = {}
    assignments, placeholders = [], {}
    for number, (path, value) in enumerate(values.items()):
        steps = [f"#n{number}_{depth}" for depth in range(len(path))]
        names.update(zip(steps, path, strict=True))
        assignments.append(f"{'.'.join(steps)} = :v{number}")
        placeholders[f":v{number}"] = value
    if not assignments:
        return storage.get(pk) or {}
    updated: dict[str, Any] = storage.directory.update_item(
        Key={"pk": pk, "sk": "PROFILE"},
        UpdateExpression=f"SET {', '.join(assignments)}",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=placeholders,
        ReturnValues="ALL_NEW",
    )["Attributes"]
    return updated


def _all(after: str | None) -> list[dict[str, Any]]:
    condition = Key("entityType").eq("artist") & Key("pk").gt(f"ARTIST#{after or ''}")
    return storage.query(condition, IndexName="entity-index")


def _of_style(style: str) -> list[dict[str, Any]]:
    ranked = storage.query(
        Key("styleKey").eq(f"STYLE#{style}"), IndexName="style-index", ScanIndexForward=False
    )
    profiles = (storage.get(entry["pk"]) for entry in ranked)
    return [artist for artist in profiles if artist is not None]


def _near(geohash: str) -> list[dict[str, Any]]:
    cell = Key("geoCell").eq(f"GEO#{geohash[:4]}") & Key("geoRank").begins_with(geohash)
    return storage.query(cell, IndexName="location-index")
