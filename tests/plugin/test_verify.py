"""``--seedstate-verify`` finds what a broken journal leaves, names it, repairs it, and fails the test."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import write
from tests.plugin.layered import write_layered

BROKEN = """
    import pytest
    from pytest_seedstate.services.host.journal import HostJournal
    from pytest_seedstate.stores.postgres.journal import PostgresJournal

    blind = []

    def break_it(journal):
        original = journal.is_clean
        journal.is_clean = lambda self, since=0: bool(blind) or original(self, since)

    def pytest_configure(config):
        HostJournal.sees, PostgresJournal.sees = HostJournal.is_clean, PostgresJournal.is_clean
        break_it(HostJournal)
        break_it(PostgresJournal)

    def pytest_unconfigure(config):
        HostJournal.is_clean, PostgresJournal.is_clean = HostJournal.sees, PostgresJournal.sees

    @pytest.fixture
    def broken():
        yield
        blind.append(True)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(): blind.clear()

    @pytest.fixture(scope="module")
    def layer():
        from quick import add
        add("layer")
"""

SCHEMA = """
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE things (name text PRIMARY KEY, mood mood);
    CREATE SEQUENCE numbers;
    CREATE VIEW names AS SELECT name FROM things;
    CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""

CASES = {
    "row": ('sql("DELETE FROM things")', 'postgres things "base": is missing'),
    "column": (
        "sql('ALTER TABLE things ADD extra int')",
        "postgres definition of things column extra",
    ),
    "constraint": (
        "sql(\"ALTER TABLE things ADD CONSTRAINT c CHECK (name <> '')\")",
        "postgres definition of things constraint c",
    ),
    "index": ("sql('CREATE INDEX i ON things (mood)')", "postgres definition of things index i"),
    "trigger": (
        "sql('CREATE TRIGGER t BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION same()')",
        "postgres definition of things trigger t",
    ),
    "function": (
        "sql(\"CREATE OR REPLACE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 2'\")",
        "postgres definition of function one()",
    ),
    "type": ("sql(\"ALTER TYPE mood ADD VALUE 'so-so'\")", "postgres definition of type mood"),
    "view": ("sql('DROP VIEW names')", "postgres definition of names column name: is missing"),
    "sequence": (
        "sql('ALTER SEQUENCE numbers INCREMENT 5')",
        "postgres definition of numbers sequence",
    ),
    "table": ("sql('CREATE TABLE more (id int)')", "postgres definition of more column id"),
    "item": ("table().put_item(Item={'pk': 'x'})", "dynamodb things"),
    "ttl": (
        "dynamo('update_time_to_live', TableName='things', "
        "TimeToLiveSpecification={'Enabled': True, 'AttributeName': 'at'})",
        "dynamodb definition of things TimeToLive",
    ),
    "tags of a table": (
        "dynamo('tag_resource', Tags=[{'Key': 'a', 'Value': 'b'}], ResourceArn=table().table_arn)",
        "dynamodb definition of things Tags",
    ),
    "dynamodb table": (
        "dynamo('create_table', TableName='more', BillingMode='PAY_PER_REQUEST', "
        "KeySchema=[{'AttributeName': 'pk', 'KeyType': 'HASH'}], "
        "AttributeDefinitions=[{'AttributeName': 'pk', 'AttributeType': 'S'}])",
        "dynamodb definition of more KeySchema",
    ),
    "object": ("bucket().Object('base').delete()", "s3 things base: is missing"),
    "cors": (
        "s3('put_bucket_cors', CORSConfiguration={'CORSRules': "
        "[{'AllowedMethods': ['GET'], 'AllowedOrigins': ['*']}]})",
        "s3 definition of things cors",
    ),
    "versioning": (
        "s3('put_bucket_versioning', VersioningConfiguration={'Status': 'Enabled'})",
        "s3 definition of things versioning",
    ),
    "policy": ("s3('put_bucket_policy', Policy=POLICY)", "s3 definition of things policy"),
    "tags of a bucket": (
        "s3('put_bucket_tagging', Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]})",
        "s3 definition of things tagging",
    ),
    "lifecycle": (
        "s3('put_bucket_lifecycle_configuration', LifecycleConfiguration={'Rules': "
        "[{'ID': 'r', 'Status': 'Enabled', 'Prefix': '', 'Expiration': {'Days': 1}}]})",
        "s3 definition of things lifecycle",
    ),
    "bucket": (
        "boto3.Session().client('s3').create_bucket(Bucket='more', "
        "CreateBucketConfiguration={'LocationConstraint': 'eu-west-2'})",
        "s3 definition of more bucket: should not be there",
    ),
    "document": (
        "search().delete(index='things', id='base', refresh=True)",
        "opensearch things base",
    ),
    "mapping": (
        "search().indices.put_mapping(index='things', body={'properties': {'x': {'type': 'ip'}}})",
        "opensearch definition of things mappings",
    ),
    "setting": (
        "search().indices.put_settings(index='things', body={'index': {'max_result_window': 9}})",
        "opensearch definition of things settings",
    ),
    "alias": (
        "search().indices.put_alias(index='things', name='all')",
        "opensearch definition of things aliases",
    ),
    "template": (
        "search().indices.put_index_template(name='t', body={'index_patterns': ['x-*']})",
        "opensearch definition of index template t",
    ),
    "pipeline": (
        "search().ingest.put_pipeline(id='p', body={'processors': []})",
        "opensearch definition of pipeline p",
    ),
}
"""What a test does, and how the difference is named."""

