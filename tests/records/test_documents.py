"""How records look in a search index."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, SecretBytes, SecretStr, computed_field
from pydantic.alias_generators import to_camel

from pytest_seedstate import Document, Object, OpenSearchDocument, Record
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.registry import Registry
from pytest_seedstate.records.values import search_value
from tests.records.conftest import Project, make


class Color(Enum):
    RED = "red"


class Address(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    post_code: str
    since: dt.date


def document(record: Record, number: int = 0) -> OpenSearchDocument:
    """What one place of a record stores."""
    found: OpenSearchDocument = record.placements()[number].entry(record)
    return found


def test_a_document_has_every_field_in_order_and_a_text_as_id() -> None:
    """Without anything said, fields are the document's."""

    class Product(Record):
        number: int
        name: str
        stored_in = Document("products", id="{number}")

    found = document(Product(number=7, name="pen"))
    assert found == OpenSearchDocument("7", {"number": 7, "name": "pen"})
    assert list(found.source) == ["number", "name"]


def test_fields_may_be_chosen_and_excluded_and_go_by_their_alias() -> None:
    """As in items; what an object has as its body is no field."""

    class Product(Record):
        model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

        unit_price: int
        note: str = ""
        photo: bytes = b"x"
        stored_in = (
            Document("all", id="{unit_price}"),
            Document("chosen", id="{unit_price}", fields=("note", "photo")),
            Document("rest", id="{unit_price}", exclude=("note",)),
            Object("photos", key="{unit_price}", body="photo"),
        )

    product = Product(unit_price=3)
    assert document(product).source == {"unitPrice": 3, "note": ""}
    assert document(product, 1).source == {"note": "", "photo": "eA=="}
    assert document(product, 2).source == {"unitPrice": 3}


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("d-{t}", "the index 'd-{t}' of a document has braces, and an index is no template"),
        ("d-}", "the index 'd-}' of a document has braces"),
        ("", "the index of a document has no name"),
    ],
)
def test_an_index_that_is_no_name_is_told(project: Project, index: str, message: str) -> None:
    """When the module is read, with the record and its file."""
    note = (
        "from pytest_seedstate import Document, Record\n"
        "class Note(Record):\n"
        "    id: int\n"
        "    t: str\n"
        f"    stored_in = Document({index!r}, id='{{id}}')\n"
    )
    with pytest.raises(SeedstateError) as caught:
        project({"scenarios/notes.py": note})
    assert message in str(caught.value)
    assert "Note.stored_in" in str(caught.value)
    assert "notes.py" in str(caught.value)


def test_values_are_what_json_has() -> None:
    """Numbers, dates as date fields take them, texts of everything else."""

    class Everything(Record):
        price: Decimal = Decimal("1.50")
        share: float = 0.25
        color: Color = Color.RED
        made: dt.datetime = dt.datetime(
            2026, 1, 1, 12, 0, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))
        )
        local: dt.datetime = dt.datetime(2026, 1, 1, 12)
        day: dt.date = dt.date(2026, 1, 1)
        time: dt.time = dt.time(9, 30)
        key: uuid.UUID = uuid.UUID(int=1)
        host: IPv4Address = IPv4Address("127.0.0.1")
        url: AnyUrl = AnyUrl("http://a.example/b")
        data: bytes = b"\x00\xff"
        secret: SecretStr = SecretStr("s")
        hidden: SecretBytes = SecretBytes(b"s")
        path: Path = Path("a/b")
        tags: set[str] = Field(default={"b", "a"})
        pair: tuple[int, str] = (1, "x")
        address: Address = Address(post_code="N1", since=dt.date(2020, 2, 3))
        counts: dict[Color, Decimal] = Field(default={Color.RED: Decimal(2)})
        nothing: str | None = None

        @computed_field  # type: ignore[prop-decorator]
        @property
        def double(self) -> Decimal:
            return self.price * 2

        stored_in = Document("everything", id="1")

    assert document(Everything()).source == {
        "price": 1.5,
        "share": 0.25,
        "color": "red",
        "made": "2026-01-01T10:00:00.000005Z",
        "local": "2026-01-01T12:00:00",
        "day": "2026-01-01",
        "time": "09:30:00",
        "key": "00000000-0000-0000-0000-000000000001",
        "host": "127.0.0.1",
        "url": "http://a.example/b",
        "data": "AP8=",
        "secret": "s",
        "hidden": "cw==",
        "path": "a/b",
        "tags": ["a", "b"],
        "pair": [1, "x"],
        "address": {"postCode": "N1", "since": "2020-02-03"},
        "counts": {"red": 2.0},
        "nothing": None,
        "double": 3.0,
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "cannot store the number nan"),
        ([{"a": -math.inf}], "cannot store the number -inf"),
        (Decimal("NaN"), "cannot store the number nan"),
        (Decimal("1e400"), "cannot store the number inf"),
        (dt.timedelta(1), "cannot store a value of type timedelta"),
        (1j, "cannot store a value of type complex"),
        (object(), "cannot store a value of type object"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any, message: str) -> None:
    """With what it is."""
    with pytest.raises(SeedstateError, match=f"a search index {message}"):
        search_value(value)


