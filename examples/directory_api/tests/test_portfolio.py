"""Portfolios: files in S3, items in DynamoDB, both or neither."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from wishes import JPEG, picture

from scenarios.tattoo_directory.records import BUCKET, Artist, PortfolioImage

pytestmark = pytest.mark.scenario("portfolio-rich")


@pytest.fixture
def images(artist: Artist, seedstate) -> list[PortfolioImage]:
    """The artist's pictures in order."""
    return [
        known for known in seedstate.records(PortfolioImage) if known.artist_id == artist.artist_id
    ]


def test_the_pictures_are_listed(
    client: TestClient, artist: Artist, images: list[PortfolioImage]
) -> None:
    shown = client.get(f"/v1/artists/{artist.artist_id}/images").json()
    assert [image["s3Key"] for image in shown] == [image.s3_key for image in images]
    assert len(shown) >= 8


def test_a_picture_is_sent_as_it_is_stored(
    client: TestClient, artist: Artist, images: list[PortfolioImage], s3
) -> None:
    answer = client.get(f"/v1/artists/{artist.artist_id}/images/1/content")
    assert answer.headers["content-type"] == images[0].content_type
    stored = s3.get_object(Bucket=BUCKET, Key=images[0].s3_key)["Body"].read()
    assert answer.content == stored


def test_a_new_picture_gets_the_next_number(
    client: TestClient, artist: Artist, images: list[PortfolioImage]
) -> None:
    made = client.post(f"/v1/artists/{artist.artist_id}/images", **picture())
    assert made.status_code == 201
    assert made.json()["number"] == len(images) + 1
    assert client.get(made.json()["content"]).content == JPEG
    profile = client.get(f"/v1/artists/{artist.artist_id}").json()
    assert profile["portfolioImages"][-1] == made.json()["url"]


def test_an_upload_is_an_object_two_items_and_a_document(
    client: TestClient, artist: Artist, seedstate, searchable: Callable[..., None]
) -> None:
    client.post(f"/v1/artists/{artist.artist_id}/images", **picture())
    searchable()
    assert sorted((change.store, change.kind) for change in seedstate.changes()) == [
        ("dynamodb", "inserted"),
        ("dynamodb", "updated"),
        ("opensearch", "updated"),
        ("postgres", "inserted"),  # the message to the indexer
        ("s3", "inserted"),
    ]


def test_a_removed_picture_is_gone(
    client: TestClient, artist: Artist, images: list[PortfolioImage]
) -> None:
    address = f"/v1/artists/{artist.artist_id}/images"
    assert client.delete(f"{address}/2").status_code == 204
    assert client.get(f"{address}/2/content").status_code == 404
    assert len(client.get(address).json()) == len(images) - 1


def test_the_bucket_is_emptied(client: TestClient, artist: Artist, s3) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = [{"Key": found["Key"]} for page in pages for found in page.get("Contents", [])]
    assert keys
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    made = client.post(f"/v1/artists/{artist.artist_id}/images", **picture())
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    assert client.get(made.json()["content"]).content == JPEG


def test_a_picture_is_painted_over(
    client: TestClient, artist: Artist, images: list[PortfolioImage], s3
) -> None:
    s3.put_object(Bucket=BUCKET, Key=images[0].s3_key, Body=b"paint", ContentType="image/png")
    answer = client.get(f"/v1/artists/{artist.artist_id}/images/1/content")
    assert (answer.content, answer.headers["content-type"]) == (b"paint", "image/png")


def test_whose_portfolio_goes_with_the_artist(
    client: TestClient, artist: Artist, images: list[PortfolioImage], s3, dynamodb
) -> None:
    client.delete(f"/v1/artists/{artist.artist_id}")
    keys = {image.s3_key for image in images}
    left = {found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert not keys & left
    item = dynamodb.Table("tattoo-directory").get_item(
        Key={"pk": f"ARTIST#{artist.artist_id}", "sk": "IMAGE#001"}
    )
    assert "Item" not in item


def test_not_a_picture(client: TestClient, artist: Artist, seedstate) -> None:
    upload = {"files": {"file": ("a.txt", b"text", "text/plain")}, "data": picture()["data"]}
    answer = client.post(f"/v1/artists/{artist.artist_id}/images", **upload)
    assert (answer.status_code, answer.json()["title"]) == (415, "Not An Image")
    assert not seedstate.changes()
