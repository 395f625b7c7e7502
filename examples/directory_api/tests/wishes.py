"""What clients send: request bodies that are right until a test changes something."""

from datetime import UTC, datetime, timedelta
from typing import Any

from scenarios.tattoo_directory.records import Artist

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
"""The week in which tests book; later than anything that scenarios hold."""

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def at(day: int, hour: int) -> datetime:
    """An hour of a day after `MONDAY`."""
    return MONDAY + timedelta(days=day, hours=hour)


def booking(artist: Artist, day: int = 0, hour: int = 10, **changed: Any) -> dict[str, Any]:
    return {
        "clientName": "Zadie Okafor",
        "clientEmail": "zadie@example.org",
        "styleId": artist.styles[0],
        "startsAt": at(day, hour).isoformat(),
        "hours": 2,
        **changed,
    }


def review(rating: int, **changed: Any) -> dict[str, Any]:
    text = {1: "Not again.", 2: "Hm.", 3: "Fine.", 4: "Good.", 5: "Wonderful."}[rating]
    return {"clientName": "Zadie Okafor", "rating": rating, "text": text, **changed}


def picture(title: str = "Rose and dagger", style: str = "traditional") -> dict[str, Any]:
    """Arguments of a multipart upload."""
    return {
        "files": {"file": ("rose.jpg", JPEG, "image/jpeg")},
        "data": {"title": title, "style": style},
    }
