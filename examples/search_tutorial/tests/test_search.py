"""What is found; nothing here writes, and each test says so."""

import pytest
from fastapi.testclient import TestClient

pytestmark = pytest.mark.scenario("indexed-films", readonly=True)


def search(client: TestClient, q: str = "", page: int = 1) -> dict:
    answer = client.get("/search", params={"q": q, "page": page})
    assert answer.status_code == 200, answer.text
    return answer.json()


def titles(answer: dict) -> list[str]:
    return [film["title"] for film in answer["films"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("whale", ["A Whale in the Attic"]),
        ("lighthose keeper", ["The Lamp at Skerry Point"]),
        ("Ferrer", ["A Whale in the Attic", "Ninety Kilometres of Rain"]),
        ("cafe", ["Café of the Last Tram"]),
        ("stationmaster", ["The Stationmaster's Clock"]),
        ("scifi", ["Saltwater Engines", "Orbit of Strangers", "Third Shift at the Observatory"]),
        (
            "whodunit",
            [
                "The Lamp at Skerry Point",
                "Murder on Allotment Nine",
                "Third Shift at the Observatory",
            ],
        ),
        ("zzz", []),
    ],
)
def test_words(client: TestClient, text: str, found: list[str]) -> None:
    assert titles(search(client, text)) == found


def test_a_title_weighs_more_than_a_plot(client: TestClient) -> None:
    assert titles(search(client, "lamps"))[:2] == ["The Lamp at Skerry Point", "Lamplighters"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("genre:fantasy", ["The Cartographer"]),
        ("genre:MYSTERY genre:comedy", ["Murder on Allotment Nine"]),
        ('genre:"science fiction" planet', ["Orbit of Strangers"]),
        ("year:1994", ["The Lamp at Skerry Point", "Third Shift at the Observatory"]),
        ("year:1994 genre:drama", ["The Lamp at Skerry Point"]),
        ("year:1987", ["The Stationmaster's Clock"]),
    ],
)
def test_filters_in_the_search_box(client: TestClient, text: str, found: list[str]) -> None:
    answer = search(client, text)
    assert titles(answer) == found
    assert answer["total"] == len(found)


def test_facets(client: TestClient) -> None:
    answer = search(client)
    assert answer["genres"] == {
        "drama": 5,
        "comedy": 4,
        "mystery": 3,
        "science fiction": 3,
        "romance": 2,
        "family": 1,
        "fantasy": 1,
        "thriller": 1,
    }
    assert list(answer["genres"])[:2] == ["drama", "comedy"]
    assert answer["years"]["1994"] == 2
    assert len(answer["years"]) == 11
    assert answer["minutes"] == {"min": 79, "avg": pytest.approx(1241 / 12), "max": 131}


def test_facets_of_what_was_found(client: TestClient) -> None:
    answer = search(client, "Lindqvist")
    assert answer["genres"] == {"comedy": 1, "drama": 1, "mystery": 1, "romance": 1}
    assert answer["years"] == {"1999": 1, "2016": 1}


def test_highlights(client: TestClient) -> None:
    [film] = search(client, "whale")["films"]
    assert film["highlights"] == {
        "title": ["A <em>Whale</em> in the Attic"],
        "plot": [
            "Children hide a very small <em>whale</em> from their grandmother,"
            " who hides something larger."
        ],
    }


def test_pages(client: TestClient) -> None:
    pages = [titles(search(client, page=page)) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [5, 5, 2, 0]
    assert pages[0][:3] == ["Saltwater Engines", "The Lamp at Skerry Point", "The Cartographer"]
    assert len({title for page in pages for title in page}) == 12


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("l", ["Lamplighters", "Café of the Last Tram", "The Lamp at Skerry Point"]),
        ("lamp", ["Lamplighters", "The Lamp at Skerry Point"]),
        ("the la", ["The Lamp at Skerry Point", "Café of the Last Tram"]),
        ("caf", ["Café of the Last Tram"]),
        ("stationm", ["The Stationmaster's Clock"]),
        ("q", []),
    ],
)
def test_completion(client: TestClient, typed: str, offered: list[str]) -> None:
    assert client.get("/complete", params={"q": typed}).json() == offered


def test_a_film(client: TestClient) -> None:
    assert client.get("/films/lamplighters").json()["director"] == "Paul Okonjo"
    assert client.get("/films/unknown").status_code == 404
