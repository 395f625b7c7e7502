"""Random applications against the AWS host, see `tests.host_machine`."""

from __future__ import annotations

import contextlib
from typing import Any

from botocore.exceptions import ClientError

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal
from tests.aws.helpers import Clients, everything, fill
from tests.aws.operations import OPERATIONS, RECORDS
from tests.host_machine import State, Subject, run_host_machine


def records(state: State) -> dict[tuple[str, ...], Any]:
    """Items and current objects of a state, by store, collection and key."""
    found: dict[tuple[str, ...], Any] = {}
    for name, table in state["tables"].items():
        for item in table["items"]:
            found["dynamodb", name, item["pk"]["S"], item["sk"]["S"]] = item
    for name, bucket in state["buckets"].items():
        for version in bucket["versions"]:
            if version["IsLatest"]:
                at = version["Key"], version["VersionId"]
                found["s3", name, version["Key"]] = bucket["objects"][at][:4]
    return found


def test_whatever_is_done_comes_back(aws: EmbeddedAws, clients: Clients) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    fill(clients)
    clients.sqs.set_queue_attributes(
        # A message that was received stays so for longer than the test runs.
        QueueUrl=clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"],
        Attributes={"VisibilityTimeout": "40000"},
    )

    def write(name: str, n: int, m: int) -> None:
        with contextlib.suppress(ClientError):
            OPERATIONS[name](clients, n, m)

    names = (*RECORDS, *OPERATIONS)
    run_host_machine(Subject(aws.journal, names, write, lambda: everything(clients), records))


def test_operations_of_the_machine_do_something(filled: HostJournal, clients: Clients) -> None:
    """Each is carried out for some of the machine's numbers: refused always, it would test nothing."""
    idle = []
    for name, operation in OPERATIONS.items():
        filled.switch("filled")
        if name in ("delete bucket", "delete queue", "delete secret"):
            OPERATIONS[name.replace("delete", "make")](clients, 0, 0)
        done = 0
        for n, m in ((0, 0), (0, 1), (0, 7), (1, 1), (1, 3), (3, 7)):
            with contextlib.suppress(ClientError):
                operation(clients, n, m)
                done += 1
        if not done:
            idle.append(name)
    assert idle == []
