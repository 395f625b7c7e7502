"""Our errors as failures of tests: their text, without a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_seedstate.errors import SeedstateError


class as_failure:  # noqa: N801 - reads as a statement
    """Turn our error into a failure that shows its text alone."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, SeedstateError):
            # Not chained: what a driver said below it is in the text, as far as it helps.
            raise pytest.fail.Exception(str(error), pytrace=False) from None
