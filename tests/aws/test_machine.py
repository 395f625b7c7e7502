"""Random applications against the AWS host, see `tests.host_machine`."""

from __future__ import annotations

import contextlib

from botocore.exceptions import ClientError

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal
from tests.aws.case_operations import CASE_OTHERS, CASE_RECORDS
from tests.aws.dump import FEW_PARTS, everything, records
from tests.aws.helpers import Clients, fill
from tests.aws.operations import OPERATIONS, RECORDS
from tests.aws.wire import Wire
from tests.host_machine import Subject, run_host_machine


def test_whatever_is_done_comes_back(aws: EmbeddedAws, clients: Clients, wire: Wire) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    fill(clients, items=3, objects=2)
    clients.sqs.set_queue_attributes(
        # A message that was received stays so for longer than the test runs.
        QueueUrl=clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"],
        Attributes={"VisibilityTimeout": "40000"},
    )

    def write(name: str, n: int, m: int) -> None:
        # What a case counts on may be gone: then it fails as its own code does.
        with contextlib.suppress(ClientError, AssertionError, KeyError, IndexError, ValueError):
            operations[name](clients, n, m)

    operations = {**OPERATIONS, **CASE_RECORDS, **CASE_OTHERS}
    # Records change most.
    names = (*RECORDS, *RECORDS, *RECORDS, *OPERATIONS, *operations)
    run_host_machine(
        Subject(
            aws.journal,
            names,
            write,
            lambda: everything(wire, FEW_PARTS),
            records,
            lambda: everything(wire),
        )
    )


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
