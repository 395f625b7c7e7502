"""Whole runs on services that somebody else runs, and uses: what is theirs stays, ours goes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.plugin.inner_runs import InnerProject
from tests.proxy.services import moto_server

PACK = """
    from pytest_seedstate import Item, Object, Record, scenario

    class Photo(Record):
        sku: str
        body: bytes = b"picture"
        stored_in = (Item("shop", pk="{sku}"), Object("photos", key="{sku}.jpg", body="body"))

    @scenario("three")
    def three(seed):
        for number in range(3):
            yield Photo(sku=str(number))
"""
TESTS = """
    pytestmark = pytest.mark.scenario("three")

    def test_makes(dynamodb, s3):
        assert len(dynamodb.Table("shop").scan()["Items"]) == 3
        dynamodb.create_table(
            TableName="made", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
        s3.create_bucket(
            Bucket="made", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        s3.put_object(Bucket="made", Key="key", Body=b"body")
        wait()

    def test_finds_what_was_loaded(dynamodb, s3):
        assert sorted(table.name for table in dynamodb.tables.all()) == ["precious", "shop"]
        assert len(dynamodb.Table("shop").scan()["Items"]) == 3
        buckets = {each["Name"] for each in s3.list_buckets()["Buckets"]}
        assert buckets == {"precious", "photos"}

    def wait():
        if os.environ.get("WAITS"):
            open("there", "w").close()
            time.sleep(600)
"""
INI = """
    [pytest]
    addopts = -p no:cacheprovider -p seedstate --strict-markers
    seedstate_provider = aws=external
    seedstate_env = AWS_ENDPOINT_URL = {aws.url}
"""


def project(root: Path, tests: str = TESTS, ini: str = INI) -> InnerProject:
    return InnerProject(root, tests, {"scenarios/shop.py": PACK, "pytest.ini": ini})


@pytest.fixture(scope="module")
def server() -> Iterator[Mapping[str, str]]:
    """A moto server with a table and a bucket of somebody's."""
    with moto_server() as variables:
        make_table(variables, "precious")
        client(variables, "s3").create_bucket(
            Bucket="precious", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )
        yield variables


def client(variables: Mapping[str, str], service: str) -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=variables["url"],
        region_name="eu-west-2",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )


def make_table(variables: Mapping[str, str], name: str) -> None:
    dynamodb = client(variables, "dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "of somebody"}})


def there(variables: Mapping[str, str]) -> tuple[list[str], list[str]]:
    tables = client(variables, "dynamodb").list_tables()["TableNames"]
    buckets = client(variables, "s3").list_buckets()["Buckets"]
    return sorted(tables), sorted(each["Name"] for each in buckets)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": variables["url"], "AWS_REGION": "eu-west-2"}


def test_a_killed_run_is_tidied_up_by_the_next(tmp_path: Path, server: Mapping[str, str]) -> None:
    """What its schema and its test have made, but nothing that somebody else has made meanwhile."""
    killed = project(tmp_path)
    process = killed.start(WAITS="1", **environment(server))
    killed.wait_for("there", process)
    make_table(server, "meanwhile")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert there(server) == (
        ["made", "meanwhile", "precious", "shop"],
        ["made", "photos", "precious"],
    )

    tests = TESTS.replace('["precious", "shop"]', '["meanwhile", "precious", "shop"]')
    done = project(tmp_path, tests).run(**environment(server))

    assert done.code == 0, done.output
    assert there(server) == (["meanwhile", "precious"], ["precious"])
    client(server, "dynamodb").delete_table(TableName="meanwhile")


def test_what_others_make_during_a_run_stays(tmp_path: Path, server: Mapping[str, str]) -> None:
    """A rewind and the run's end leave it alone."""
    tests = f"""
    import boto3

    LOGIN = dict(endpoint_url="{server["url"]}", region_name="eu-west-2",
                 aws_access_key_id="theirs", aws_secret_access_key="secret")

    @pytest.mark.scenario("three")
    def test_is_not_alone(dynamodb, s3):
        boto3.client("s3", **LOGIN).put_object(Bucket="precious", Key="new", Body=b"of somebody")
        boto3.client("dynamodb", **LOGIN).create_table(
            TableName="theirs", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{{"AttributeName": "pk", "KeyType": "HASH"}}],
            AttributeDefinitions=[{{"AttributeName": "pk", "AttributeType": "S"}}])
        dynamodb.Table("shop").delete_item(Key={{"pk": "0"}})

    @pytest.mark.scenario("three")
    def test_is_rewound(dynamodb):
        assert len(dynamodb.Table("shop").scan()["Items"]) == 3
    """
    done = project(tmp_path, tests).run(**environment(server))

    assert done.code == 0, done.output
    assert there(server) == (["precious", "theirs"], ["precious"])
    client(server, "dynamodb").delete_table(TableName="theirs")


def test_what_is_not_ours_is_named_once(tmp_path: Path, server: Mapping[str, str]) -> None:
    """With ``--seedstate-verify``, which does not compare it."""
    tests = """
    @pytest.mark.scenario("three")
    @pytest.mark.parametrize("number", range(2))
    def test_deletes(dynamodb, number):
        dynamodb.Table("shop").delete_item(Key={"pk": "0"})
    """
    done = project(tmp_path, tests).run("--seedstate-verify", **environment(server))

    assert done.code == 0, done.output
    for store in ("dynamodb", "s3"):
        assert done.output.count(f"of others, and not compared: precious ({store})") == 1


def test_dynamodb_and_s3_may_be_two_services(tmp_path: Path, server: Mapping[str, str]) -> None:
    """Each by its own URL, for the fixtures and for an application by its variables."""
    tests = """
    import boto3

    pytestmark = pytest.mark.scenario("three")

    def test_both_are_reached(dynamodb, s3, seedstate_env):
        urls = {seedstate_env[f"AWS_ENDPOINT_URL_{name}"] for name in ("DYNAMODB", "S3")}
        assert len(urls) == 2
        assert all(url.startswith("http://127.0.0.1:") for url in urls)
        assert urls.isdisjoint(os.environ["GIVEN"].split())
        boto3.client("dynamodb").delete_item(TableName="shop", Key={"pk": {"S": "0"}})
        boto3.client("s3").delete_object(Bucket="photos", Key="0.jpg")

    def test_both_are_rewound(dynamodb, s3):
        assert len(dynamodb.Table("shop").scan()["Items"]) == 3
        assert len(s3.list_objects_v2(Bucket="photos")["Contents"]) == 3
        assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["photos"]
    """
    with moto_server() as other:
        named = {
            "AWS_ENDPOINT_URL_DYNAMODB": server["url"],
            "AWS_ENDPOINT_URL_S3": other["url"],
            "AWS_REGION": "eu-west-2",
            "AWS_DEFAULT_REGION": "eu-west-2",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        done = project(tmp_path, tests).run(**named, GIVEN=f"{server['url']} {other['url']}")
        assert done.code == 0, done.output
        assert there(other) == ([], [])
        assert there(server) == (["precious"], ["precious"])

        del named["AWS_ENDPOINT_URL_S3"]
        alone = project(tmp_path, tests).run(**named, GIVEN="")
        assert "nothing says where s3 is" in alone.output
        assert "set seedstate_s3_url or AWS_ENDPOINT_URL_S3" in alone.output


def test_no_variable_of_the_shell_leads_past_the_run(
    tmp_path: Path, server: Mapping[str, str]
) -> None:
    """AWS clients read those of single services first."""
    tests = """
    import boto3

    @pytest.mark.scenario("three")
    def test_writes(s3):
        client = boto3.client("s3")
        client.put_object(Bucket="photos", Key="new", Body=b"")
        assert client.meta.endpoint_url == os.environ["AWS_ENDPOINT_URL"]
        assert os.environ["AWS_ENDPOINT_URL_SQS"] == os.environ["AWS_ENDPOINT_URL"]
    """
    ini = INI.replace("    seedstate_provider = aws=external\n", "")
    done = project(tmp_path, tests, ini).run(
        AWS_ENDPOINT_URL_S3=server["url"],
        AWS_ENDPOINT_URL_SQS="https://sqs.example.com",
        AWS_REGION="eu-west-2",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",
    )

    assert done.code == 0, done.output
    assert there(server) == (["precious"], ["precious"])
