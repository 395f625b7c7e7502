"""Reviews, and the ratings that follow from them."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from psycopg import Cursor
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from directory_api import db, index, outbox, storage
from directory_api.artists import set_attributes
from directory_api.problems import ProblemError, not_found

router = APIRouter(prefix="/v1/artists/{artist_id}/reviews", tags=["reviews"])


class ReviewIn(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    client_name: str = Field(min_length=1, max_length=200)
    rating: int = Field(ge=1, le=5)
    text: str = Field(min_length=1, max_length=4000)
    booking_id: int | None = None


class ReviewOut(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    id: int
    client_name: str
    rating: int
    text: str
    booking_id: int | None
    created_at: datetime


@router.post("", status_code=201)
def create(artist_id: str, review: ReviewIn) -> ReviewOut:
    """Add a review and move the ratings of artist and studio in the same transaction.

    The profiles in DynamoDB follow by the outbox, and the search index after them.
    """
    with db.transaction() as cursor:
        try:
            row = cursor.execute(
                "INSERT INTO reviews (artist_id, booking_id, client_name, rating, text)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING *",
                (artist_id, review.booking_id, review.client_name, review.rating, review.text),
            ).fetchone()
        except UniqueViolation:
            raise ProblemError(
                409, "already-reviewed", f"Booking {review.booking_id} has its review"
            ) from None
        except ForeignKeyViolation as error:
            if "booking" in (error.diag.constraint_name or ""):
                raise not_found("booking", review.booking_id) from None
            raise not_found("artist", artist_id) from None
        cursor.execute(
            "UPDATE artists SET (rating, review_count) ="
            " (SELECT round(avg(rating), 1), count(*) FROM reviews WHERE artist_id = %(artist)s)"
            " WHERE id = %(artist)s",
            {"artist": artist_id},
        )
        cursor.execute(
            "UPDATE studios SET (rating, review_count) ="
            " (SELECT round(avg(reviews.rating), 1), count(*)"
            "  FROM reviews JOIN artists ON artists.id = reviews.artist_id"
            "  WHERE artists.studio_id = studios.id)"
            " WHERE id = (SELECT studio_id FROM artists WHERE id = %s)",
            (artist_id,),
        )
        outbox.put(cursor, "rating", {"artistId": artist_id})
    return _shown(row)


@router.get("")
def of_artist(artist_id: str) -> list[ReviewOut]:
    """An artist's reviews, newest first."""
    with db.transaction() as cursor:
        rows = cursor.execute(
            "SELECT * FROM reviews WHERE artist_id = %s ORDER BY created_at DESC, id DESC",
            (artist_id,),
        ).fetchall()
    return [_shown(row) for row in rows]


def publish_rating(cursor: Cursor[dict[str, Any]], payload: dict[str, Any]) -> None:
    """Copy the ratings of an artist and of the studio to their profiles."""
    artist_id = payload["artistId"]
    row = cursor.execute(
        "SELECT artists.rating, artists.review_count, studio_id,"
        " studios.rating AS studio_rating, studios.review_count AS studio_review_count"
        " FROM artists JOIN studios ON studios.id = studio_id WHERE artists.id = %s",
        (artist_id,),
    ).fetchone()
    if row is None:  # left in the meantime
        return
    ratings = {
        f"ARTIST#{artist_id}": (row["rating"], row["review_count"]),
        f"STUDIO#{row['studio_id']}": (row["studio_rating"], row["studio_review_count"]),
    }
    for pk, (rating, count) in ratings.items():
        set_attributes(pk, {("rating",): rating, ("reviewCount",): count})
    for style in storage.under(f"ARTIST#{artist_id}", "STYLE#"):
        storage.directory.update_item(
            Key={"pk": style["pk"], "sk": style["sk"]},
            UpdateExpression="SET rating = :rating, styleRank = :rank",
            ExpressionAttributeValues={
                ":rating": row["rating"],
                ":rank": f"{row['rating']}#{artist_id}",
            },
        )
    index.put(cursor, artist_id)


def _shown(row: Any) -> ReviewOut:
    return ReviewOut.model_validate({to_camel(name): value for name, value in row.items()})
