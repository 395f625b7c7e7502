"""The search page: what is found, in which order, how far away, and how many more there are."""

from math import asin, cos, radians, sin, sqrt

import pytest
from fastapi.testclient import TestClient

from scenarios.tattoo_directory.records import Artist

pytestmark = pytest.mark.scenario("shop-window", readonly=True)

CAMDEN = {"lat": 51.5390, "lon": -0.1426}  # the Underground station
EVERYBODY = ["rosa", "mika", "gwen", "joanna", "henry", "ada"]
"""Those who want visitors, best rated first."""


def search(client: TestClient, **wish) -> dict:
    answer = client.get("/v1/search", params=wish)
    assert answer.status_code == 200, answer.text
    return answer.json()


def found(answer: dict) -> list[str]:
    """The artists of a page by first name."""
    return [artist["artistName"].split()[0].lower() for artist in answer["artists"]]


def kilometres(artist: Artist) -> float:
    """From Camden Town to an artist, on a sphere."""
    lat, lon = radians(CAMDEN["lat"]), radians(CAMDEN["lon"])
    there_lat, there_lon = radians(float(artist.latitude)), radians(float(artist.longitude))
    half = sin((there_lat - lat) / 2) ** 2
    half += cos(lat) * cos(there_lat) * sin((there_lon - lon) / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(half))


def test_without_words_the_best_rated_come_first(client: TestClient) -> None:
    answer = search(client)
    assert found(answer) == EVERYBODY
    assert (answer["total"], answer["pages"]) == (6, 1)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("rose", ["henry", "rosa", "ada"]),  # a surname; nearly a first name, and a bio; a bio
        ("sailor", ["joanna"]),
        ("portraits of people", ["henry"]),
        ("traditional", ["rosa", "joanna"]),
        ("geometric foxes", ["ada", "gwen"]),
    ],
)
def test_a_name_weighs_more_than_a_style_and_a_style_more_than_a_bio(
    client: TestClient, words: str, first: list[str]
) -> None:
    assert found(search(client, q=words)) == first


@pytest.mark.parametrize(
    ("slip", "meant"), [("tanka", "mika"), ("Witfield", "rosa"), ("geometrik", "ada")]
)
def test_a_slip_of_the_pen(client: TestClient, slip: str, meant: str) -> None:
    assert found(search(client, q=slip))[0] == meant


@pytest.mark.parametrize(
    ("word", "meant"), [("irezumi", "mika"), ("photorealism", "henry"), ("calligraphy", "joanna")]
)
def test_another_word_for_a_style(client: TestClient, word: str, meant: str) -> None:
    assert found(search(client, q=word)) == [meant]


def test_words_that_nobody_uses(client: TestClient) -> None:
    answer = search(client, q="zeppelin")
    assert (answer["total"], answer["pages"], answer["artists"]) == (0, 0, [])
    assert answer["facets"]["style"] == []


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ({"style": "traditional"}, ["rosa", "joanna"]),
        ({"style": ["traditional", "japanese"]}, ["rosa", "mika", "joanna"]),
        ({"minRating": 4.6}, ["rosa", "mika", "gwen"]),
        ({"maxRate": 110}, ["rosa", "ada"]),
        ({"minRate": 150, "maxRate": 200}, ["gwen", "henry"]),
        ({"bookingOpen": True}, ["rosa", "mika", "gwen", "ada"]),
        ({"bookingOpen": False}, ["joanna", "henry"]),
        ({"area": "Camden, London"}, ["rosa", "henry"]),
        ({"area": ["Camden, London", "Brixton, London"]}, ["rosa", "gwen", "henry"]),
        ({"style": "traditional", "bookingOpen": True}, ["rosa"]),
        ({"q": "rose", "maxRate": 100}, ["ada"]),
        ({**CAMDEN, "within": 2}, ["rosa", "henry"]),
        ({**CAMDEN, "within": 10}, ["rosa", "mika", "gwen", "henry", "ada"]),
        ({**CAMDEN, "within": 10, "style": "traditional"}, ["rosa"]),
    ],
)
def test_filters(client: TestClient, wish: dict, left: list[str]) -> None:
    answer = search(client, **wish)
    assert found(answer) == left
    assert answer["total"] == len(left)


def test_the_nearest_comes_first(client: TestClient, seedstate) -> None:
    answer = search(client, **CAMDEN, sort="distance")
    away = {name: kilometres(seedstate[name]) for name in EVERYBODY}
    assert found(answer) == sorted(EVERYBODY, key=away.__getitem__)
    for name, artist in zip(found(answer), answer["artists"], strict=True):
        assert artist["distance"] == pytest.approx(away[name], abs=0.01)


