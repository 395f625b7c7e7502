"""Each write of the API of DynamoDB and S3: noticed, told, undone, compared in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal
from pytest_seedstate.stores.changes import ChangeSet

from .cases import Case, Refused
from .cases_buckets import BUCKETS, REFUSED_BUCKETS
from .cases_items import ITEMS, REFUSED_ITEMS
from .cases_objects import OBJECTS, REFUSED_OBJECTS
from .cases_tables import REFUSED_TABLES, TABLES
from .dump import Records, everything, records
from .helpers import Clients, fill
from .wire import Wire

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


@pytest.fixture(scope="module")
def kept(embedded_aws: EmbeddedAws, clients: Clients) -> Iterator[HostJournal]:
    """The host with the baseline ``cases``, one of everything."""
    journal = embedded_aws.journal
    journal.switch("empty")
    fill(clients)
    journal.keep("cases")
    yield journal
    journal.switch("empty")
    journal.forget("cases")


@pytest.fixture
def journal(kept: HostJournal, clients: Clients, request: pytest.FixtureRequest) -> HostJournal:
    """The host in the state that a case begins with."""
    kept.switch("cases")
    name = request.getfixturevalue("name")
    case = CASES[name] if name in CASES else REFUSED[name]
    if case.prepare is not None:
        case.prepare(clients)
        kept.keep("prepared")
    return kept


@pytest.mark.parametrize("name", CASES)
def test_case_comes_back(name: str, journal: HostJournal, clients: Clients, wire: Wire) -> None:
    """A write makes the journal unclean, the change set says what it was, a rewind undoes it."""
    case = CASES[name]
    before = everything(wire)
    assert journal.is_clean()
    case.write(clients)
    assert not journal.is_clean()
    after = everything(wire)
    assert after != before, "nothing has changed, or the comparison does not see it"
    changes = journal.changes()
    assert told(changes) == differences(records(before), records(after))
    assert changes.notes == case.notes
    assert changes, "a readonly test that does this would pass"
    assert changes.writers
    journal.rewind()
    assert journal.is_clean()
    assert everything(wire) == before


@pytest.mark.parametrize("name", REFUSED)
def test_refused_requests_leave_nothing(
    name: str, journal: HostJournal, clients: Clients, wire: Wire
) -> None:
    """What is refused changes nothing, and no record is told to have changed."""
    case = REFUSED[name]
    before = everything(wire)
    with pytest.raises(ClientError) as refused:
        case.write(clients)
    assert refused.value.response["Error"]["Code"] == case.code
    assert everything(wire) == before
    assert not journal.changes()
    journal.rewind()
    assert everything(wire) == before
