"""Change sets of several journals."""

from __future__ import annotations

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
