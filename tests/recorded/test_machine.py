"""Random applications against a service behind the recording proxy, see `tests.host_machine`."""

from __future__ import annotations

import contextlib

from botocore.exceptions import ClientError

from tests.aws.dump import records
from tests.aws.operations import OPERATIONS, RECORDS
from tests.host_machine import Subject, run_host_machine

from .running import Aws

_ELSEWHERE = ("send", "receive", "purge", "queue", "publish", "topic", "secret")
"""Of operations on services that are not taken back."""


def drive(aws: Aws, *, examples: int) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    aws.fill(items=3, objects=2)

    def write(name: str, n: int, m: int) -> None:
        with contextlib.suppress(ClientError):
            operations[name](aws.clients, n, m)

    operations = {
        name: operation
        for name, operation in OPERATIONS.items()
        if not any(word in name for word in _ELSEWHERE)
    }
    run_host_machine(
        Subject(
            aws.journal,
            (*RECORDS, *RECORDS, *operations),
            write,
            aws.everything,
            records,
            lambda: aws.everything(in_full=True),
        ),
        examples=examples,
        steps=20,
    )


def test_whatever_is_done_comes_back(aws: Aws) -> None:
    """On a moto server that is not ours."""
    drive(aws, examples=5)
