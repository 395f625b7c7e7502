"""Studios: a fixture of the module writes first, and its tests write on top of that."""

import pytest
from fastapi.testclient import TestClient

from scenarios.tattoo_directory.records import Studio

pytestmark = pytest.mark.scenario("london-artists")

LONG_WEEKEND = {
    "monday": "Closed",
    "tuesday": "10:00-18:00",
    "wednesday": "10:00-18:00",
    "thursday": "10:00-20:00",
    "friday": "Closed",
    "saturday": "Closed",
    "sunday": "Closed",
}


@pytest.fixture(scope="module", autouse=True)
def festival(client: TestClient) -> None:
    """All studios close for a long weekend, as long as this module runs."""
    for studio in client.get("/v1/studios").json():
        address = f"/v1/studios/{studio['studioId']}/opening-hours"
        assert client.put(address, json=LONG_WEEKEND).status_code == 200


@pytest.fixture
def studio(seedstate) -> Studio:
    return seedstate.records(Studio)[0]


def test_the_festival_closes_every_studio(client: TestClient, seedstate) -> None:
    shown = client.get("/v1/studios").json()
    assert len(shown) == len(seedstate.records(Studio))
    assert {studio["openingHours"]["saturday"] for studio in shown} == {"Closed"}


@pytest.mark.parametrize("day", ["friday", "saturday", "sunday"])
def test_one_studio_opens_nevertheless(client: TestClient, studio: Studio, day: str) -> None:
    address = f"/v1/studios/{studio.studio_id}/opening-hours"
    assert client.get(f"/v1/studios/{studio.studio_id}").json()["openingHours"] == LONG_WEEKEND
    opened = {**LONG_WEEKEND, day: "12:00-16:00"}
    assert client.put(address, json=opened).json() == opened


def test_the_festival_is_no_change_of_this_test(seedstate, studio: Studio) -> None:
    assert not seedstate.changes().changes


def test_hours_that_are_none(client: TestClient, studio: Studio) -> None:
    address = f"/v1/studios/{studio.studio_id}/opening-hours"
    answer = client.put(address, json={**LONG_WEEKEND, "monday": "late"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "monday")


def test_a_studio_without_artists(client: TestClient, studio: Studio, seedstate) -> None:
    for artist_id in studio.artists:
        client.delete(f"/v1/artists/{artist_id}")
    shown = client.get(f"/v1/studios/{studio.studio_id}").json()
    assert shown["artists"] == []
    assert shown["openingHours"] == LONG_WEEKEND


def test_a_studio_knows_its_artists(client: TestClient, studio: Studio) -> None:
    shown = client.get(f"/v1/studios/{studio.studio_id}").json()
    assert tuple(shown["artists"]) == studio.artists
