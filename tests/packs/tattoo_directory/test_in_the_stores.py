"""The pack in real stores, through the plugin: what scenarios promise is what applications find."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

TESTS = """
    import pytest
    from boto3.dynamodb.conditions import Key
    from scenarios.tattoo_directory.records import Artist, PortfolioImage, StoredPicture, Studio

    BUCKET = "tattoo-directory-images"

    def items_of(dynamodb, kind):
        table = dynamodb.Table("tattoo-directory")
        return [item for item in pages(table.scan) if item["pk"].startswith(kind)
                and item["sk"] == "PROFILE"]

    def pages(read, **arguments):
        page = read(**arguments)
        yield from page["Items"]
        while "LastEvaluatedKey" in page:
            page = read(**arguments, ExclusiveStartKey=page["LastEvaluatedKey"])
            yield from page["Items"]

    def rows(postgres, table):
        return postgres.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    COUNTS = {"minimal": 3, "london-artists": 5, "portfolio-rich": 4, "full-dataset": 10, "empty": 0}

    @pytest.mark.parametrize(
        ("name", "count"),
        [pytest.param(name, count, marks=pytest.mark.scenario(name)) for name, count in COUNTS.items()],
    )
    def test_every_store_has_its_artists(name, count, seedstate, postgres, dynamodb, s3):
        artists = seedstate.records(Artist)
        assert len(artists) == count
        assert rows(postgres, "artists") == count
        assert sorted(item["pk"] for item in items_of(dynamodb, "ARTIST#")) == sorted(
            f"ARTIST#{artist.artist_id}" for artist in artists)
        assert rows(postgres, "studios") == len(seedstate.records(Studio))
        keys = {thing["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
                for thing in page.get("Contents", [])}
        assert {picture.key for picture in seedstate.records(StoredPicture)} == keys

    @pytest.mark.scenario("performance-test", count=120)
    def test_many(postgres, dynamodb):
        assert rows(postgres, "artists") == 120
        assert len(items_of(dynamodb, "ARTIST#")) == 120

    @pytest.mark.scenario("full-dataset")
    def test_table_and_rows_agree(postgres, dynamodb):
        found = dict(postgres.execute("SELECT id, rating FROM artists").fetchall())
        told = {item["pk"].removeprefix("ARTIST#"): item["rating"]
                for item in items_of(dynamodb, "ARTIST#")}
        assert found == told
        averages = postgres.execute(
            "SELECT a.id FROM artists a JOIN reviews r ON r.artist_id = a.id GROUP BY a.id, a.rating "
            "HAVING round(avg(r.rating), 1) <> a.rating").fetchall()
        assert averages == []

    @pytest.mark.scenario("minimal")
    def test_pictures_have_their_types_and_the_bucket_its_cors(s3):
        for thing in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
            assert s3.head_object(Bucket=BUCKET, Key=thing["Key"])["ContentType"].startswith("image/")
        assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]

    @pytest.mark.scenario("minimal")
    def test_new_rows_get_keys_past_the_loaded_ones(postgres):
        (highest,) = postgres.execute("SELECT max(id) FROM reviews").fetchone()
        (fresh,) = postgres.execute(
            "INSERT INTO reviews (artist_id, client_name, rating, text) "
            "SELECT min(id), 'Ann', 5, 'x' FROM artists RETURNING id"
        ).fetchone()
        assert fresh == highest + 1

    @pytest.mark.reset_state("clean")
    def test_clean(postgres, dynamodb, s3):
        assert rows(postgres, "artists") == 0
        assert list(pages(dynamodb.Table("tattoo-directory").scan)) == []
        assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)

    @pytest.mark.reset_state("fresh")
    def test_fresh(postgres):
        assert rows(postgres, "artists") == 10

    @pytest.mark.reset_state("minimal")
    def test_minimal(postgres):
        assert rows(postgres, "artists") == 3
"""


def test_the_packs_promises_hold_in_the_stores(pytester: pytest.Pytester) -> None:
    """Counts, keys, types, ratings and reset states, with every rewind verified."""
    pytester.makepyfile(TESTS)

    result = pytester.runpytest_subprocess(
        "-p",
        "no:randomly",
        "--seedstate-verify",
        "-o",
        f"seedstate_scenarios={ROOT / 'scenarios'}",
        "-o",
        f"pythonpath={ROOT}",
    )

    result.assert_outcomes(passed=12)
