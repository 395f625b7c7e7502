"""The directory as a process of its own, asked over real HTTP by several clients at once."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from wishes import JPEG, booking, picture, review

from scenarios.tattoo_directory.records import Artist, Review

pytestmark = pytest.mark.scenario("minimal")

ADDRESS = re.compile(r"Uvicorn running on (http://[\d.:]+)")


@pytest.fixture(scope="module")
def server(
    seedstate_env: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """A server on a free port, and a client of it."""
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "directory_api"],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **seedstate_env, "PORT": "0"},
            stderr=output,
            stdout=output,
        )
    try:
        with httpx2.Client(base_url=_address(process, log), timeout=20) as client:
            yield client
    finally:
        process.terminate()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        if found := ADDRESS.search(log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(log.read_text())


def test_the_server_shows_the_scenario(server: httpx2.Client, seedstate) -> None:
    answer = server.get("/v1/artists").json()
    assert [artist["artistName"] for artist in answer["artists"]] == [
        artist.artist_name for artist in seedstate.records(Artist)
    ]


def test_eight_clients_want_one_slot(server: httpx2.Client, artist: Artist, seedstate) -> None:
    bookings = f"/v1/artists/{artist.artist_id}/bookings"
    before = len(server.get(bookings).json())
    with ThreadPoolExecutor(8) as clients:
        wishes = [booking(artist, clientName=f"Client {number}") for number in range(8)]
        answers = list(clients.map(lambda wish: server.post(bookings, json=wish), wishes))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(server.get(bookings).json()) == before + 1


def test_the_process_is_seen_writing(server: httpx2.Client, artist: Artist, seedstate) -> None:
    made = server.post(f"/v1/artists/{artist.artist_id}/bookings", json=booking(artist))
    assert made.status_code == 201
    changes = seedstate.wait_for("notifications", inserted=1)
    assert {change.collection for change in changes} == {"bookings", "outbox", "notifications"}


def test_a_picture_over_the_wire(server: httpx2.Client, artist: Artist, s3) -> None:
    made = server.post(f"/v1/artists/{artist.artist_id}/images", **picture()).json()
    assert made["number"] == len(artist.portfolio_images) + 1
    stored = s3.get_object(Bucket="tattoo-directory-images", Key=made["s3Key"])
    assert (stored["Body"].read(), stored["ContentType"]) == (JPEG, "image/jpeg")


def test_a_rating_over_the_wire(server: httpx2.Client, artist: Artist, seedstate) -> None:
    made = server.post(f"/v1/artists/{artist.artist_id}/reviews", json=review(1))
    assert made.json()["id"] == max(known.id for known in seedstate.records(Review)) + 1
    seedstate.wait_for("tattoo-directory", updated=2)
    shown = server.get(f"/v1/artists/{artist.artist_id}").json()
    assert shown["reviewCount"] == artist.review_count + 1


def test_two_indexers_write_what_the_table_says(
    server: httpx2.Client, client: TestClient, artist: Artist, searchable: Callable[..., None]
) -> None:
    def change(rate: int) -> None:
        application = server if rate % 2 else client
        application.patch(f"/v1/artists/{artist.artist_id}", json={"hourlyRate": rate})

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(change, range(100, 120)))
    searchable(20)
    rate = server.get(f"/v1/artists/{artist.artist_id}").json()["pricing"]["hourlyRate"]
    found = server.get("/v1/search", params={"minRate": rate, "maxRate": rate}).json()
    assert artist.artist_id in [each["artistId"] for each in found["artists"]]


def test_an_artist_leaves_while_others_book(
    server: httpx2.Client, artist: Artist, neighbour: Artist
) -> None:
    def book(day: int) -> int:
        wish = booking(neighbour, day=day)
        return server.post(f"/v1/artists/{neighbour.artist_id}/bookings", json=wish).status_code

    with ThreadPoolExecutor(4) as clients:
        booked = clients.map(book, range(6))
        assert server.delete(f"/v1/artists/{artist.artist_id}").status_code == 204
        assert list(booked) == [201] * 6
    assert server.get(f"/v1/artists/{artist.artist_id}").status_code == 404
