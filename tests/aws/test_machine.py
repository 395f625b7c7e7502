"""Random applications against DynamoDB and S3, and against all of the AWS host, see `tests.host_machine`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from botocore.exceptions import ClientError

from pytest_seedstate.services.host.journal import HostJournal
from tests.aws.case_operations import CASE_OTHERS, CASE_RECORDS
from tests.aws.dump import records
from tests.aws.everywhere import anywhere, pytest_generate_tests
from tests.aws.helpers import Clients
from tests.aws.operations import OPERATIONS, RECORDS, Operation
from tests.aws.services import EMBEDDED, LOCALSTACK, Aws
from tests.host_machine import Subject, run_host_machine

__all__ = ["anywhere", "pytest_generate_tests"]

_ELSEWHERE = ("send", "receive", "purge", "queue", "publish", "topic", "secret")
"""Of operations on services that go back only where they are ours."""


def test_whatever_is_done_comes_back(anywhere: Aws) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    anywhere.fill(items=3, objects=2)
    ours = anywhere.provider == EMBEDDED
    operations = {**OPERATIONS, **CASE_RECORDS, **CASE_OTHERS} if ours else _of_stores()
    if ours:
        queues = anywhere.clients.sqs
        queues.set_queue_attributes(
            # A message that was received stays so for longer than the test runs.
            QueueUrl=queues.get_queue_url(QueueName="jobs")["QueueUrl"],
            Attributes={"VisibilityTimeout": "40000"},
        )

    def write(name: str, n: int, m: int) -> None:
        # What a case counts on may be gone: then it fails as its own code does.
        with contextlib.suppress(ClientError, AssertionError, KeyError, IndexError, ValueError):
            operations[name](anywhere.clients, n, m)

    subject = Subject(
        anywhere.journal,
        # Records change most.
        (
            *RECORDS,
            *RECORDS,
            *(RECORDS if ours else ()),
            *(OPERATIONS if ours else ()),
            *operations,
        ),
        write,
        anywhere.everything,
        records,
        lambda: anywhere.everything(in_full=True),
    )
    if ours:
        run_host_machine(subject)
    else:
        # Slower, and a container more so.
        examples = 4 if anywhere.provider == LOCALSTACK else 5
        run_host_machine(subject, examples=examples, steps=20)


def _of_stores() -> Mapping[str, Operation]:
    return {
        name: operation
        for name, operation in OPERATIONS.items()
        if not any(word in name for word in _ELSEWHERE)
    }


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
