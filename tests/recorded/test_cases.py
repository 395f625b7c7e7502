"""Each write of the API of DynamoDB and S3: noticed, told, undone, compared in full.

Every sixth of them in every run, all with SEEDSTATE_TEST_CASES=all, which takes some minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.aws.dump import everything, records
from tests.aws.test_cases import CASES, REFUSED, differences, told

from .comparing import comparable
from .running import Aws

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


COMING_BACK = [name for name in CASES if name not in {*LOST, _LEFT_OUT}]
STEP = 1 if os.environ.get("SEEDSTATE_TEST_CASES") == "all" else 6


@pytest.fixture(scope="module")
def kept(moto_aws: Aws) -> Iterator[Aws]:
    """The service with the baseline ``cases``, one of everything."""
    moto_aws.journal.switch("empty")
    moto_aws.fill()
    moto_aws.journal.keep("cases")
    yield moto_aws
    moto_aws.journal.switch("empty")
    moto_aws.journal.forget("cases")


@pytest.fixture
def prepared(kept: Aws, request: pytest.FixtureRequest) -> Aws:
    """The service in the state that a case begins with."""
    kept.journal.switch("cases")
    name = request.getfixturevalue("name")
    case = CASES[name] if name in CASES else REFUSED[name]
    if case.prepare is not None:
        case.prepare(kept.clients)
        kept.journal.keep("prepared")
    return kept


@pytest.mark.parametrize("name", COMING_BACK[::STEP])
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
    assert changes.writers
    journal.rewind()
    assert journal.is_clean()
    assert not journal.changes()
    assert prepared.everything(in_full=True) == comparable(before)


@pytest.mark.parametrize("name", [*LOST][::STEP])
def test_what_cannot_come_back_is_told(name: str, prepared: Aws) -> None:
    """Where nobody can undo a write, the rewind says what stays as it is."""
    CASES[name].write(prepared.clients)
    assert prepared.journal.rewind().replaced
    assert prepared.journal.is_clean()


@pytest.mark.parametrize("name", [*REFUSED][::STEP])
def test_refused_requests_leave_nothing(name: str, prepared: Aws) -> None:
    """What is refused changes nothing, and no record is told to have changed."""
    before = prepared.everything()
    with pytest.raises(ClientError) as refused:
        REFUSED[name].write(prepared.clients)
    assert refused.value.response["Error"]["Code"] == REFUSED[name].code
    assert not prepared.journal.changes()
    prepared.journal.rewind()
    assert prepared.everything() == before
