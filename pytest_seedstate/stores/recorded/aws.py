"""Journal and stores of DynamoDB and S3 at an endpoint that others run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pytest_seedstate.services.aws.describing import describing
from pytest_seedstate.services.external.made import Made
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.aws_http import variables_of
from pytest_seedstate.stores.dynamodb import DynamoDBStore
from pytest_seedstate.stores.recorded.dynamodb import DynamoDBRecords
from pytest_seedstate.stores.recorded.journal import RecordedJournal
from pytest_seedstate.stores.recorded.recording import Recording
from pytest_seedstate.stores.recorded.s3 import S3Records
from pytest_seedstate.stores.recorded.state import Records
from pytest_seedstate.stores.s3 import S3Store


def recorded_aws(
    title: str,
    *,
    upstream: Mapping[str, str],
    recorded: Mapping[str, str],
    recording: Recording,
    ours: Collection[Touch] = (),
    made: Made | None = None,
) -> tuple[RecordedJournal, DynamoDBStore, S3Store]:
    """What the engine needs of AWS services behind a recorder.

    Args:
        title: how they are called in messages, e.g. ``LocalStack``.
        upstream: ``url``, ``region``, ``access_key`` and ``secret_key`` of the service itself; ``s3_url``
            where S3 is another.
        recorded: the same with the recorder's ``url``, which applications use.
        recording: what it has recorded.
        ours: tables and buckets that are there already and are ours to change all the same.
        made: what is made at services that stay when this run ends; what killed runs have left is
            removed first. None where they go.

    Raises:
        SeedstateError: the service does not answer.
    """
    records: list[Records] = [
        DynamoDBRecords(variables_of("dynamodb", upstream)),
        S3Records(variables_of("s3", upstream)),
    ]
    if made is not None:
        _remove_left(made, records)
    journal = RecordedJournal(
        "aws",
        title,
        recording=recording,
        records=records,
        describe=describing(upstream["region"]),
        ours=ours,
        made=None if made is None else made.note,
    )
    # The stores' own writes are recorded too: that is how the journal knows what was loaded.
    return (
        journal,
        DynamoDBStore(
            variables_of("dynamodb", recorded), journal, foreign=journal.foreign_names("dynamodb")
        ),
        S3Store(variables_of("s3", recorded), journal, foreign=journal.foreign_names("s3")),
    )


def _remove_left(made: Made, records: Sequence[Records]) -> None:
    """Remove what killed runs have made, where it is still what they made."""
    left = made.left()
    of = {each.store: each for each in records}
    for at in left:
        kind = of[at.store]
        if left.is_ours(at, kind.made_at(at)):
            kind.define(at, kind.definition(at), None)
    left.removed()
