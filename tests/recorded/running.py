"""An AWS service behind the recording proxy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.stores.dynamodb import DynamoDBStore
from pytest_seedstate.stores.recorded.aws import recorded_aws
from pytest_seedstate.stores.recorded.journal import RecordedJournal
from pytest_seedstate.stores.s3 import S3Store
from tests.aws.dump import FEW_PARTS, State, everything
from tests.aws.helpers import Clients, fill_stores
from tests.aws.wire import Wire
from tests.proxy.services import started

from .asking import PatientWire
from .comparing import comparable


@dataclasses.dataclass
class Aws:
    """The service, and who speaks to it.

    Attributes:
        proxy: in front of it.
        journal: its.
        dynamodb: our store.
        s3: our store.
        clients: boto3's, through the proxy.
        wire: past the proxy, for comparisons.
    """

    proxy: RecordingProxy
    journal: RecordedJournal
    dynamodb: DynamoDBStore
    s3: S3Store
    clients: Clients
    wire: Wire
    variables: Mapping[str, str]

    def fill(self, *, items: int = 5, objects: int = 3) -> None:
        """A table and two buckets, one of them with versions."""
        fill_stores(self.clients, items=items, objects=objects)

    def in_region(self, region: str) -> Clients:
        """The clients of another region."""
        variables = {**self.variables, "region": region}
        fields = dataclasses.fields(Clients)
        return Clients(*(_client(field.name, self.proxy.url, variables) for field in fields))

    def everything(self, *, in_full: bool = False) -> State:
        """All of it that is to be as it was."""
        return comparable(everything(self.wire) if in_full else everything(self.wire, FEW_PARTS))


def _client(service: str, url: str, variables: Mapping[str, str]) -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=url,
        region_name=variables["region"],
        aws_access_key_id=variables["access_key"],
        aws_secret_access_key=variables["secret_key"],
        # No retries: a request that is lost must fail the test.
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


@contextmanager
def recorded_aws_at(title: str, variables: Mapping[str, str], folder: Path) -> Iterator[Aws]:
    """What runs at `variables`, behind a proxy."""
    with started(folder, variables) as proxy:
        fields = dataclasses.fields(Clients)
        clients = Clients(*(_client(field.name, proxy.url, variables) for field in fields))
        journal, dynamodb, s3 = recorded_aws(
            title,
            upstream=variables,
            recorded={**variables, "url": proxy.url},
            recording=proxy,
        )
        wire = PatientWire(variables)
        yield Aws(proxy, journal, dynamodb, s3, clients, wire, variables)
        wire.close()
