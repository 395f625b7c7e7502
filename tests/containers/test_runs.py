"""Whole runs of pytest on containers, with the tests that run embedded as well."""

from __future__ import annotations

from pathlib import Path

from pytest_seedstate.services.containers.docker_engine import DockerEngine
from tests.on_demand import on_demand
from tests.plugin.inner_runs import InnerProject

PACK = """
    from pytest_seedstate import Document, Item, Object, Record, Row, scenario

    class Product(Record):
        sku: str
        name: str
        stored_in = (
            Row("products"), Item("shop", pk="{sku}"), Document("products", id="{sku}")
        )

    class Photo(Record):
        sku: str
        picture: bytes
        stored_in = (Object("photos", key="{sku}", body="picture"),)

    @scenario("catalogue")
    def catalogue(seed, count=3):
        for number in range(count):
            yield Product(sku=str(number), name="red car " * (number + 1))
            yield Photo(sku=str(number), picture=b"x")
"""

TESTS = """
    SCORES = []

    def count_all(postgres, dynamodb, s3, opensearch):
        return [
            postgres.execute("SELECT count(*) FROM products").fetchone()[0],
            dynamodb.Table("shop").scan()["Count"],
            s3.list_objects_v2(Bucket="photos")["KeyCount"],
            opensearch.count(index="products")["count"],
        ]

    @pytest.mark.scenario("catalogue")
    @pytest.mark.parametrize("turn", range(3))
    def test_writes(turn, postgres, dynamodb, s3, opensearch, seedstate):
        assert count_all(postgres, dynamodb, s3, opensearch) == [3, 3, 3, 3]
        query = {"query": {"match": {"name": "car"}}}
        hits = opensearch.search(index="products", body=query)["hits"]["hits"]
        SCORES.append([(hit["_id"], hit["_score"]) for hit in hits])
        assert SCORES[0] == SCORES[-1]

        postgres.execute("DELETE FROM products WHERE sku = '1'")
        dynamodb.Table("shop").put_item(Item={"pk": "9", "turn": turn})
        dynamodb.Table("shop").delete_item(Key={"pk": "0"})
        s3.put_object(Bucket="photos", Key="0", Body=b"another", Metadata={"by": "me"})
        s3.delete_object(Bucket="photos", Key="2")
        opensearch.index(index="products", id="9", body={"name": "car"}, refresh=True)
        opensearch.delete(index="products", id="1", refresh=True)

        assert {(one.store, one.kind) for one in seedstate.changes()} == {
            ("postgres", "deleted"),
            ("dynamodb", "inserted"), ("dynamodb", "deleted"),
            ("s3", "updated"), ("s3", "deleted"),
            ("opensearch", "inserted"), ("opensearch", "deleted"),
        }
        writers = {one.store: one.writers for one in seedstate.changes()}
        assert "Boto3" in writers["dynamodb"][0] and "opensearch-py" in writers["opensearch"][0]

    @pytest.mark.scenario("catalogue")
    def test_changes_definitions(postgres, dynamodb, s3, opensearch):
        postgres.execute("ALTER TABLE products ADD more text")
        dynamodb.Table("shop").delete()
        s3.create_bucket(
            Bucket="more", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )
        opensearch.indices.delete(index="products")
        opensearch.indices.create(index="more")

    @pytest.mark.scenario("catalogue")
    def test_finds_them_as_they_were(postgres, dynamodb, s3, opensearch):
        assert count_all(postgres, dynamodb, s3, opensearch) == [3, 3, 3, 3]
        assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["photos"]
        assert not opensearch.indices.exists(index="more")

    @pytest.mark.scenario("catalogue", count=5)
    def test_another_state(postgres, dynamodb, s3, opensearch):
        assert count_all(postgres, dynamodb, s3, opensearch) == [5, 5, 5, 5]

    @pytest.mark.scenario("catalogue")
    def test_and_back(postgres, dynamodb, s3, opensearch, seedstate):
        assert count_all(postgres, dynamodb, s3, opensearch) == [3, 3, 3, 3]
        postgres.execute("DELETE FROM products")
        opensearch.delete(index="products", id="1", refresh=True)
        seedstate.snapshot("less")
        dynamodb.Table("shop").delete_item(Key={"pk": "0"})
        opensearch.delete(index="products", id="2", refresh=True)
        seedstate.restore("less")
        assert count_all(postgres, dynamodb, s3, opensearch) == [0, 3, 3, 2]
"""


# `tests.on_containers` runs suites of others so each time.
@on_demand
def test_the_same_tests_on_containers(tmp_path: Path, engine: DockerEngine) -> None:
    """Every store goes back, as a full comparison after each rewind says; no container is left."""
    project = InnerProject(tmp_path, TESTS, {"scenarios/shop.py": PACK})

    done = project.run("--seedstate-provider=containers", "--seedstate-verify")

    assert done.code == 0, done.output
    assert "7 passed" in done.output
    assert "provider: containers" in done.output
    assert engine.find(project=str(tmp_path)) == []
    assert project.leftovers() == []
