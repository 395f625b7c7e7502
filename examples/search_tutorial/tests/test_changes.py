"""Films come, change and go, and so does the index; each test finds all twelve again."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from films.app import create_app
from films.indexing import DEFINITION, INDEX
from opensearchpy import OpenSearch, helpers

FILM = {
    "title": "Zeppelin Weather",
    "plot": "An airship waits for the wind.",
    "director": "Mei Tanabe",
    "released": "2024-06-01",
    "genres": ["Drama"],
    "minutes": 99,
    "rating": 9.9,
}


def total(client: TestClient, q: str = "") -> int:
    return client.get("/search", params={"q": q}).json()["total"]


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_new_film_is_found_at_once(client: TestClient, attempt: int) -> None:
    assert total(client) == 12
    assert client.put("/films/zeppelin-weather", json=FILM).status_code == 201
    assert client.put("/films/zeppelin-weather", json=FILM).status_code == 409
    assert total(client) == 13
    first = client.get("/search").json()["films"][0]
    assert first["title"] == "Zeppelin Weather"


def test_a_film_goes(client: TestClient, seedstate) -> None:
    assert client.delete("/films/lamplighters").status_code == 204
    assert client.delete("/films/lamplighters").status_code == 404
    assert total(client) == 11
    [change] = seedstate.changes()
    assert (change.store, change.collection, change.kind) == ("opensearch", "films", "deleted")
    assert (change.key, change.before["title"]) == ({"_id": "lamplighters"}, "Lamplighters")


def test_a_rating_moves_a_film_up(client: TestClient) -> None:
    assert client.post("/films/bread-and-thunder/ratings", params={"rating": 10}).status_code == 200
    assert client.get("/search").json()["films"][0]["title"] == "Bread and Thunder"
    assert client.post("/films/unknown/ratings", params={"rating": 10}).status_code == 404


def test_all_films_go(client: TestClient, opensearch: OpenSearch) -> None:
    actions = [
        {"_op_type": "delete", "_index": INDEX, "_id": hit["_id"]}
        for hit in helpers.scan(opensearch, index=INDEX)
    ]
    helpers.bulk(opensearch, actions, refresh=True)
    assert total(client) == 0


def test_a_field_that_films_do_not_have(client: TestClient, opensearch: OpenSearch) -> None:
    action = {"_index": INDEX, "_id": "odd", "colour": "red"}
    with pytest.raises(helpers.BulkIndexError) as caught:
        helpers.bulk(opensearch, [action])
    [failed] = caught.value.errors
    assert failed["index"]["error"]["type"] == "strict_dynamic_mapping_exception"
    assert total(client) == 12


@pytest.mark.scenario("no-index")
@pytest.mark.parametrize("attempt", [1, 2])
def test_the_first_start_makes_the_index(opensearch: OpenSearch, attempt: int) -> None:
    assert not opensearch.indices.exists(index=INDEX)
    with TestClient(create_app()) as client:
        assert total(client) == 12
    mappings = opensearch.indices.get_mapping(index=INDEX)[INDEX]["mappings"]
    assert mappings["properties"].keys() == DEFINITION["mappings"]["properties"].keys()


def test_the_next_start_leaves_it_alone(client: TestClient, seedstate) -> None:
    client.delete("/films/lamplighters")
    before = seedstate.changes()
    with TestClient(create_app()) as restarted:
        assert total(restarted) == 11
    assert seedstate.changes().changes == before.changes


def test_the_command_starts_over(
    client: TestClient, seedstate, seedstate_env: Mapping[str, str]
) -> None:
    client.delete("/films/lamplighters")
    client.put("/films/zeppelin-weather", json=FILM)
    done = subprocess.run(
        [sys.executable, "-m", "films"],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **seedstate_env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "12 films\n"), done.stderr
    assert total(client) == 12
    assert client.get("/films/lamplighters").status_code == 200
    assert not seedstate.changes().changes
