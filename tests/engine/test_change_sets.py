"""Change sets of several journals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pytest_seedstate.stores.changes import Change, ChangeSet


def test_the_order_is_that_of_stores_whichever_service_started_first() -> None:
    """Of several records of one store, the order in which its journal gave them."""

    def changes(*named: str) -> ChangeSet:
        found = [Change(*name.split(), {}, None, {}) for name in named]
        return ChangeSet(tuple(found), notes=named)

    aws = changes("dynamodb shop", "s3 images", "s3 videos")
    postgres = changes("postgres orders", "postgres products")

    assert (aws | postgres).changes == (postgres | aws).changes
    assert [(change.store, change.collection) for change in postgres | aws] == [
        ("dynamodb", "shop"),
        ("postgres", "orders"),
        ("postgres", "products"),
        ("s3", "images"),
        ("s3", "videos"),
    ]


def change(before: dict[str, Any] | None, after: dict[str, Any] | None, *writers: str) -> Change:
    return Change("postgres", "products", {"sku": 1}, before, after, writers)


def test_a_field_that_comes_or_goes_differs() -> None:
    """Also where its value is None, and where Python takes one value for another."""
    one = change({"sku": 1, "a": None, "b": True, "c": 1}, {"sku": 1, "b": 1, "c": 1.0, "d": None})
    assert one.fields == {"a": (None, None), "b": (True, 1), "d": (None, None)}
    assert one.as_data() == {"sku": 1, **one.fields}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"on": 0}, {"on": False}),
        ([{"on": True}], [{"on": 1}]),
        ([1, 2], [1, 2, 3]),
        (Decimal("1.50"), Decimal("1.5")),
        (-0.0, 0.0),
    ],
)
def test_values_that_python_takes_for_equal_differ(before: Any, after: Any) -> None:
    """In depth, and whatever else is ignored; a change of them alone can be ignored, too."""
    one = change({"sku": 1, "a": before, "at": 1}, {"sku": 1, "a": after, "at": 2})
    assert one.fields == {"a": (before, after), "at": (1, 2)}
    assert one.without(["at"]) == change({"sku": 1, "a": before}, {"sku": 1, "a": after})
    assert one.without(["a", "at"]) is None


def test_what_is_no_number_is_the_same_as_itself() -> None:
    """In a field and in a key."""
    record = {"sku": float("nan"), "a": Decimal("NaN"), "b": [float("nan")], "c": 1}
    assert change(record, {**record, "sku": float("nan"), "c": 2}).fields == {"c": (1, 2)}


def test_a_change_that_no_field_shows_is_not_ignored() -> None:
    """Its journal says that it is one."""
    one = change({"sku": 1}, {"sku": 1})
    assert one.without(["unrelated"]) == one


def test_equal_changes_may_have_been_made_by_others() -> None:
    """A change set is about what is there."""
    mine, other = (ChangeSet((change(None, {"a": 1}, name),)) for name in ("me", "other"))
    assert mine == other
    assert mine == {"postgres": {"products": {"inserted": [{"sku": 1, "a": 1}]}}}
    assert mine != ChangeSet(mine.changes, notes=("sequence moved",))
    assert mine != ChangeSet()


def test_a_change_set_is_told_briefly() -> None:
    """Without values: pytest repeats it in explanations."""
    changes = ChangeSet((change(None, {"a": 1}), change({"a": 1}, None)), ("sequence s moved",))
    assert repr(changes) == "<changes: 1 inserted, 1 deleted, sequence s moved>"
    assert repr(ChangeSet()) == "<changes: none>"
