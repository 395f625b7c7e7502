"""Parcels: rows in PostgreSQL, their way in DynamoDB, labels in S3, found by OpenSearch."""

import os

import boto3
import psycopg
from opensearchpy import OpenSearch

places = boto3.resource("dynamodb").Table("parcel-places")
labels = boto3.client("s3")
search = OpenSearch(os.environ["OPENSEARCH_URL"])


def accept(number: str, receiver: str) -> None:
    """Take a parcel in: three services know it afterwards."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO parcels (number, receiver) VALUES (%s, %s)", [number, receiver]
        )
    labels.put_object(Bucket="parcel-labels", Key=f"{number}.txt", Body=receiver.encode())
    search.index(
        index="parcels", id=number, body={"number": number, "receiver": receiver}, refresh=True
    )


def move(number: str, place: str) -> None:
    """A parcel has come somewhere."""
    places.put_item(Item={"pk": number, "place": place})


def lose(number: str) -> None:
    """A parcel is gone, wherever it was known."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM parcels WHERE number = %s", [number])
    places.delete_item(Key={"pk": number})
    labels.delete_object(Bucket="parcel-labels", Key=f"{number}.txt")
    search.delete(index="parcels", id=number, refresh=True)


def find(words: str) -> list[str]:
    """Numbers of the parcels for whoever is called like that."""
    told = search.search(index="parcels", body={"query": {"match": {"receiver": words}}})
    return sorted(hit["_id"] for hit in told["hits"]["hits"])
