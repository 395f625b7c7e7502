"""Bookings: one artist, one slot, one client."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from fastapi import APIRouter, Response
from psycopg.errors import UniqueViolation
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from directory_api import db, outbox
from directory_api.problems import ProblemError, not_found

router = APIRouter(prefix="/v1", tags=["bookings"])

Status = Literal["requested", "confirmed", "completed", "cancelled", "no_show"]


class BookingRequest(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    client_name: str = Field(min_length=1, max_length=200)
    client_email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    style_id: str
    starts_at: AwareDatetime
    hours: int = Field(ge=1, le=8)


class BookingOut(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, from_attributes=True)

    id: int
    artist_id: str
    client_name: str
    client_email: str
    style_id: str
    starts_at: datetime
    ends_at: datetime
    price: Decimal
    status: Status


@router.post("/artists/{artist_id}/bookings", status_code=201)
def create(artist_id: str, request: BookingRequest, response: Response) -> BookingOut:
    """Book a slot at the artist's rate of now; the client is told by mail, a moment later."""
    with db.transaction() as cursor:
        # The lock makes two requests for overlapping slots wait for each other; the unique index
        # only knows equal beginnings.
        artist = cursor.execute(
            "SELECT name, styles, hourly_rate, minimum_charge, booking_open"
            " FROM artists WHERE id = %s AND NOT opted_out FOR UPDATE",
            (artist_id,),
        ).fetchone()
        if artist is None:
            raise not_found("artist", artist_id)
        if not artist["booking_open"]:
            raise ProblemError(409, "booking-closed", f"{artist['name']} takes no bookings")
        if request.style_id not in artist["styles"]:
            raise ProblemError(
                422, "style-not-offered", f"{artist['name']} does no {request.style_id}"
            )
        ends_at = request.starts_at + timedelta(hours=request.hours)
        if _overlaps(cursor, artist_id, request.starts_at, ends_at):
            raise _slot_taken(artist["name"], request.starts_at)
        price = max(artist["hourly_rate"] * request.hours, artist["minimum_charge"])
        try:
            booking = cursor.execute(
                "INSERT INTO bookings (artist_id, client_name, client_email, style_id,"
                " starts_at, ends_at, price) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING *",
                (
                    artist_id,
                    request.client_name,
                    request.client_email,
                    request.style_id,
                    request.starts_at,
                    ends_at,
                    price,
                ),
            ).fetchone()
        except UniqueViolation:
            raise _slot_taken(artist["name"], request.starts_at) from None
        made = _shown(booking)
        _tell(cursor, made, f"Your booking {made.id} with {artist['name']}")
    response.headers["Location"] = f"/v1/bookings/{made.id}"
    return made


@router.get("/artists/{artist_id}/bookings")
def of_artist(artist_id: str, status: Status | None = None) -> list[BookingOut]:
    with db.transaction() as cursor:
        rows = cursor.execute(
            "SELECT * FROM bookings WHERE artist_id = %(artist)s"
            " AND (%(status)s::text IS NULL OR status = %(status)s) ORDER BY starts_at, id",
            {"artist": artist_id, "status": status},
        ).fetchall()
    return [_shown(row) for row in rows]


@router.get("/bookings/{booking_id}")
def show(booking_id: int) -> BookingOut:
    with db.transaction() as cursor:
        row = cursor.execute("SELECT * FROM bookings WHERE id = %s", (booking_id,)).fetchone()
    if row is None:
        raise not_found("booking", booking_id)
    return _shown(row)


@router.post("/bookings/{booking_id}/{step}")
def move(
    booking_id: int, step: Literal["confirm", "complete", "cancel"], response: Response
) -> BookingOut:
    """Take a booking one step further; what is over stays over."""
    reached, allowed = {
        "confirm": ("confirmed", ["requested"]),
        "complete": ("completed", ["confirmed"]),
        "cancel": ("cancelled", ["requested", "confirmed"]),
    }[step]
    with db.transaction() as cursor:
        row = cursor.execute(
            "UPDATE bookings SET status = %s WHERE id = %s AND status = ANY(%s) RETURNING *",
            (reached, booking_id, allowed),
        ).fetchone()
        if row is None:
            status = show(booking_id).status
            raise ProblemError(409, "wrong-state", f"Booking {booking_id} is {status}")
        booking = _shown(row)
        _tell(cursor, booking, f"Booking {booking_id} is {reached}")
    return booking


def _overlaps(cursor: Any, artist_id: str, starts_at: datetime, ends_at: datetime) -> bool:
    found = cursor.execute(
        "SELECT 1 FROM bookings WHERE artist_id = %s AND status <> 'cancelled'"
        " AND tstzrange(starts_at, ends_at) && tstzrange(%s, %s)",
        (artist_id, starts_at, ends_at),
    ).fetchone()
    return found is not None


def _slot_taken(artist: str, starts_at: datetime) -> ProblemError:
    when = starts_at.astimezone(UTC).isoformat(timespec="minutes")
    return ProblemError(409, "slot-taken", f"{artist} is booked at {when}")


def _shown(row: Any) -> BookingOut:
    return BookingOut.model_validate({to_camel(name): value for name, value in row.items()})


def _tell(cursor: Any, booking: BookingOut, subject: str) -> None:
    outbox.put(cursor, "mail", {"recipient": booking.client_email, "subject": subject})
