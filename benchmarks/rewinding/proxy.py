"""What the recording proxy adds to a request, on connections that stay open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir
from rewinding.aws import TABLE
from rewinding.measuring import Run, Way, in_turns, milliseconds
from rewinding.serving import served

_GOAL = 0.3
_ROUNDS = 10
"""Requests for each round of the quick ways: one takes a millisecond or two."""


class _Application:
    """boto3's clients of an endpoint."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        options: dict[str, Any] = {
            "endpoint_url": variables["url"],
            "region_name": variables["region"],
            "aws_access_key_id": variables["access_key"],
            "aws_secret_access_key": variables["secret_key"],
        }
        self.dynamodb = boto3.client("dynamodb", **options)
        self.s3 = boto3.client("s3", **options)

    def put_item(self) -> None:
        self.dynamodb.put_item(TableName="things", Item={"pk": {"S": "p1"}, "n": {"N": "1"}})

    def get_item(self) -> None:
        self.dynamodb.get_item(TableName="things", Key={"pk": {"S": "p1"}})

    def put_object(self) -> None:
        self.s3.put_object(Bucket="pictures", Key="p1", Body=b"x" * 1024)

    def get_object(self) -> None:
        self.s3.get_object(Bucket="pictures", Key="p1")["Body"].read()


def proxy(run: Run) -> None:
    """Single calls of boto3, straight and through the proxy, in turns."""
    with _both(run) as (behind, through):
        straight, recorded = _Application(behind), _Application(through)
        straight.dynamodb.create_table(**TABLE)
        region = {"LocationConstraint": behind["region"]}
        straight.s3.create_bucket(Bucket="pictures", CreateBucketConfiguration=region)
        for call in ("put_item", "get_item", "put_object", "get_object"):
            _compare(run, call, straight, recorded)


@contextmanager
def _both(run: Run) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
    """A service's variables and those that lead through a proxy: LocalStack's, or of our own moto."""
    if run.provider == "containers":
        with served("aws", run.folder, run.provider) as running:
            yield running.behind, running.variables
        return
    with RunDir(run.folder) as rundir:
        service = EmbeddedAws(rundir)
        between = RecordingProxy(
            rundir,
            title="the recording proxy",
            upstream=lambda: service.variables,
            classifier="aws",
        )
        try:
            service.start()
            between.start()
            yield service.variables, {**service.variables, "url": between.url}
        finally:
            between.stop()
            service.stop()


def _compare(run: Run, call: str, straight: _Application, recorded: _Application) -> None:
    ways = [
        Way("straight", getattr(straight, call)),
        Way("through the proxy", getattr(recorded, call)),
    ]
    in_turns(5, ways)
    taken = in_turns(run.rounds * _ROUNDS, ways)
    added = taken["through the proxy"] - taken["straight"]
    run.tell(f"{call}: {milliseconds(taken['straight'])} and {added:.2f} ms for the proxy")
    run.at_most(f"{call}: added by the recording proxy", added, _GOAL)
