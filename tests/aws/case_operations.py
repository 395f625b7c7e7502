"""The cases as operations of the random machine, beside those with numbers in."""

from __future__ import annotations

from collections.abc import Mapping

from .cases import Case
from .cases_buckets import BUCKETS
from .cases_items import ITEMS
from .cases_objects import OBJECTS
from .cases_tables import TABLES
from .helpers import Clients
from .operations import Operation

_LEFT_OUT = ("export", "import", "multipart", "lock: ", "object lock", "create with locks")
"""What takes its time, or makes buckets that nothing else in a run could write to."""


def _operation(case: Case) -> Operation:
    def write(c: Clients, n: int, m: int) -> None:
        # Every other time what it needs is not there, and it may be refused.
        if case.prepare is not None and n % 2:
            case.prepare(c)
        case.write(c)

    return write


def _of(cases: Mapping[str, Case], area: str) -> dict[str, Operation]:
    return {
        f"{area}: {name}": _operation(case)
        for name, case in cases.items()
        if not name.startswith(_LEFT_OUT)
    }


CASE_RECORDS = {**_of(ITEMS, "item"), **_of(OBJECTS, "object")}
CASE_OTHERS = {**_of(TABLES, "table"), **_of(BUCKETS, "bucket")}
