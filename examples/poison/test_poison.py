"""Each test is right, and each is the other's poison: they share a table, and both write."""

import boto3

artists = boto3.resource("dynamodb").Table("artists")  # address and keys: from the environment


def test_an_artist_joins() -> None:
    artists.put_item(Item={"pk": "carla"})
    assert artists.scan()["Count"] == 3


def test_an_artist_leaves() -> None:
    artists.delete_item(Key={"pk": "bob"})
    assert artists.scan()["Count"] == 1