def test_a_value_that_json_cannot_hold_is_told_with_its_scenario(project: Project) -> None:
    """File and line of whoever made it."""
    registry = project(
        {
            "scenarios/far.py": """
                import math
                from pytest_seedstate import Document, Record, scenario

                class Place(Record):
                    distance: float
                    stored_in = Document("places", id="1")

                @scenario("far")
                def far(seed):
                    yield Place(distance=math.inf)
                """
        }
    )
    with pytest.raises(SeedstateError, match="cannot store the number inf") as caught:
        make(registry, "far")
    assert "scenario 'far/far'" in str(caught.value)
    assert "far.py:" in str(caught.value)


def test_extra_fields_are_templates_and_values_in_any_depth() -> None:
    """One field alone keeps its type; what needs a field that is None is left out as a whole."""

    class Shop(Record):
        name: str
        latitude: Decimal | None = None
        longitude: Decimal | None = None
        stored_in = Document(
            "shops",
            id="SHOP-{name}",
            fields=("name",),
            extra={
                "name": "{name}!",
                "kind": "shop",
                "rank": 3,
                "location": {"lat": "{latitude}", "lon": "{longitude}"},
                "boxes": ["{name}", {"inner": "<{latitude:.1f}>"}],
            },
        )

    there = Shop(name="a", latitude=Decimal("51.5"), longitude=Decimal(0))
    assert document(there) == OpenSearchDocument(
        "SHOP-a",
        {
            "name": "a!",
            "kind": "shop",
            "rank": 3,
            "location": {"lat": 51.5, "lon": 0.0},
            "boxes": ["a", {"inner": "<51.5>"}],
        },
    )
    nowhere = document(Shop(name="a", longitude=Decimal(0)))
    assert nowhere.source == {"name": "a!", "kind": "shop", "rank": 3}


def test_an_id_without_its_field_is_an_error() -> None:
    """As a key of an item."""

    class Note(Record):
        number: int | None = None
        stored_in = Document("notes", id="N-{number}")

    with pytest.raises(SeedstateError, match="needs the field 'number', which is None"):
        document(Note())


def test_documents_are_entries_and_part_of_the_fingerprint(project: Project) -> None:
    """By store and index, like everything that is loaded."""
    text = """
        from pytest_seedstate import Document, Record, scenario

        class Note(Record):
            number: int
            text: str
            stored_in = Document("notes", id="{number}")

        @scenario("notes")
        def notes(seed, text="a"):
            return [Note(number=number, text=text) for number in (1, 2)]
        """
    registry = project({"scenarios/notes.py": text})
    dataset = make(registry, "notes")
    assert dataset.entries == {
        "opensearch": {
            "notes": [
                OpenSearchDocument("1", {"number": 1, "text": "a"}),
                OpenSearchDocument("2", {"number": 2, "text": "a"}),
            ]
        }
    }
    assert dataset.fingerprint == make(registry, "notes").fingerprint
    assert dataset.fingerprint != make(registry, "notes", text="b").fingerprint


def test_one_id_may_be_in_two_indices(empty_registry: Registry) -> None:
    """Only within an index is it unique."""

    class Note(Record):
        number: int
        stored_in = (Document("notes", id="{number}"), Document("copies", id="{number}"))

    from pytest_seedstate import scenario

    one = scenario("one")(lambda seed: Note(number=1))
    assert list(make(empty_registry, one).entries["opensearch"]) == ["notes", "copies"]