HELPERS = """
    import boto3, json, pytest
    from probe import *

    pytestmark = pytest.mark.scenario("one-thing")

    def sql(statement):
        with database() as connection:
            connection.execute(statement)

    def dynamo(operation, **arguments):
        getattr(boto3.Session().client("dynamodb"), operation)(**arguments)

    def s3(operation, **arguments):
        getattr(boto3.Session().client("s3"), operation)(Bucket="things", **arguments)

    def dumped():
        session = boto3.Session()
        with database() as connection:
            columns = connection.execute(
                "SELECT table_name, column_name, udt_name FROM information_schema.columns "
                "WHERE table_schema = 'public' ORDER BY 1, 2"
            ).fetchall()
            rest = connection.execute(
                "SELECT one(), enum_range(NULL::mood), (SELECT count(*) FROM pg_indexes "
                "WHERE tablename = 'things'), (SELECT count(*) FROM pg_constraint WHERE conname = 'c'),"
                "(SELECT count(*) FROM pg_trigger WHERE tgname = 't'),"
                "(SELECT seqincrement FROM pg_sequence WHERE seqrelid = 'numbers'::regclass)"
            ).fetchall()
        client, buckets = session.client("dynamodb"), session.client("s3")
        refused = {}
        for name in ("cors", "policy", "tagging", "lifecycle_configuration"):
            try:
                refused[name] = getattr(buckets, f"get_bucket_{name}")(Bucket="things")
            except Exception as error:
                refused[name] = str(error)
        return [
            there(), columns, rest, client.list_tables()["TableNames"],
            client.describe_time_to_live(TableName="things")["TimeToLiveDescription"],
            client.list_tags_of_resource(ResourceArn=table().table_arn).get("Tags"),
            [each["Name"] for each in buckets.list_buckets()["Buckets"]], refused,
            buckets.get_bucket_versioning(Bucket="things").get("Status"),
            search().indices.get(index="*"), search().indices.get_index_template(ignore=[404]),
            search().ingest.get_pipeline(ignore=[404]),
        ]

    BEFORE = []
    POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
         "Resource": "arn:aws:s3:::things"}]})

    def test_before(): BEFORE.append(dumped())

"""

CASE = """
    def test_NUMBER(broken): STATEMENT

    def test_after_NUMBER(): assert dumped() == BEFORE[0]

"""


def test_each_kind_of_difference_is_named_and_repaired(project: pytest.Pytester) -> None:
    """With journals that see nothing: the test that leaked fails, and the next one is right."""
    write_layered(project, all_stores=True)
    write(project, "conftest.py", BROKEN)
    write(project, "scenarios/things.py", (project.path / "scenarios/things.py").read_text())
    write(project, "schema/1.sql", SCHEMA)
    ini = project.path / "pytest.ini"
    ini.write_text(ini.read_text() + "seedstate_schema = sql:schema\n")
    cases = [
        CASE.replace("NUMBER", str(number)).replace("STATEMENT", statement)
        for number, (statement, _) in enumerate(CASES.values())
    ]
    write(project, "test_it.py", HELPERS + "".join(cases))

    result = project.runpytest("-o", "seedstate_verify=true")

    told = {
        match[1]: match[2]
        for match in re.finditer(
            r"ERROR at teardown of test_(\d+) _+\n(.*?)(?=\n_{5,}|\n={5,})",
            result.stdout.str(),
            re.DOTALL,
        )
    }
    for number, (name, (_, named)) in enumerate(CASES.items()):
        assert named in told.get(str(number), ""), f"{name}: {told.get(str(number))}"
        assert "the stores were repaired" in told[str(number)], name
    result.assert_outcomes(passed=2 * len(CASES) + 1, errors=len(CASES))


def test_a_layer_is_set_up_anew_after_a_repair(project: pytest.Pytester) -> None:
    """What its fixture wrote goes with the repair, so the fixture is torn down too."""
    write_layered(project, all_stores=False)
    write(project, "conftest.py", BROKEN)
    write(
        project,
        "test_it.py",
        """
        import pytest
        from quick import *

        pytestmark = pytest.mark.scenario("one-thing")

        def test_one(layer): see("layer")

        def test_leaks(layer, broken):
            see("layer")
            add("leaked")

        def test_next(layer): see("layer")

        def test_last(): see("layer")
        """,
    )

    result = project.runpytest("--seedstate-verify")

    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_leaks*",
            '*postgres things "leaked": should not be there',
            "*torn down, to be set up again when asked for: module fixture 'layer'",
        ]
    )


def test_nobody_is_blamed_for_a_writer_that_does_not_stop(project: pytest.Pytester) -> None:
    """What it writes is undone; that its stores cannot be compared meanwhile is told."""
    project.makepyfile(
        """
        import os, threading, psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")
        stop = threading.Event()
        workers = []

        def work():
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
                while not stop.is_set():
                    connection.execute("UPDATE products SET price = price + 1 WHERE sku = 'p000'")

        def test_starts_one(postgres):
            workers.append(threading.Thread(target=work))
            workers[0].start()

        def test_meanwhile(): pass

        def test_stops_it():
            stop.set()
            workers[0].join()

        def test_nothing_of_it_is_left(seedstate, postgres):
            assert not seedstate.changes()
        """
    )
    result = project.runpytest(
        "-o", "seedstate_env=DATABASE_URL = {postgres.url}", "--seedstate-verify"
    )

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["stores were not compared while somebody went on writing"])
