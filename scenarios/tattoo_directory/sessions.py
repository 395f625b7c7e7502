"""When sessions take place: on days when every studio is open, in the morning or afternoon.

Hours are UTC, chosen so that a session of up to three hours lies within 10:00 to 18:00 in
London both in winter and in summer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from .parts import OPEN_STATUSES, Availability

SESSION_HOURS = (10, 14)
"""When sessions start."""

LONGEST = 3
"""Hours that a session may take."""

_CLOSED_WEEKDAYS = (0, 6)

_FIRST_SLOT_IN_DAYS = {
    "Booking now": (1, 4),
    "Booking 1-2 weeks": (7, 11),
    "Booking 1-2 months": (30, 57),
}
"""From and to; a Sunday and a Monday may postpone it by two days."""


def slots(now: datetime, first_day: int) -> Iterator[datetime]:
    """The starts of sessions in order, without end.

    Args:
        now: the present, in any zone.
        first_day: how many days from now they begin; negative for the past.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = today + timedelta(days=first_day)
    while True:
        if day.weekday() not in _CLOSED_WEEKDAYS:
            for hour in SESSION_HOURS:
                yield day + timedelta(hours=hour)
        day += timedelta(days=1)


def availability(status: str, now: datetime, random: Random) -> Availability:
    """What an artist's profile says, with three to six free slots where booking is open."""
    if status not in OPEN_STATUSES:
        return Availability.model_validate(
            {
                "status": status,
                "booking_open": False,
                "next_available": None,
                "waiting_list": status == "Waiting list only",
            }
        )
    coming = list(islice(slots(now, random.randint(*_FIRST_SLOT_IN_DAYS[status])), 12))
    free = [coming[0], *sorted(random.sample(coming[1:], random.randint(2, 5)))]
    return Availability.model_validate(
        {
            "status": status,
            "booking_open": True,
            "next_available": free[0].date(),
            "waiting_list": False,
            "booking_slots": free,
        }
    )


def past_slots(now: datetime, count: int, random: Random) -> list[datetime]:
    """Different slots of the past ten weeks, earliest first."""
    return sorted(random.sample(list(islice(slots(now, -70), 90)), count))


def coming_slots(
    now: datetime, count: int, taken: Sequence[datetime], random: Random
) -> list[datetime]:
    """Different slots of the next weeks that are not among `taken`, earliest first."""
    open_slots = [slot for slot in islice(slots(now, 1), 40) if slot not in taken]
    return sorted(random.sample(open_slots, count))
