"""DynamoDB and S3 as each provider has them, for tests that are the same on all of them.

Ours and a moto server behind the recording proxy; with SEEDSTATE_PROVIDER=containers LocalStack
behind it instead of both. There, and behind the proxy, a sample of the many cases is enough for every
run; SEEDSTATE_TEST_CASES=all takes all of them, which takes some minutes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.containers import ContainerLocalStack
from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.base import Journal
from pytest_seedstate.stores.dynamodb import DynamoDBStore
from pytest_seedstate.stores.recorded.aws import recorded_aws
from pytest_seedstate.stores.recorded.journal import RecordedJournal
from pytest_seedstate.stores.s3 import S3Store
from tests.docker import image, in_sample, on_containers, require_docker
from tests.proxy.services import moto_server, started

from .asking import PatientWire
from .comparing import comparable
from .dump import FEW_PARTS, State, everything
from .helpers import Clients, fill, fill_stores
from .wire import Wire, wire_to

EMBEDDED, MOTO, LOCALSTACK = "embedded", "moto", "LocalStack"
PROVIDERS = (LOCALSTACK,) if on_containers() else (EMBEDDED, MOTO)
FIXTURES = {EMBEDDED: "our_aws", MOTO: "moto_aws", LOCALSTACK: "localstack_aws"}


@dataclasses.dataclass
class Aws:
    """The services, and who speaks to them.

    Attributes:
        provider: who runs them.
        journal: theirs.
        dynamodb: our store.
        s3: our store.
        clients: boto3's, as an application has them.
        wire: for comparisons; it writes nothing.
        variables: how the services themselves are reached.
    """

    provider: str
    journal: Journal
    dynamodb: DynamoDBStore
    s3: S3Store
    clients: Clients
    wire: Wire
    variables: Mapping[str, str]

    def fill(self, *, items: int = 5, objects: int = 3) -> None:
        """A table and two buckets, one of them with versions; other services' where they go back."""
        write = fill if self.provider == EMBEDDED else fill_stores
        write(self.clients, items=items, objects=objects)

    def compared(self, state: State) -> State:
        """What of all that there is has to be as it was."""
        return state if self.provider == EMBEDDED else comparable(state)

    def everything(self, *, in_full: bool = False) -> State:
        """All of it that has to be as it was."""
        return self.compared(everything(self.wire) if in_full else everything(self.wire, FEW_PARTS))

    def in_region(self, region: str) -> Clients:
        """The clients of another region."""
        return clients_of(
            self.clients.dynamodb.meta.endpoint_url, {**self.variables, "region": region}
        )


@dataclasses.dataclass
class RecordedAws(Aws):
    """Services behind a recording proxy."""

    proxy: RecordingProxy
    journal: RecordedJournal


def clients_of(url: str, variables: Mapping[str, str]) -> Clients:
    """boto3's clients at a URL."""

    def client(service: str) -> Any:
        return boto3.session.Session().client(
            service,
            endpoint_url=url,
            region_name=variables["region"],
            aws_access_key_id=variables["access_key"],
            aws_secret_access_key=variables["secret_key"],
            # No retries: a request that is lost must fail the test.
            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
        )

    return Clients(*(client(field.name) for field in dataclasses.fields(Clients)))


@contextmanager
def embedded_aws_of(service: EmbeddedAws) -> Iterator[Aws]:
    """A running host of ours."""
    variables, journal = service.variables, service.journal
    stores = DynamoDBStore(variables, journal), S3Store(variables, journal)
    clients = clients_of(variables["url"], variables)
    with wire_to(service) as wire:
        yield Aws(EMBEDDED, journal, *stores, clients, wire, variables)
    for each in (*stores, *vars(clients).values()):
        each.close()


@contextmanager
def recorded_aws_at(
    provider: str, variables: Mapping[str, str], folder: Path
) -> Iterator[RecordedAws]:
    """What runs at `variables`, behind a proxy."""
    with started(folder, variables) as proxy:
        through = {**variables, "url": proxy.url}
        journal, dynamodb, s3 = recorded_aws(
            provider, upstream=variables, recorded=through, recording=proxy
        )
        wire = PatientWire(variables)
        clients = clients_of(proxy.url, variables)
        yield RecordedAws(provider, journal, dynamodb, s3, clients, wire, variables, proxy)
        for each in (wire, dynamodb, s3, journal, *vars(clients).values()):
            each.close()


@contextmanager
def moto_aws_in(folder: Path) -> Iterator[RecordedAws]:
    """A moto server of the tests' own."""
    with moto_server() as variables, recorded_aws_at(MOTO, variables, folder) as running:
        _begin(running)
        yield running


@contextmanager
def localstack_in(folder: Path) -> Iterator[RecordedAws]:
    """A container of the tests' own."""
    require_docker()
    with RunDir(folder, root=folder) as rundir:
        service = ContainerLocalStack(rundir, image=image("localstack"))
        service.start()
        try:
            with recorded_aws_at(LOCALSTACK, service.variables, folder) as running:
                _begin(running)
                yield running
        finally:
            service.stop()


def _begin(running: RecordedAws) -> None:
    """What the tests find: a queue, which does not go back, and the baseline ``empty``."""
    running.clients.sqs.create_queue(QueueName="jobs")
    running.journal.keep("empty")


def on_each_provider(
    names: Sequence[str],
    *,
    not_there: Collection[str],
    lost: Collection[str] = (),
    ours: bool = True,
) -> Any:
    """Parametrises a test by ``running`` and ``name``.

    Args:
        names: of cases; where the services are not ours, a sample.
        not_there: cases that LocalStack cannot carry out.
        lost: cases that cannot come back where the services are not ours.
        ours: whether our own services take part.
    """
    found = []
    for provider in PROVIDERS:
        if provider == EMBEDDED:
            found += [pytest.param(provider, name, id=name) for name in names if ours]
            continue
        left_out = {*lost, *(not_there if provider == LOCALSTACK else ())}
        some = in_sample(name for name in names if name not in left_out)
        found += [pytest.param(provider, name, id=f"{provider}: {name}") for name in some]
    return pytest.mark.parametrize(("running", "name"), found, indirect=["running"])
