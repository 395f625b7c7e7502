"""Every test finds three parcels, whatever the others do."""

import parcels
import pytest


def count(postgres, dynamodb, s3, opensearch) -> list[int]:
    return [
        postgres.execute("SELECT count(*) FROM parcels").fetchone()[0],
        dynamodb.Table("parcel-places").scan()["Count"],
        s3.list_objects_v2(Bucket="parcel-labels")["KeyCount"],
        opensearch.count(index="parcels")["count"],
    ]


@pytest.fixture(autouse=True)
def _three(postgres, dynamodb, s3, opensearch):
    assert count(postgres, dynamodb, s3, opensearch) == [3, 3, 3, 3]


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_parcel_comes(attempt, seedstate):
    parcels.accept("4", "Ada Stone")
    assert parcels.find("stone") == ["1", "3", "4"]
    assert {change.store for change in seedstate.changes()} == {"postgres", "s3", "opensearch"}


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_parcel_is_lost(attempt, postgres, dynamodb, s3, opensearch):
    parcels.lose("2")
    assert count(postgres, dynamodb, s3, opensearch) == [2, 2, 2, 2]
    assert parcels.find("black") == []


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_parcel_moves(attempt, seedstate):
    parcels.move("1", "van")
    (change,) = seedstate.changes()
    assert (change.before["place"], change.after["place"]) == ("depot", "van")
