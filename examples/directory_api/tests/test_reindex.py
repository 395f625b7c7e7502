"""The index is built anew, swapped, lost, and mapped otherwise: the next test has it as it was."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from directory_api.reindex import rebuild
from fastapi.testclient import TestClient
from opensearchpy import NotFoundError, OpenSearch, RequestError, helpers

from scenarios.tattoo_directory.records import Artist

pytestmark = pytest.mark.scenario("full-dataset")

Wait = Callable[..., None]

WORDS = {"query": {"match": {"bio": "portraits"}}, "sort": ["_score", "artistId"]}


def indices(opensearch: OpenSearch) -> list[str]:
    return list(opensearch.indices.get_alias())


def hits(opensearch: OpenSearch) -> list[tuple[str, float, dict]]:
    answer = opensearch.search(index="artists", body=WORDS)
    return [(hit["_id"], hit["_score"], hit["_source"]) for hit in answer["hits"]["hits"]]


@pytest.mark.parametrize("times", [1, 2])
def test_the_index_is_built_anew(client: TestClient, opensearch: OpenSearch, times: int) -> None:
    assert indices(opensearch) == ["artists"]
    documents = list(helpers.scan(opensearch, index="artists"))
    before = hits(opensearch)
    assert before
    for _ in range(times):
        assert rebuild() == 10
    [made] = indices(opensearch)
    assert made.startswith("artists-2")
    assert [hit["_source"] for hit in helpers.scan(opensearch, index="artists")] == [
        hit["_source"] for hit in documents
    ]
    assert hits(opensearch) == before


def test_the_new_index_is_made_like_the_old_one(client: TestClient, opensearch: OpenSearch) -> None:
    def made() -> tuple[dict, dict]:
        [found] = opensearch.indices.get(index="artists").values()
        return found["mappings"], found["settings"]["index"]["analysis"]

    before = made()
    rebuild()
    assert made() == before


def test_what_was_lost_comes_back(client: TestClient, opensearch: OpenSearch) -> None:
    every = {"query": {"match_all": {}}}
    opensearch.delete_by_query(index="artists", body=every, refresh=True)
    assert client.get("/v1/search").json()["total"] == 0
    rebuild()
    assert client.get("/v1/search").json()["total"] == 10


def test_the_indexer_writes_to_the_new_index(
    client: TestClient, seedstate, opensearch: OpenSearch, searchable: Wait
) -> None:
    rebuild()
    [first, second, *_] = [artist.artist_id for artist in seedstate.records(Artist)]
    client.patch(f"/v1/artists/{first}", json={"bio": "Zeppelins only."})
    client.delete(f"/v1/artists/{second}")
    searchable(2)
    answer = client.get("/v1/search", params={"q": "zeppelin"}).json()
    assert [artist["artistId"] for artist in answer["artists"]] == [first]
    assert client.get("/v1/search").json()["total"] == 9
    assert len(indices(opensearch)) == 1


def test_the_command(opensearch: OpenSearch, seedstate_env: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "directory_api.reindex"],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **seedstate_env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "10 artists\n"), done.stderr
    assert "artists" not in indices(opensearch)


def test_a_profile_that_does_not_fit_stops_it(
    client: TestClient, opensearch: OpenSearch, dynamodb, seedstate
) -> None:
    artist = seedstate.records(Artist)[-1]
    dynamodb.Table("tattoo-directory").update_item(
        Key={"pk": f"ARTIST#{artist.artist_id}", "sk": "PROFILE"},
        UpdateExpression="SET shoeSize = :size",
        ExpressionAttributeValues={":size": 42},
    )
    with pytest.raises(helpers.BulkIndexError, match="shoeSize"):
        rebuild()
    assert indices(opensearch) == ["artists"]
    assert client.get("/v1/search").json()["total"] == 10


def test_the_index_is_dropped(client: TestClient, opensearch: OpenSearch) -> None:
    opensearch.indices.delete(index="artists")
    assert indices(opensearch) == []
    assert client.get("/v1/search").status_code == 503


@pytest.mark.parametrize("attempt", [1, 2])
def test_the_mapping_grows(opensearch: OpenSearch, seedstate, attempt: int) -> None:
    artist_id = seedstate.records(Artist)[0].artist_id
    fields = {"doc": {"shoeSize": 42}}
    with pytest.raises(RequestError, match="strict_dynamic_mapping_exception"):
        opensearch.update(index="artists", id=artist_id, body=fields)
    grown = {"properties": {"shoeSize": {"type": "byte"}}}
    opensearch.indices.put_mapping(index="artists", body=grown)
    opensearch.update(index="artists", id=artist_id, body=fields, refresh=True)
    sized = {"query": {"term": {"shoeSize": 42}}}
    assert opensearch.count(index="artists", body=sized)["count"] == 1


@pytest.mark.parametrize("attempt", [1, 2])
def test_settings_aliases_templates_and_pipelines(opensearch: OpenSearch, attempt: int) -> None:
    assert not opensearch.indices.exists_alias(name="londoners")
    assert not opensearch.indices.exists_index_template(name="studios")
    with pytest.raises(NotFoundError):
        opensearch.ingest.get_pipeline(id="handles")
    settings = opensearch.indices.get_settings(index="artists")["artists"]["settings"]["index"]
    assert "refresh_interval" not in settings

    city = {"term": {"tattooStudio.address.city": "London"}}
    opensearch.indices.put_alias(index="artists", name="londoners", body={"filter": city})
    opensearch.indices.put_index_template(name="studios", body={"index_patterns": ["studios*"]})
    processors = [{"lowercase": {"field": "instagramHandle"}}]
    opensearch.ingest.put_pipeline(id="handles", body={"processors": processors})
    opensearch.indices.put_settings(index="artists", body={"refresh_interval": "-1"})
    assert 0 < opensearch.count(index="londoners")["count"] < 10
