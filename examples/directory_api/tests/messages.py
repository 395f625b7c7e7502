"""What the application's workers are done with."""

from pytest_seedstate.stores.changes import ChangeSet


def handled(changes: ChangeSet, topic: str) -> int:
    """How many messages of a topic a test has caused and a worker has handled."""
    messages = [change.after for change in changes if change.collection == "outbox"]
    return sum(
        message is not None and message["topic"] == topic and message["processed_at"] is not None
        for message in messages
    )
