"""The project whose runs are killed: few tests, four stores, each looked at in full."""

from __future__ import annotations

FILES = {
    "scenarios/shop.py": """
        from pytest_seedstate import Document, Item, Object, Record, Row, reset_state, scenario

        class Mark(Record):
            number: int
            text: str
            body: bytes
            stored_in = (
                Row("marks"),
                Item("marks", pk="M#{number}"),
                Object("marks", key="{number}.bin", body="body"),
                Document("marks", id="{number}"),
            )

        @scenario("marks")
        def marks(seed, count=3):
            for number in range(count):
                yield Mark(number=number, text=f"text {number}", body=b"%d" % number)

        @scenario("written", extends="marks", stores=("postgres", "s3"))
        def written(seed):
            seed.postgres.execute("INSERT INTO marks VALUES (50, 'text 50')")
            seed.s3.put_object(Bucket="marks", Key="50.bin", Body=b"50")

        reset_state("clean")
    """
}

TESTS = """
    @pytest.fixture(autouse=True)
    def ports(seedstate_endpoints):
        tell_ports(seedstate_endpoints)

    def check(postgres, dynamodb, s3, opensearch, numbers, cloud=()):
        texts = [(number, f"text {number}") for number in [*numbers, *cloud]]
        assert postgres.execute("SELECT * FROM marks ORDER BY number").fetchall() == texts
        assert postgres.execute("SELECT count(*) FROM pg_tables "
            "WHERE schemaname = 'public'").fetchone() == (1,)
        items = dynamodb.Table("marks").scan()["Items"]
        assert sorted((int(item["number"]), item["text"]) for item in items) == texts[:len(numbers)]
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["marks"]
        objects = {each["Key"]: s3.get_object(Bucket="marks", Key=each["Key"])["Body"].read()
            for each in s3.list_objects_v2(Bucket="marks").get("Contents", [])}
        assert objects == {f"{number}.bin": b"%d" % number for number in [*numbers, *cloud]}
        found = opensearch.search(index="marks", body={"size": 100})["hits"]["hits"]
        assert sorted((int(hit["_id"]), hit["_source"]["text"]) for hit in found) == \\
            texts[:len(numbers)]
        assert list(opensearch.indices.get(index="*")) == ["marks"]

    def write(postgres, dynamodb, s3, opensearch, number):
        postgres.execute("DELETE FROM marks WHERE number = 1")
        postgres.execute("INSERT INTO marks VALUES (%s, 'new')", [number + 100])
        if number == 2:
            postgres.execute("CREATE TABLE more (id int)")
        dynamodb.Table("marks").put_item(Item={"pk": "M#1", "text": "other"})
        s3.put_object(Bucket="marks", Key="0.bin", Body=b"other")
        opensearch.delete(index="marks", id="0")
        opensearch.index(index="other", body={"new": number}, params={"refresh": "true"})

    @pytest.mark.scenario("marks")
    @pytest.mark.parametrize("number", range(5))
    def test_marks(number, postgres, dynamodb, s3, opensearch):
        check(postgres, dynamodb, s3, opensearch, range(3))
        write(postgres, dynamodb, s3, opensearch, number)

    @pytest.mark.scenario("written")
    @pytest.mark.parametrize("number", range(3))
    def test_written(number, postgres, dynamodb, s3, opensearch):
        check(postgres, dynamodb, s3, opensearch, range(3), [50])
        write(postgres, dynamodb, s3, opensearch, number)

    @pytest.mark.scenario("marks", count=5)
    def test_five(postgres, dynamodb, s3, opensearch, seedstate):
        check(postgres, dynamodb, s3, opensearch, range(5))
        seedstate.snapshot("five")
        write(postgres, dynamodb, s3, opensearch, 0)
        seedstate.restore("five")
        check(postgres, dynamodb, s3, opensearch, range(5))

    @pytest.mark.reset_state("clean")
    def test_only_the_schema(postgres, s3):
        assert postgres.execute("SELECT count(*) FROM marks").fetchone() == (0,)
        assert s3.list_objects_v2(Bucket="marks")["KeyCount"] == 0
"""
"""Tests that find other states one after another, and write to all stores."""
