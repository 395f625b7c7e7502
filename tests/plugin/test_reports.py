"""What a run tells of tests that left something behind, and of readonly tests that wrote."""

from __future__ import annotations

import json
import re

import pytest

from tests.plugin.conftest import write

LEAKING = """
    import pytest

    pytestmark = pytest.mark.scenario("three-products")

    @pytest.mark.parametrize("number", range(NUMBER))
    def test_alters(number, postgres):
        postgres.execute("ALTER TABLE products ADD COLUMN stock int")

    def test_rows(postgres): postgres.execute("DELETE FROM products")
"""


MIGRATING = """

@scenario("migrating", extends="three-products", ddl=True)
def migrating(seed): ...
"""


def test_tests_that_could_not_be_rewound_in_place(project: pytest.Pytester) -> None:
    """The dearest first, ten of them; the report has all."""
    write(project, "test_it.py", LEAKING.replace("NUMBER", "12"))

    result = project.runpytest("--seedstate-report=report.json")

    result.assert_outcomes(passed=13)
    lines = re.findall(
        r"^  test_it.py::test_alters\[\d+\]: postgres: replaced the database, after ALTER TABLE"
        r".* \(([\d.]+) (m?s)\)$",
        result.stdout.str(),
        re.MULTILINE,
    )
    took = [float(number) * (1000 if unit == "s" else 1) for number, unit in lines]
    assert len(took) == 10
    assert took == sorted(took, reverse=True)
    result.stdout.fnmatch_lines(
        [
            "not rewound in place, since something had to be replaced (12, * in all):",
            "  and 2 more; --seedstate-report=FILE has all",
        ]
    )
    report = json.loads((project.path / "report.json").read_text())
    assert {each["test"] for each in report["replaced"]} == {
        f"test_it.py::test_alters[{number}]" for number in range(12)
    }
    assert all(each["milliseconds"] > 0 for each in report["replaced"])
    assert all(each["store"] == "postgres" for each in report["replaced"])


def test_reports_of_workers_are_one(project: pytest.Pytester) -> None:
    """Each with the test's own name; a scenario that wants DDL is told nowhere."""
    with (project.path / "scenarios" / "shop.py").open("a") as pack:
        pack.write(MIGRATING)
    text = LEAKING.replace("NUMBER", "2")
    write(project, "test_a.py", text)
    write(project, "test_b.py", text)
    write(project, "test_c.py", text.replace("three-products", "migrating"))

    result = project.runpytest_subprocess(
        "-p", "xdist", "-n", "2", "--dist", "loadfile", "--seedstate-report=report.json"
    )

    result.assert_outcomes(passed=9)
    report = json.loads((project.path / "report.json").read_text())
    assert sorted(each["test"] for each in report["replaced"]) == [
        f"test_{module}.py::test_alters[{number}]" for module in "ab" for number in (0, 1)
    ]


READONLY = """
    import os, threading, time
    import psycopg, pytest

    pytestmark = pytest.mark.scenario("three-products", readonly=True)

    @pytest.fixture
    def writes_first(postgres): postgres.execute("DELETE FROM products WHERE sku = 'p000'")

    @pytest.fixture
    def writes_last(postgres):
        yield
        postgres.execute("DELETE FROM products WHERE sku = 'p001'")

    @pytest.fixture(scope="module")
    def layer(seedstate_env):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("INSERT INTO products VALUES ('layer', 'layer', 1)")
        yield
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("DELETE FROM products WHERE sku = 'layer'")

    def test_in_its_set_up(writes_first): pass

    def test_in_its_teardown(writes_last): pass

    def test_ddl(postgres): postgres.execute("CREATE TABLE more (id int)")

    def test_a_sequence(postgres): postgres.execute("SELECT nextval('numbers')")

    def test_an_item(dynamodb): dynamodb.Table("shop").put_item(Item={"pk": "a", "sk": "b"})

    def test_a_bucket(s3):
        s3.put_bucket_tagging(
            Bucket="photos", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
        )

    def test_late(postgres):
        began = threading.Event()

        def work():
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                connection.execute("DELETE FROM products WHERE sku = 'p002'")
                began.set()
                time.sleep(0.4)

        threading.Thread(target=work).start()
        assert began.wait(10)

    def test_also_when_it_fails(postgres):
        postgres.execute("TRUNCATE products")
        assert False, "its own fault"

    def test_undone(postgres):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)

    def test_refused(postgres, dynamodb):
        with pytest.raises(psycopg.Error):
            postgres.execute("INSERT INTO products SELECT * FROM products")
        with pytest.raises(Exception, match="Conditional"):
            dynamodb.Table("shop").put_item(
                Item={"pk": "a", "sk": "b"}, ConditionExpression="attribute_exists(pk)"
            )

    def test_written_back(postgres):
        postgres.execute("UPDATE products SET name = name")

    def test_rolled_back(postgres):
        with postgres.transaction(force_rollback=True):
            postgres.execute("DELETE FROM products")

    def test_under_a_layer(layer, postgres):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (4,)
"""

WROTE = {
    "in_its_set_up": "- postgres products sku=p000",
    "in_its_teardown": "- postgres products sku=p001",
    "ddl": "* CREATE TABLE",
    "a_sequence": "* sequence numbers",
    "an_item": "+ dynamodb shop pk=a, sk=b",
    "a_bucket": "* ",
    "late": "- postgres products sku=p002",
    "also_when_it_fails": "- postgres products sku=p000",
}


def test_all_ways_in_which_a_readonly_test_may_write(project: pytest.Pytester) -> None:
    """Each is told with what it wrote; what was refused or is no change is fine."""
    write(project, "test_it.py", READONLY)
    write(
        project,
        "schema/1.sql",
        "CREATE TABLE products (sku text PRIMARY KEY, name text, price numeric);\n"
        "CREATE SEQUENCE numbers;\n",
    )

    result = project.runpytest(
        "-o", "seedstate_env=DATABASE_URL = {postgres.url}", "-o", "seedstate_schema=sql:schema"
    )

    text = result.stdout.str()
    told = {
        match[2]: match[3]
        for match in re.finditer(
            r"^_+ (ERROR at teardown of )?test_(\w+) _+\n(.*?)(?=^_{5,}|^={5,})",
            text,
            re.DOTALL | re.MULTILINE,
        )
        if "marked readonly and changed something" in match[3]
    }
    assert told.keys() == WROTE.keys(), text
    for name, wrote in WROTE.items():
        assert wrote in told[name], told[name]
    result.assert_outcomes(passed=7, failed=6, errors=3)
