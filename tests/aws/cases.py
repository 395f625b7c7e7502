"""What a case of the AWS stores is: one way to write, and what the change set says of it besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .helpers import Clients

Write = Callable[[Clients], Any]


@dataclass(frozen=True)
class Case:
    """One way to write.

    Attributes:
        write: carries it out through boto3; what it returns does not matter.
        notes: what the change set says that is not a record.
        prepare: what has to be there before, in the baseline.
    """

    write: Write
    notes: tuple[str, ...] = ()
    prepare: Write | None = None


@dataclass(frozen=True)
class Refused:
    """One request that the service refuses.

    Attributes:
        write: the request.
        code: the service's name for the reason.
        prepare: what has to be there before.
    """

    write: Write
    code: str
    prepare: Write | None = None
