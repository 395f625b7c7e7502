"""What the source document says of every artist and studio: its structures and its bounds."""

from __future__ import annotations

import re
from decimal import Decimal

from scenarios.tattoo_directory.places import POSTCODE
from scenarios.tattoo_directory.styles import DIFFICULTIES

from .test_tattoo_consistency import in_every_scenario

ARTIST = {
    "artistId": "",
    "artistName": "",
    "bio": "",
    "avatar": "",
    "rating": Decimal,
    "reviewCount": Decimal,
    "pricing": {"hourlyRate": Decimal, "minimumCharge": Decimal, "currency": ""},
    "availability": {"status": "", "bookingOpen": bool, "nextAvailable": "", "waitingList": bool},
    "experience": {"yearsActive": Decimal, "apprenticeshipCompleted": bool, "certifications": list},
    "contactInfo": {"instagram": "", "email": "", "phone": "", "website": ""},
    "tattooStudio": {
        "studioId": "",
        "studioName": "",
        "address": {
            "street": "",
            "city": "",
            "postcode": "",
            "latitude": Decimal,
            "longitude": Decimal,
        },
    },
    "styles": list,
    "styleMetadata": dict,
    "geohash": "",
    "pk": "",
    "sk": "",
    "opted_out": bool,
    # what its validation rules ask for besides
    "instagramHandle": "",
    "locationDisplay": "",
    "portfolioImages": list,
}
STUDIO = {
    "studioId": "",
    "studioName": "",
    "address": "",
    "latitude": Decimal,
    "longitude": Decimal,
    "geohash": "",
    "contactInfo": {"phone": "", "email": "", "website": "", "instagram": ""},
    "openingHours": dict.fromkeys(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), ""
    ),
    "artists": list,
    "rating": Decimal,
    "reviewCount": Decimal,
    "established": Decimal,
    "specialties": list,
    "postcode": "",
}
STYLE = {
    "styleId": "",
    "styleName": "",
    "description": "",
    "difficulty": "",
    "popularity": Decimal,
}
METADATA = {"characteristics": list, "difficulty": "", "popularMotifs": list, "colorPalette": list}


def items(dataset, kind):
    """The items of a kind."""
    return [
        item
        for item in dataset.entries["dynamodb"]["tattoo-directory"]
        if item["entityType"] == kind
    ]


def assert_like(item, structure, where=""):
    """Every attribute of a structure is there, filled and of its type."""
    for name, wanted in structure.items():
        assert name in item, f"{where}.{name}"
        value = item[name]
        if isinstance(wanted, dict):
            assert_like(value, wanted, f"{where}.{name}")
        elif isinstance(wanted, str):
            assert isinstance(value, str), f"{where}.{name}"
            assert value, f"{where}.{name}"
        elif wanted is Decimal:
            assert isinstance(value, (int, Decimal)), f"{where}.{name}"
            assert not isinstance(value, bool), f"{where}.{name}"
        else:
            assert isinstance(value, wanted), f"{where}.{name}"


@in_every_scenario
def test_artists_have_the_documents_structure(generated, name):
    """Business data, contacts, studio, style metadata, system fields and required ones."""
    for item in items(generated(name), "artist"):
        structure = dict(ARTIST)
        if not item["availability"]["bookingOpen"]:
            # Somebody whose books are closed has no next date.
            structure["availability"] = {**ARTIST["availability"], "nextAvailable": type(None)}
        assert_like(item, structure, item["artistId"])
        assert item["pk"] == f"ARTIST#{item['artistId']}"
        assert item["sk"] == "PROFILE"
        assert item["opted_out"] is False
        assert item["instagramHandle"] == item["contactInfo"]["instagram"]
        assert set(item["styleMetadata"]) == set(item["styles"])
        for about in item["styleMetadata"].values():
            assert_like(about, METADATA, item["artistId"])
            assert about["difficulty"] in DIFFICULTIES


@in_every_scenario
def test_artists_are_in_the_documents_bounds(generated, name):
    """Ratings from 1.0 to 5.0 in tenths, 80 to 250 pounds an hour, a geohash of eight."""
    for item in items(generated(name), "artist"):
        assert Decimal("1.0") <= item["rating"] <= Decimal("5.0")
        assert item["rating"] == round(item["rating"], 1)
        assert item["reviewCount"] > 0
        assert 80 <= item["pricing"]["hourlyRate"] <= 250
        assert item["pricing"]["currency"] == "GBP"
        assert re.fullmatch("[0-9b-hjkmnp-z]{8}", item["geohash"])
        assert item["experience"]["certifications"]
        assert len(item["portfolioImages"]) >= 1


@in_every_scenario
def test_studios_have_the_documents_structure(generated, name):
    """Contacts, a week of opening hours, the roster, a UK postcode."""
    for item in items(generated(name), "studio"):
        assert_like(item, STUDIO, item["studioId"])
        assert POSTCODE.fullmatch(item["postcode"])
        assert item["address"].endswith(item["postcode"])
        assert item["artists"]
        assert item["specialties"]
        assert item["openingHours"]["monday"] == "Closed" or "-" in item["openingHours"]["monday"]


@in_every_scenario
def test_styles_have_the_documents_structure(generated, name):
    """Difficulty of four levels, popularity from 0 to 100."""
    for item in items(generated(name), "style"):
        assert_like(item, {**STYLE, **METADATA}, item["styleId"])
        assert item["difficulty"] in DIFFICULTIES
        assert 0 <= item["popularity"] <= 100


IMAGES = {
    "minimal": (2, 3),
    "portfolio-rich": (8, 12),
    "performance-test": (1, 1),
}
"""The fewest and the most images of an artist; 3 to 6 where nothing is promised."""


@in_every_scenario
def test_every_artist_has_the_images_that_are_promised(generated, name):
    """As many as the pack's README says, in the profile and as items."""
    fewest, most = IMAGES.get(name, (3, 6))
    dataset = generated(name)
    owners = [item["artistId"] for item in items(dataset, "image")]
    for item in items(dataset, "artist"):
        assert fewest <= len(item["portfolioImages"]) <= most
        assert owners.count(item["artistId"]) == len(item["portfolioImages"])


SLOTS = (3, 6)
"""The fewest and the most free slots of an artist whose booking is open."""


@in_every_scenario
def test_slots_are_free_and_to_come(generated, now, name):
    """Three to six where booking is open, none elsewhere; the first is the next date."""
    for item in items(generated(name), "artist"):
        availability = item["availability"]
        slots = availability["bookingSlots"]
        if availability["bookingOpen"]:
            assert SLOTS[0] <= len(slots) <= SLOTS[1]
            assert slots[0][:10] == availability["nextAvailable"]
            assert min(slots) > now.isoformat()
        else:
            assert slots == []


def test_a_directory_without_artists_has_nothing_else(generated):
    """Pages without results, not pages without artists."""
    assert not generated("empty").entries
    assert not generated("empty").records