def test_distances_are_told_in_any_order(client: TestClient, seedstate) -> None:
    [first, *_] = search(client, **CAMDEN, sort="price")["artists"]
    assert first["artistName"] == "Ada Byron"
    assert first["distance"] == pytest.approx(kilometres(seedstate["ada"]), abs=0.01)
    assert "distance" not in search(client, sort="price")["artists"][0]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("rating", EVERYBODY),
        ("price", ["ada", "rosa", "joanna", "gwen", "henry", "mika"]),
    ],
)
def test_other_orders(client: TestClient, sort: str, order: list[str]) -> None:
    assert found(search(client, sort=sort)) == order


def counts(answer: dict, facet: str) -> dict[str, int]:
    return {each["value"]: each["count"] for each in answer["facets"][facet]}


def test_facets_count_everybody(client: TestClient) -> None:
    answer = search(client)
    assert counts(answer, "style") == {
        "traditional": 2,
        **dict.fromkeys(
            ["blackwork", "dotwork", "geometric", "japanese", "lettering", "realism", "watercolor"],
            1,
        ),
    }
    assert counts(answer, "area") == {
        "Camden, London": 2,
        "Shoreditch, London": 2,
        "Brixton, London": 1,
        "Northern Quarter, Manchester": 1,
    }
    assert counts(answer, "price") == {
        "below 100": 1,
        "100 to 150": 2,
        "150 to 200": 2,
        "200 and more": 1,
    }
    assert counts(answer, "booking") == {"true": 4, "false": 2}


def test_a_facet_does_not_count_itself_out(client: TestClient) -> None:
    answer = search(client, style="traditional", bookingOpen=True)
    assert counts(answer, "booking") == {"true": 1, "false": 1}  # of the traditional ones
    assert counts(answer, "style")["japanese"] == 1  # of those with open books
    assert "realism" not in counts(answer, "style")
    assert counts(answer, "area") == {"Camden, London": 1}


def test_facets_count_within_words_and_place(client: TestClient) -> None:
    assert counts(search(client, q="rose"), "area") == {
        "Camden, London": 2,
        "Shoreditch, London": 1,
    }
    assert counts(search(client, **CAMDEN, within=2), "price") == {
        "below 100": 0,
        "100 to 150": 1,
        "150 to 200": 1,
        "200 and more": 0,
    }


def test_what_was_found_is_marked(client: TestClient) -> None:
    [henry, rosa, ada] = search(client, q="rose")["artists"]
    assert henry["highlights"] == {"artistName": ["Henry <mark>Rose</mark>"]}
    assert rosa["highlights"] == {
        "artistName": ["<mark>Rosa</mark> Whitfield"],
        "bio": ["<mark>Roses</mark> and anchors, bold and bright."],
    }
    assert ada["highlights"]["bio"] == [
        "Sacred geometry dot by dot, sometimes a single <mark>rose</mark>."
    ]
    assert search(client)["artists"][0]["highlights"] == {}


def test_marked_text_is_html(client: TestClient) -> None:
    [gwen] = search(client, q="ferns")["artists"]
    assert gwen["highlights"]["bio"] == ["Foxes &lt;3 &amp; <mark>ferns</mark> in loose colour."]


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_page_by_page(client: TestClient, size: int) -> None:
    pages = -(-6 // size)
    answers = [search(client, size=size, page=page) for page in range(1, pages + 1)]
    assert [name for answer in answers for name in found(answer)] == EVERYBODY
    assert {(answer["total"], answer["pages"]) for answer in answers} == {(6, pages)}
    assert search(client, size=size, page=pages + 1)["artists"] == []


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        ("ro", ["Henry Rose", "Rosa Whitfield"]),
        ("tan", ["Mika Tanaka"]),
        ("mika ta", ["Mika Tanaka"]),
        ("zz", []),
    ],
)
def test_names_that_begin_so(client: TestClient, beginning: str, told: list[str]) -> None:
    answer = client.get("/v1/search/names", params={"beginning": beginning})
    assert answer.json() == told


@pytest.mark.parametrize(
    "wish",
    [
        {"lat": 51.5},
        {"within": 5},
        {"sort": "distance"},
        {"minRating": 6},
        {"page": 0},
        {"size": 1000},
        {"colour": "red"},
        {"q": ""},
    ],
)
def test_wishes_that_are_refused(client: TestClient, wish: dict) -> None:
    answer = client.get("/v1/search", params=wish)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/validation-error")
