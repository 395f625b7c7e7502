"""Kept LocalStack and OpenSearch: what a killed run has left in them, and who may be in them at once."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from pytest_seedstate.services.containers.docker_engine import DockerEngine
from pytest_seedstate.services.containers.sweeping import remove_kept
from tests.containers.test_runs import PACK
from tests.on_demand import on_demand
from tests.plugin.inner_runs import InnerProject

KEEPING = ("--seedstate-provider=containers", "--seedstate-reuse")

LEAVES = """
    from functools import partial

    import boto3

    def clients(name):
        # The account of the tests, and another one.
        for account, region in (("123456789012", "eu-west-2"), ("000000000042", "us-east-1")):
            yield boto3.client(
                name,
                endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                region_name=region,
                aws_access_key_id=account,
                aws_secret_access_key="any",
            )

    def leave(dynamodb, s3, opensearch):
        for client in clients("dynamodb"):
            client.create_table(
                TableName="left",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
                DeletionProtectionEnabled=True,
            )
        for number, client in enumerate(clients("s3")):
            where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-2"}}
            client.create_bucket(Bucket=f"left-{number}", **({} if number else where))
            client.put_object(Bucket=f"left-{number}", Key="left", Body=b"left")
        for client in clients("sqs"):
            client.create_queue(QueueName="left")
        for client in clients("sns"):
            client.create_topic(Name="left")
        for client in clients("secretsmanager"):
            client.create_secret(Name="left", SecretString="left")
        s3.delete_object(Bucket="photos", Key="1")
        put = partial(opensearch.transport.perform_request, "PUT")
        opensearch.delete_by_query(index="products", body={"query": {"match_all": {}}})
        put("/indices", body={"aliases": {"left": {}}})
        put("/.left", body={"settings": {"index.hidden": True, "index.blocks.read_only": True}})
        put("/_index_template/left", body={"index_patterns": ["x*"]})
        put("/_ingest/pipeline/left", body={"processors": []})
        put("/_scripts/left", body={"script": {"lang": "painless", "source": "1"}})
        put("/_cluster/settings", body={"persistent": {"cluster.blocks.read_only": True}})

    def left():
        for client in clients("dynamodb"):
            yield from client.list_tables()["TableNames"]
        for client in clients("s3"):
            yield from (one["Name"] for one in client.list_buckets()["Buckets"])
        for client in clients("sqs"):
            yield from client.list_queues().get("QueueUrls", [])
        for client in clients("sns"):
            yield from client.list_topics()["Topics"]
        for client in clients("secretsmanager"):
            yield from client.list_secrets()["SecretList"]

    @pytest.mark.scenario("catalogue")
    def test_finds_clean_services(postgres, dynamodb, s3, opensearch, seedstate_env):
        look = opensearch.transport.perform_request
        assert list(left()) == ["shop", "photos"]
        assert dynamodb.Table("shop").scan()["Count"] == 3
        assert s3.list_objects_v2(Bucket="photos")["KeyCount"] == 3
        assert opensearch.count(index="products")["count"] == 3
        assert list(look("GET", "/_all?expand_wildcards=all")) == ["products"]
        metadata = look("GET", "/_cluster/state/metadata")["metadata"]
        assert "left" not in str({**metadata, "index-graveyard": None})
        assert not any(look("GET", "/_cluster/settings").values())
        if os.environ.get("STAYS"):
            leave(dynamodb, s3, opensearch)
            Path("here").touch()
            time.sleep(600)
"""


@pytest.mark.usefixtures("clean_up")
@on_demand
def test_after_a_killed_run(tmp_path: Path, engine: DockerEngine) -> None:
    """The next run takes the same containers, and finds nothing in them, whoever has left it."""
    ini = "\n[pytest]\naddopts = -p no:cacheprovider -p seedstate\nfilterwarnings = error\n"
    ini += "seedstate_env =\n  AWS_ENDPOINT_URL = {aws.url}\n"
    project = InnerProject(tmp_path, LEAVES, {"scenarios/shop.py": PACK, "pytest.ini": ini})
    killed = project.start(*KEEPING, STAYS="yes")
    while killed.poll() is None and not (tmp_path / "here").exists():
        time.sleep(0.1)
    assert killed.poll() is None, killed.communicate()[0]
    before = {found.id for found in engine.find(project=str(tmp_path))}
    killed.send_signal(signal.SIGKILL)
    killed.communicate()

    done = project.run(*KEEPING)

    assert done.code == 0, done.output
    assert {found.id for found in engine.find(project=str(tmp_path))} == before
    assert len(before) == 3


WORKERS = """
    @pytest.mark.scenario("catalogue")
    @pytest.mark.parametrize("turn", range(6))
    def test_its_own(turn, dynamodb):
        table = dynamodb.Table("shop")
        assert table.scan()["Count"] == 1
        Path(f"here-{os.environ['PYTEST_XDIST_WORKER']}").touch()
        for number in range(200):
            if len(list(Path.cwd().glob("here-*"))) == 2:
                break
            time.sleep(0.5)
        table.put_item(Item={"pk": os.environ["PYTEST_XDIST_WORKER"]})
        assert table.scan()["Count"] == 2
"""

ITEMS = """
    from pytest_seedstate import Item, Record, scenario

    class Product(Record):
        sku: str
        stored_in = (Item("shop", pk="{sku}"),)

    @scenario("catalogue")
    def catalogue(seed):
        yield Product(sku="1")
"""

OBJECTS = """
    from pytest_seedstate import Object, Record, scenario

    class Photo(Record):
        sku: str
        picture: bytes
        stored_in = (Object("photos", key="{sku}", body="picture"),)

    @scenario("catalogue")
    def catalogue(seed):
        yield Photo(sku="1", picture=b"1")
"""

ONE_BUCKET = """
    @pytest.mark.scenario("catalogue")
    @pytest.mark.parametrize("turn", range(4))
    def test_bucket(turn, s3):
        # So that both workers have one of them.
        time.sleep(5)
"""


@pytest.mark.usefixtures("clean_up")
@on_demand
def test_workers(tmp_path: Path, engine: DockerEngine) -> None:
    """Each has a LocalStack of its own, the same again in the next run, or an account in one."""
    project = InnerProject(tmp_path, WORKERS, {"scenarios/shop.py": ITEMS})
    workers = ("-p", "xdist", "-n2", *KEEPING)
    for _ in range(2):
        done = project.run(*workers)
        assert done.code == 0, done.output
        kept = Counter(
            one.labels["pytest-seedstate.service"] for one in engine.find(project=str(tmp_path))
        )
        assert kept == {"aws": 2}
    remove_kept(engine, tmp_path)

    shared = ("-o", "seedstate_localstack=shared")
    for name in ("here-gw0", "here-gw1"):
        (tmp_path / name).unlink()
    done = project.run(*workers, *shared)
    assert done.code == 0, done.output
    assert len(engine.find(project=str(tmp_path))) == 1

    other = InnerProject(tmp_path, ONE_BUCKET, {"scenarios/shop.py": OBJECTS})
    done = other.run(*workers, *shared)
    assert "the S3 bucket 'photos' cannot be created: another account has it" in done.output
    assert "seedstate_localstack = own" in done.output
    assert len(engine.find(project=str(tmp_path))) == 1
