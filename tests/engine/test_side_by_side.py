"""Works that are done at once."""

from __future__ import annotations

import threading

import pytest

from pytest_seedstate.engine.side_by_side import side_by_side


def test_all_are_done_at_once() -> None:
    """Each waits for the others here, so that one after the other would never end."""
    together = threading.Barrier(3, timeout=30)
    side_by_side([together.wait] * 3)
    side_by_side([])


def test_others_are_done_where_one_fails() -> None:
    """The first error is told when all have ended."""
    done = []

    def fail(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        side_by_side(
            [
                lambda: done.append(0),
                lambda: fail(1),
                lambda: fail(2),
                lambda: done.append(3),
            ]
        )
    assert done == [0, 3]
