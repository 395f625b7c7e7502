"""Each write of the API of DynamoDB and S3: noticed, told, undone, compared in full.

On services that are not ours some of them in every run, see `services`.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytest_seedstate.stores.changes import ChangeSet

from .cases import Case, Refused
from .cases_buckets import BUCKETS, REFUSED_BUCKETS
from .cases_items import ITEMS, REFUSED_ITEMS
from .cases_objects import OBJECTS, REFUSED_OBJECTS
from .cases_tables import REFUSED_TABLES, TABLES
from .dump import Records, everything, records
from .services import Aws, on_each_provider

CASES: dict[str, Case] = {
    f"{area}-{name}": case
    for area, cases in (
        ("item", ITEMS),
        ("table", TABLES),
        ("object", OBJECTS),
        ("bucket", BUCKETS),
    )
    for name, case in cases.items()
}
REFUSED: dict[str, Refused] = {
    f"{area}-{name}": case
    for area, cases in (
        ("item", REFUSED_ITEMS),
        ("table", REFUSED_TABLES),
        ("object", REFUSED_OBJECTS),
        ("bucket", REFUSED_BUCKETS),
    )
    for name, case in cases.items()
}


def told(changes: ChangeSet) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """Before and after of each change, by store, collection and key."""
    return {
        (each.store, each.collection, *map(str, each.key.values())): (each.before, each.after)
        for each in changes
    }


def differences(before: Records, after: Records) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """What a change set should say, from what the API shows."""
    found = {}
    for at in before.keys() | after.keys():
        pair = before.get(at), after.get(at)
        if pair[0] != pair[1] and not any(each and "unreadable" in each for each in pair):
            found[at] = pair
    return found


LOST = {
    "table-backup: deleted": "a backup cannot be made again",
    "table-export": "the list of exports only grows",
    "object-multipart: a part": "a part cannot be taken out of an upload",
    "object-multipart: aborted": "an upload cannot be given its id again",
    "object-multipart: copied part": "an upload cannot be given its id again",
    "object-restored from the archive": "what is archived cannot be read",
}
"""Cases whose effect nobody can undo from outside, and why; the rewind has to say so."""
_LEFT_OUT = "object-lock: put"
"""What is locked for compliance stays, with its bucket: no other test could use it again."""
_KINESIS = "LocalStack fetches what streams need from the network when it is first asked"
_NO_SUCH = "DynamoDB Local, which LocalStack runs, has no such operation"
_DESTINATION = "LocalStack asks for a destination that is there, with versions"
NOT_IN_LOCALSTACK = {
    "table-create in every detail": _KINESIS,
    "table-index: update": "LocalStack refuses throughput where the table is paid by request",
    "table-stream: on": _KINESIS,
    "table-stream: an item of it": _KINESIS,
    "table-stream: off": _KINESIS,
    "table-stream: on twice": _KINESIS,
    "table-policy": _NO_SUCH,
    "table-policy: deleted": _NO_SUCH,
    "table-points in time: restored": _NO_SUCH,
    "table-backup": _NO_SUCH,
    "table-backup: deleted": _NO_SUCH,
    "table-backup: restored": _NO_SUCH,
    "table-backup of a table that is not there": _NO_SUCH,
    "table-import": _NO_SUCH,
    "table-export": _NO_SUCH,
    "table-export without points in time": _NO_SUCH,
    "bucket-notification": _DESTINATION,
    "bucket-notification: an object that is told": _DESTINATION,
    "bucket-replication": _DESTINATION,
    "bucket-replication: deleted": _DESTINATION,
    "object-put with a lock, bucket without": "LocalStack does not refuse it",
}
"""Cases that LocalStack cannot carry out, and why."""


@pytest.fixture
def prepared(running: Aws, name: str) -> Aws:
    """The service with one of everything, and what a case begins with."""
    journal = running.journal
    try:
        journal.switch("cases")
    except KeyError:
        journal.switch("empty")
        running.fill()
        journal.keep("cases")
    case = CASES[name] if name in CASES else REFUSED[name]
    if case.prepare is not None:
        case.prepare(running.clients)
        journal.keep("prepared")
    return running


@on_each_provider([*CASES], not_there=NOT_IN_LOCALSTACK, lost=[*LOST, _LEFT_OUT])
def test_case_comes_back(name: str, prepared: Aws) -> None:
    """A write makes the journal unclean, the change set says what it was, a rewind undoes it."""
    case, journal = CASES[name], prepared.journal
    before = everything(prepared.wire)
    assert journal.is_clean()
    case.write(prepared.clients)
    assert not journal.is_clean()
    after = everything(prepared.wire)
    assert after != before, "nothing has changed, or the comparison does not see it"
    changes = journal.changes()
    assert told(changes) == differences(records(before), records(after))
    assert changes.notes == case.notes
    assert changes, "a readonly test that does this would pass"
    assert changes.writers
    journal.rewind()
    assert journal.is_clean()
    assert not journal.changes()
    assert prepared.everything(in_full=True) == prepared.compared(before)


@on_each_provider([*LOST], not_there=NOT_IN_LOCALSTACK, ours=False)
def test_what_cannot_come_back_is_told(name: str, prepared: Aws) -> None:
    """Where nobody can undo a write, the rewind says what stays as it is."""
    CASES[name].write(prepared.clients)
    assert prepared.journal.rewind().replaced
    assert prepared.journal.is_clean()


@on_each_provider([*REFUSED], not_there=NOT_IN_LOCALSTACK)
def test_refused_requests_leave_nothing(name: str, prepared: Aws) -> None:
    """What is refused changes nothing, and no record is told to have changed."""
    case = REFUSED[name]
    before = prepared.everything(in_full=True)
    with pytest.raises(ClientError) as refused:
        case.write(prepared.clients)
    assert refused.value.response["Error"]["Code"] == case.code
    assert prepared.everything(in_full=True) == before
    assert not prepared.journal.changes()
    prepared.journal.rewind()
    assert prepared.everything(in_full=True) == before
