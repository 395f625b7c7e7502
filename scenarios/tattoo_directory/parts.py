"""The nested pieces of the directory's records, and the rules that each keeps by itself."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_camel

from .fields import (
    Email,
    Hours,
    InstagramHandle,
    Latitude,
    Longitude,
    Phone,
    Postcode,
    StudioId,
    Text,
    Website,
    check_place,
    without_repetition,
)

CAMEL = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")
"""Python names here, camelCase in DynamoDB."""


class Part(BaseModel):
    """A nested piece of a record."""

    model_config = ConfigDict(**CAMEL, frozen=True)


class Pricing(Part):
    """What an artist charges, in whole pounds."""

    hourly_rate: Annotated[Decimal, Field(ge=80, le=250)]
    minimum_charge: Annotated[Decimal, Field(gt=0)]
    currency: Literal["GBP"] = "GBP"

    @model_validator(mode="after")
    def _minimum_is_at_most_an_hour(self) -> Self:
        if self.minimum_charge > self.hourly_rate:
            raise ValueError(f"the minimum charge is above the hourly rate of {self.hourly_rate}")
        return self


OPEN_STATUSES = ("Booking now", "Booking 1-2 weeks", "Booking 1-2 months")
CLOSED_STATUSES = ("Waiting list only", "Books closed")


class Availability(Part):
    """Whether an artist takes bookings, from when on, and the free slots that can be had."""

    status: Literal[
        "Booking now",
        "Booking 1-2 weeks",
        "Booking 1-2 months",
        "Waiting list only",
        "Books closed",
    ]
    booking_open: bool
    next_available: date | None
    waiting_list: bool
    booking_slots: tuple[AwareDatetime, ...] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.booking_open != (self.status in OPEN_STATUSES):
            raise ValueError(f"bookingOpen is {self.booking_open} under status '{self.status}'")
        if self.waiting_list != (self.status == "Waiting list only"):
            raise ValueError(f"waitingList is {self.waiting_list} under status '{self.status}'")
        if self.booking_open != bool(self.booking_slots):
            raise ValueError("there are slots exactly where booking is open")
        if list(self.booking_slots) != sorted(set(self.booking_slots)):
            raise ValueError("slots come in order, each once")
        first = self.booking_slots[0].astimezone(UTC).date() if self.booking_slots else None
        if self.next_available != first:
            raise ValueError(f"nextAvailable is {self.next_available}, the first slot {first}")
        return self


class Experience(Part):
    """How long an artist has worked, and what on paper."""

    years_active: Annotated[int, Field(ge=0, le=60)]
    apprenticeship_completed: bool
    certifications: Annotated[tuple[Text, ...], AfterValidator(without_repetition)]


class ContactInfo(Part):
    """How to reach an artist or a studio."""

    instagram: InstagramHandle
    email: Email
    phone: Phone
    website: Website


class Address(Part):
    """Where a studio stands, as an artist's profile repeats it."""

    street: Text
    city: Text
    postcode: Postcode
    latitude: Latitude
    longitude: Longitude

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        check_place(self.city, self.postcode, self.latitude, self.longitude)
        return self


class TattooStudio(Part):
    """The studio of an artist, as the artist's profile repeats it."""

    studio_id: StudioId
    studio_name: Text
    address: Address


class StyleMetadata(Part):
    """What marks a style, as an artist's profile repeats it."""

    characteristics: Annotated[tuple[Text, ...], Field(min_length=1)]
    difficulty: Literal["beginner", "intermediate", "advanced", "expert"]
    popular_motifs: Annotated[tuple[Text, ...], Field(min_length=1)]
    color_palette: Annotated[tuple[Text, ...], Field(min_length=1)]


class OpeningHours(Part):
    """A studio's week, local time: ``10:00-18:00`` or ``Closed``."""

    monday: Hours
    tuesday: Hours
    wednesday: Hours
    thursday: Hours
    friday: Hours
    saturday: Hours
    sunday: Hours

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        for day, hours in self:
            opens, _, closes = hours.partition("-")
            if closes and not opens < closes < "24:00":
                raise ValueError(f"{day}: {hours} does not end after it begins")
        return self


class BookingDetails(Part):
    """What the client asked for."""

    placement: Text
    size_cm: Annotated[int, Field(ge=1, le=120)]
    in_color: bool
