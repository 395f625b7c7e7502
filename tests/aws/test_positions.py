"""Positions, baselines and what the journal says of them."""

from __future__ import annotations

import pytest

from pytest_seedstate.stores.base import Journal

from .everywhere import anywhere, clients, filled, journal, pytest_generate_tests
from .helpers import Clients, item, key, make_bucket, make_table

__all__ = ["anywhere", "clients", "filled", "journal", "pytest_generate_tests"]


def numbers(clients: Clients) -> set[str]:
    found = clients.dynamodb.scan(TableName="shop")["Items"]
    return {each["n"]["N"] for each in found}


def put(clients: Clients, number: int) -> None:
    clients.dynamodb.put_item(TableName="shop", Item=item(number))


def test_nested_positions(filled: Journal, clients: Clients) -> None:
    """Each position is what was there when it was marked, whatever came later."""
    put(clients, 10)
    first = filled.mark()
    put(clients, 11)
    second = filled.mark()
    put(clients, 12)
    assert (first, second) == (1, 2)
    filled.rewind(second)
    assert numbers(clients) == {"0", "1", "2", "3", "4", "10", "11"}
    filled.rewind(first)
    assert numbers(clients) == {"0", "1", "2", "3", "4", "10"}
    put(clients, 13)
    filled.rewind(first)
    assert numbers(clients) == {"0", "1", "2", "3", "4", "10"}
    filled.rewind(0)
    assert numbers(clients) == {"0", "1", "2", "3", "4"}


def test_clean_is_asked_for_each_position(filled: Journal, clients: Clients) -> None:
    """A position is unclean when anything was written since, below another position too."""
    assert filled.is_clean(0)
    put(clients, 10)
    first = filled.mark()
    assert not filled.is_clean(0)
    assert filled.is_clean(first)
    second = filled.mark()
    assert not filled.is_clean(0)
    assert filled.is_clean(first)
    assert filled.is_clean(second)
    put(clients, 11)
    assert not filled.is_clean(first)
    assert not filled.is_clean(second)
    filled.rewind(second)
    assert filled.is_clean(first)
    assert not filled.is_clean(0)
    filled.rewind(0)
    assert filled.is_clean(0)


def test_a_position_without_writes_costs_no_process(filled: Journal, clients: Clients) -> None:
    """Marks in a row share one state, and each can be gone back to."""
    positions = [filled.mark() for _ in range(3)]
    assert positions == [1, 2, 3]
    put(clients, 10)
    assert not filled.is_clean(2)
    filled.rewind(2)
    assert filled.is_clean(0)
    put(clients, 11)
    filled.rewind(1)
    assert numbers(clients) == {"0", "1", "2", "3", "4"}
    assert filled.mark() == 2
    filled.rewind(1)
    assert filled.mark() == 2


def test_a_shared_state_outlives_a_position(filled: Journal, clients: Clients) -> None:
    """Of two marks without a write in between the later goes, and the earlier can be used."""
    put(clients, 10)
    assert (filled.mark(), filled.mark()) == (1, 2)
    for _ in range(2):
        put(clients, 11)
        filled.rewind(1)
        assert numbers(clients) == {"0", "1", "2", "3", "4", "10"}


def test_baselines_are_switched_in_place(filled: Journal, clients: Clients) -> None:
    """Going back and forth between kept states, with what each holds."""
    put(clients, 10)
    filled.keep("more")
    clients.s3.put_object(Bucket="images", Key="x", Body=b"x")
    filled.switch("filled")
    assert numbers(clients) == {"0", "1", "2", "3", "4"}
    put(clients, 20)
    filled.switch("more")
    assert numbers(clients) == {"0", "1", "2", "3", "4", "10"}
    with pytest.raises(clients.s3.exceptions.NoSuchKey):
        clients.s3.get_object(Bucket="images", Key="x")
    filled.switch("empty")
    assert clients.dynamodb.list_tables()["TableNames"] == []
    filled.switch("more")
    assert filled.is_clean()
    filled.switch("filled")
    filled.forget("more")
    with pytest.raises(KeyError):
        filled.switch("more")
    assert numbers(clients) == {"0", "1", "2", "3", "4"}


def test_keeping_again_replaces_a_baseline(filled: Journal, clients: Clients) -> None:
    """The name stands for the newer state; its positions are gone."""
    put(clients, 10)
    filled.mark()
    filled.keep("filled")
    put(clients, 11)
    filled.rewind()
    assert numbers(clients) == {"0", "1", "2", "3", "4", "10"}
    assert filled.mark() == 1


def test_the_current_baseline_cannot_be_forgotten(filled: Journal) -> None:
    """To forget it would leave nothing to rewind to."""
    with pytest.raises(ValueError, match="current"):
        filled.forget("filled")


def test_kept_states_outlive_those_they_came_from(journal: Journal, clients: Clients) -> None:
    """A baseline stays when the position below it, and the baseline before, are forgotten."""
    make_table(clients.dynamodb)
    journal.keep("one")
    put(clients, 1)
    journal.mark()
    put(clients, 2)
    journal.keep("two")
    journal.forget("one")
    put(clients, 3)
    journal.rewind()
    assert numbers(clients) == {"1", "2"}


def test_the_same_state_is_served_many_times(filled: Journal, clients: Clients) -> None:
    """A state does not wear out: each rewind gives the same."""
    for number in range(30):
        clients.dynamodb.delete_item(TableName="shop", Key=key(number % 5))
        clients.s3.delete_object(Bucket="images", Key="a/1.jpg")
        rewound = filled.rewind()
        assert rewound.changed == 2
        assert numbers(clients) == {"0", "1", "2", "3", "4"}
    assert clients.s3.get_object(Bucket="images", Key="a/1.jpg")["Body"].read() == b"1" * 100


def test_rewind_says_what_it_undid(filled: Journal, clients: Clients) -> None:
    """Records once each, and who wrote them."""
    put(clients, 1)
    put(clients, 1)
    clients.s3.put_object(Bucket="images", Key="x", Body=b"x")
    rewound = filled.rewind()
    assert rewound.changed == 2
    assert rewound.replaced == ()
    assert all("Boto3" in writer for writer in rewound.writers)
    assert rewound.writers
    assert filled.rewind().changed == 0


def test_large_bodies_stay_with_their_state(filled: Journal, clients: Clients) -> None:
    """Objects too large for moto's memory limit are not shared between states through a file."""
    # moto's own limit is 16 MB.
    large = bytes(range(256)) * 4096 * 20
    make_bucket(clients.s3, "large")
    clients.s3.put_object(Bucket="large", Key="a", Body=large)
    position = filled.mark()
    for _ in range(2):
        clients.s3.put_object(Bucket="large", Key="a", Body=b"x" * len(large))
        filled.rewind(position)
        assert clients.s3.get_object(Bucket="large", Key="a")["Body"].read() == large


def test_identifiers_are_not_made_up_twice(filled: Journal, clients: Clients) -> None:
    """Two servers of one state do not invent the same upload, message or version ids."""
    found = set()
    for _ in range(5):
        made = clients.s3.create_multipart_upload(Bucket="images", Key="x")["UploadId"]
        put_object = clients.s3.put_object(Bucket="versioned", Key="x", Body=b"")
        found |= {made, put_object["VersionId"]}
        filled.rewind()
    assert len(found) == 10
