"""The pack's geohashes, against published examples and against themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.tattoo_directory.geohash import ALPHABET, cell, encode

latitudes = st.floats(-90, 90, exclude_max=True)
longitudes = st.floats(-180, 180, exclude_max=True)


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (57.64911, 10.40744, "u4pruydqqvj"),
        (42.6, -5.6, "ezs42"),
        (-25.382708, -49.265506, "6gkzwgjzn820"),
        (51.5074, -0.1278, "gcpvj0du"),
        (0, 0, "s0000"),
        (-90, -180, "0000"),
    ],
)
def test_published_examples(latitude, longitude, expected):
    """The usual examples of the format, of odd and even length."""
    assert encode(latitude, longitude, len(expected)) == expected


@given(latitudes, longitudes, st.integers(1, 12))
def test_a_point_lies_in_its_cell(latitude, longitude, length):
    """Halving from outside and counting from inside lead to the same cell."""
    assert cell(encode(latitude, longitude, length)).holds(latitude, longitude)


@given(latitudes, longitudes, st.integers(2, 12))
def test_a_prefix_names_the_cell_around(latitude, longitude, length):
    """Dropping a character gives the geohash of the larger cell."""
    assert encode(latitude, longitude, length)[:-1] == encode(latitude, longitude, length - 1)


@given(st.text(ALPHABET, min_size=1, max_size=9))
def test_a_cell_leads_back_to_its_name(name):
    """The south-west corner belongs to the cell."""
    found = cell(name)
    assert encode(found.south, found.west, len(name)) == name


@pytest.mark.parametrize("name", ["", "gcpa", "GCPV", "gcp v"])
def test_what_is_no_geohash(name):
    """Empty text and letters that the alphabet lacks."""
    with pytest.raises(ValueError, match="not a geohash"):
        cell(name)


@pytest.mark.parametrize(("latitude", "longitude"), [(90, 0), (-90.1, 0), (0, 180), (0, -181)])
def test_places_that_do_not_exist(latitude, longitude):
    """Coordinates beyond the poles and the date line."""
    with pytest.raises(ValueError, match="no such place"):
        encode(latitude, longitude)
