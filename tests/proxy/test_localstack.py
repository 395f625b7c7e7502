"""The proxy in front of LocalStack, for what moto does differently."""

from __future__ import annotations

import http.client
from pathlib import Path

import pytest

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir
from tests.docker import image, require_docker

from .services import REGION, client, make_bucket, make_table


@pytest.fixture(autouse=True, scope="module")
def _docker() -> None:
    require_docker()


def test_writes_to_localstack(tmp_path: Path) -> None:
    """Items, objects in both styles, and queues, on connections that stay open."""
    from pytest_seedstate.services.containers.localstack import ContainerLocalStack

    with RunDir(tmp_path, root=tmp_path) as rundir:
        service = ContainerLocalStack(rundir, image=image("localstack"), region=REGION)
        proxy = RecordingProxy(
            rundir,
            title="the recording proxy of LocalStack",
            upstream=lambda: service.variables,
            classifier="aws",
        )
        try:
            service.start()
            proxy.start()
            _write(proxy, service.variables["access_key"])
        finally:
            proxy.stop()
            service.stop()


def _write(proxy: RecordingProxy, account: str) -> None:
    dynamodb, s3, sqs = (client(name, proxy.url, key=account) for name in ("dynamodb", "s3", "sqs"))
    make_table(dynamodb)
    make_bucket(s3)
    proxy.take()
    dynamodb.put_item(TableName="shop", Item={"pk": {"S": "p1"}})
    assert dynamodb.get_item(TableName="shop", Key={"pk": {"S": "p1"}})["Item"]
    body = bytes(range(256)) * 20_000
    s3.put_object(Bucket="images", Key="a", Body=body)
    assert s3.get_object(Bucket="images", Key="a")["Body"].read() == body
    assert s3.head_object(Bucket="images", Key="a")["ContentLength"] == len(body)
    _put_by_host_name(proxy)
    queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="m")
    assert proxy.settle(10) == []
    taken = proxy.take()
    assert set(taken.touches) == {
        Touch("dynamodb", REGION, "shop", '{"pk":{"S":"p1"}}'),
        Touch("s3", "", "images", "a"),
        Touch("s3", "", "images", "b"),
        Touch("s3", "", "images", "c"),
    }
    assert taken.notes == ["sqs: CreateQueue", "sqs: SendMessage"]
    assert s3.get_object(Bucket="images", Key="b")["Body"].read() == b"b"
    assert proxy.written() == taken.written


def _put_by_host_name(proxy: RecordingProxy) -> None:
    """As clients do that are given LocalStack's own name, which resolves to 127.0.0.1."""
    connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=60)
    for host, path in (("images.s3.localhost", "/b"), ("localhost", "/images/c")):
        headers = {"Host": f"{host}.localstack.cloud:{proxy.port}"}
        connection.request("PUT", path, b"b", headers)
        with connection.getresponse() as response:
            response.read()
            assert response.status == 200
    connection.close()
