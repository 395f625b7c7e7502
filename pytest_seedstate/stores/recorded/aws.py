"""Journal and stores of DynamoDB and S3 at an endpoint that others run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pytest_seedstate.services.aws.describing import describing
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.dynamodb import DynamoDBStore
from pytest_seedstate.stores.recorded.dynamodb import DynamoDBRecords
from pytest_seedstate.stores.recorded.journal import RecordedJournal
from pytest_seedstate.stores.recorded.recording import Recording
from pytest_seedstate.stores.recorded.s3 import S3Records
from pytest_seedstate.stores.s3 import S3Store


def recorded_aws(
    title: str,
    *,
    upstream: Mapping[str, str],
    recorded: Mapping[str, str],
    recording: Recording,
    ours: Collection[Touch] = (),
    shared: bool = False,
) -> tuple[RecordedJournal, DynamoDBStore, S3Store]:
    """What the engine needs of AWS services behind a recorder.

    Args:
        title: how they are called in messages, e.g. ``LocalStack``.
        upstream: ``url``, ``region``, ``access_key`` and ``secret_key`` of the service itself.
        recorded: the same with the recorder's ``url``, which applications use.
        recording: what it has recorded.
        ours: tables and buckets that are there already and are ours to change all the same.
        shared: whether the service stays when this run ends.

    Raises:
        SeedstateError: the service does not answer.
    """
    journal = RecordedJournal(
        "aws",
        title,
        recording=recording,
        records=[DynamoDBRecords(upstream), S3Records(upstream)],
        describe=describing(upstream["region"]),
        ours=ours,
        shared=shared,
    )
    # The stores' own writes are recorded too: that is how the journal knows what was loaded.
    return (
        journal,
        DynamoDBStore(recorded, journal, foreign=journal.foreign_names("dynamodb")),
        S3Store(recorded, journal, foreign=journal.foreign_names("s3")),
    )
