"""Late copies of large dictionaries, beside real copies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_seedstate.services.opensearch.storage.late import Late, copied, whole

BASE = dict.fromkeys(range(6), 0)
OPERATION = st.tuples(st.sampled_from(["set", "delete", "read"]), st.integers(0, 8))


@given(st.lists(OPERATION, max_size=20))
def test_they_behave_as_copies(operations: list[tuple[str, int]]) -> None:
    """Also in the order of their keys, whether or not somebody has read them in between."""
    real, late = dict(BASE), Late(BASE)
    for number, (kind, key) in enumerate(operations):
        if kind == "set":
            real[key] = late[key] = number
        elif kind == "delete":
            assert late.pop(key, None) == real.pop(key, None)
        else:
            assert list(late.whole().items()) == list(real.items())
        assert len(late) == len(real)
        assert [late.get(each) for each in range(9)] == [real.get(each) for each in range(9)]
        assert [each in late for each in range(9)] == [each in real for each in range(9)]
    assert list(late.items()) == list(real.items())
    assert dict.fromkeys(range(6), 0) == BASE


def test_copies_of_late_copies() -> None:
    """Each is changed alone."""
    base = dict.fromkeys(range(1000), 0)
    first = copied(base)
    first[1] = 1
    second = copied(first)
    second[1] = 2
    del second[0]
    assert isinstance(second, Late)
    assert (base[1], first[1], second[1]) == (0, 1, 2)
    assert [len(base), len(whole(first)), len(whole(second))] == [1000, 1000, 999]
