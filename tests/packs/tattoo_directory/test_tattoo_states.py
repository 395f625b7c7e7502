"""The reset states of the source document's two tables: what each of them holds."""

from __future__ import annotations

import pytest

from scenarios.tattoo_directory.places import LONDON
from scenarios.tattoo_directory.records import Artist, Booking, PortfolioImage, Studio, Style
from scenarios.tattoo_directory.styles import STYLES

STATES = {
    "clean": 0,
    "fresh": 10,
    "minimal": 3,
    "search-ready": 17,
    "location-test": 10,
    "style-test": 8,
    "performance-test": 50,
    "frontend-ready": 3,
}
"""All states of the tables but ``backup-restore``, with the artists that they hold."""

FILLED = [name for name, count in STATES.items() if count]


def test_the_pack_has_the_states_of_the_tables(registry):
    """And no other."""
    pack = next(pack for pack in registry.packs if pack.name == "tattoo_directory")
    assert [state.name for state in pack.states] == list(STATES)


@pytest.mark.parametrize(("name", "count"), STATES.items())
def test_a_state_has_its_artists(generated_state, name, count):
    """As records, and in each store that holds artists."""
    dataset = generated_state(name)
    assert len(dataset.records_of(Artist)) == count
    assert len({artist.artist_id for artist in dataset.records_of(Artist)}) == count
    assert len(dataset.entries.get("opensearch", {}).get("artists", ())) == count
    items = dataset.entries.get("dynamodb", {}).get("tattoo-directory", ())
    assert sum(item["entityType"] == "artist" for item in items) == count


@pytest.mark.parametrize("name", FILLED)
def test_a_state_has_each_style_once(generated_state, name):
    """However many scenarios it has and how often they are copied."""
    assert [one.style_id for one in generated_state(name).records_of(Style)] == list(STYLES)


def test_clean_is_empty(generated_state):
    """Nothing but the schema."""
    assert not generated_state("clean").entries


@pytest.mark.parametrize(
    ("state", "scenario"),
    [("fresh", "full-dataset"), ("minimal", "minimal"), ("location-test", "london-focused")],
)
def test_a_state_of_one_scenario_is_its_data(generated, generated_state, state, scenario):
    """To the byte."""
    assert generated_state(state).fingerprint == generated(scenario).fingerprint


def test_search_ready_is_the_search_scenario_and_diverse(generated_state):
    """Traditional and realism several times, every style somebody's first, several cities."""
    artists = generated_state("search-ready").records_of(Artist)
    first = [artist.styles[0] for artist in artists]
    assert set(first) == set(STYLES)
    assert min(first.count("traditional"), first.count("realism")) >= 3
    assert len({artist.tattoo_studio.address.city for artist in artists}) >= 3
    assert len({artist.availability.status for artist in artists}) == 5


def test_location_test_is_in_london(generated_state):
    """All studios, in different districts."""
    dataset = generated_state("location-test")
    for studio in dataset.records_of(Studio):
        assert studio.city == "London"
        assert LONDON.holds(studio.latitude, studio.longitude)
    districts = {artist.location_display for artist in dataset.records_of(Artist)}
    assert len(districts) == len(dataset.records_of(Studio)) == 5


def test_style_test_is_traditional_and_of_many_styles(generated_state):
    """Five who work in traditional at least, and three of three styles or more."""
    artists = generated_state("style-test").records_of(Artist)
    assert sum("traditional" in artist.styles for artist in artists) >= 5
    assert sum(len(artist.styles) >= 3 for artist in artists) == 3


def test_performance_test_is_the_full_dataset_five_times(generated, generated_state):
    """The first copy is the full dataset itself, the others are as large and of other values."""
    dataset, once = generated_state("performance-test"), generated("full-dataset")
    size = len(once.records_of(Artist))
    artists = dataset.records_of(Artist)
    assert artists[:size] == once.records_of(Artist)
    copies = [artists[start : start + size] for start in range(0, 5 * size, size)]
    assert len({tuple(artist.bio for artist in copy) for copy in copies}) == 5
    for copy in copies:
        ids = {artist.artist_id for artist in copy}
        assert len({artist.tattoo_studio.studio_id for artist in copy}) == 5
        assert {artist.availability.status for artist in copy} == {
            artist.availability.status for artist in once.records_of(Artist)
        }
        assert {one.artist_id for one in dataset.records_of(Booking)} >= ids
        assert {one.artist_id for one in dataset.records_of(PortfolioImage)} >= ids
    assert len(dataset.records_of(Studio)) == 5 * len(once.records_of(Studio))


def test_frontend_ready_is_what_pages_are_drawn_from(generated, generated_state):
    """The minimal data of table, index and bucket; nothing relational behind it."""
    entries = generated_state("frontend-ready").entries
    assert set(entries) == {"dynamodb", "s3", "opensearch"}
    minimal = generated("minimal").entries
    assert entries == {store: minimal[store] for store in entries}
