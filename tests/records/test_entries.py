"""How records look in each store."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, SecretStr, computed_field
from pydantic.alias_generators import to_camel

from pytest_seedstate import Document, Item, Object, Record, Row, S3Object
from pytest_seedstate.errors import SeedstateError


class Color(str, Enum):  # noqa: UP042 - its texts differ from its values, unlike StrEnum's
    RED = "red"


class Address(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    post_code: str
    since: dt.date


def entry(record: Record, number: int = 0) -> Any:
    """What one place of a record stores."""
    return record.placements()[number].entry(record)


def test_a_row_has_a_column_for_every_field_in_order() -> None:
    """Without anything said, fields are columns."""

    class Product(Record):
        sku: str
        price: Decimal
        stored_in = (Row("products"),)

    assert list(entry(Product(sku="a", price=Decimal("1.50"))).items()) == [
        ("sku", "a"),
        ("price", Decimal("1.50")),
    ]


def test_columns_may_be_chosen_renamed_and_excluded() -> None:
    """`fields`, `columns` and `exclude` do what they say."""

    class Product(Record):
        sku: str
        name: str
        note: str = ""
        stored_in = (
            Row("chosen", fields=("name", "sku"), columns={"sku": "id"}),
            Row("rest", exclude=("note",)),
        )

    record = Product(sku="a", name="b", note="c")
    assert entry(record) == {"name": "b", "id": "a"}
    assert entry(record, 1) == {"sku": "a", "name": "b"}


def test_one_place_needs_no_tuple() -> None:
    """A forgotten comma is no mistake."""

    class Product(Record):
        sku: str
        stored_in = Row("products")

    assert entry(Product(sku="a")) == {"sku": "a"}


def test_a_property_or_computed_field_may_be_a_column() -> None:
    """Properties are stored when they are named, computed fields always."""

    class Product(Record):
        cents: int

        @computed_field  # type: ignore[prop-decorator]
        @property
        def price(self) -> Decimal:
            return Decimal(self.cents) / 100

        @property
        def shown(self) -> str:
            return f"{self.price} EUR"

        stored_in = (Row("all"), Row("named", fields=("shown",)))

    assert entry(Product(cents=150)) == {"cents": 150, "price": Decimal("1.5")}
    assert entry(Product(cents=150), 1) == {"shown": "1.5 EUR"}


def test_row_values_are_what_the_database_driver_takes() -> None:
    """Models become mappings under their aliases, sets sorted lists, members of enums values."""

    class Thing(Record):
        color: Color
        address: Address
        tags: set[str]
        sizes: tuple[int, ...]
        at: dt.datetime
        secret: SecretStr
        url: AnyUrl
        folder: Path
        nested: dict[Color, list[Address]]
        prices: list[Decimal]
        details: dict[str, Any]
        stored_in = (Row("things"),)

    address = Address(post_code="N1", since=dt.date(2026, 1, 1))
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    stored = {"postCode": "N1", "since": "2026-01-01"}
    number = uuid.UUID(int=1)
    assert entry(
        Thing(
            color=Color.RED,
            address=address,
            tags={"c", "a", "b"},
            sizes=(2, 1),
            at=at,
            secret=SecretStr("s"),
            url=AnyUrl("https://example.org/"),
            folder=Path("a/b"),
            nested={Color.RED: [address]},
            prices=[Decimal("1.10")],
            details={"price": Decimal("1.10"), "ids": {number}, "at": at, "n": None, "l": (1,)},
        )
    ) == {
        "color": "red",
        "address": stored,
        "tags": ["a", "b", "c"],
        "sizes": [2, 1],
        "at": at,
        "secret": "s",
        "url": "https://example.org/",
        "folder": "a/b",
        "nested": {"red": [stored]},
        "prices": [Decimal("1.10")],
        "details": {"price": 1.1, "ids": [str(number)], "at": at.isoformat(), "n": None, "l": [1]},
    }


def test_item_values_are_what_dynamodb_takes() -> None:
    """No floats, instants as text, sets as sets, empty sets left out, names by alias."""

    class Thing(Record):
        model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

        thing_id: uuid.UUID
        ratio: float
        count: int
        price: Decimal
        born_on: dt.date
        seen_at: dt.datetime
        tags: set[str]
        none_of: set[str]
        parts: list[Address]
        by_color: dict[Color, float]
        ip: IPv4Address
        blob: bytes
        missing: str | None
        stored_in = (Item("things", pk="T#{thing_id}"),)

    number = uuid.UUID(int=1)
    item = entry(
        Thing(
            thing_id=number,
            ratio=0.1,
            count=1,
            price=Decimal("1.10"),
            born_on=dt.date(2026, 1, 2),
            seen_at=dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC),
            tags={"a"},
            none_of=set(),
            parts=[Address(post_code="N1", since=dt.date(2026, 1, 1))],
            by_color={Color.RED: 0.5},
            ip=IPv4Address("10.0.0.1"),
            blob=b"x",
            missing=None,
        )
    )
    assert item == {
        "pk": f"T#{number}",
        "thingId": str(number),
        "ratio": Decimal("0.1"),
        "count": 1,
        "price": Decimal("1.10"),
        "bornOn": "2026-01-02",
        "seenAt": "2026-01-02T03:00:00+00:00",
        "tags": {"a"},
        "parts": [{"postCode": "N1", "since": "2026-01-01"}],
        "byColor": {"red": Decimal("0.5")},
        "ip": "10.0.0.1",
        "blob": b"x",
        "missing": None,
    }


def test_a_value_that_a_document_lacks_is_named() -> None:
    """A time span has no form in DynamoDB or JSON, and nobody guesses one."""

    class Thing(Record):
        id: str
        span: dt.timedelta
        spans: dict[str, dt.timedelta]
        stored_in = (Item("things", pk="{id}"), Row("things"))

    record = Thing(id="a", span=dt.timedelta(1), spans={"a": dt.timedelta(1)})
    with pytest.raises(SeedstateError, match="DynamoDB cannot store a value of type timedelta"):
        entry(record)
    with pytest.raises(SeedstateError, match=r"a JSON column cannot store .* type timedelta"):
        entry(record, 1)


def test_item_keys_are_templates_and_extra_feeds_indexes() -> None:
    """Keys have their names and formats; an index key without its field is left out."""

    class Order(Record):
        number: int
        customer: str | None
        placed: dt.date
        color: Color = Color.RED
        stored_in = (
            Item(
                "orders",
                pk="{number}",
                sk="{placed:%Y-%m}#{color}",
                pk_name="PK",
                sk_name="SK",
                fields=(),
                extra={"GSI1": "CUSTOMER#{customer}", "kind": "order", "version": 2},
            ),
        )

    with_customer = Order(number=7, customer="c", placed=dt.date(2026, 2, 3))
    without = Order(number=7, customer=None, placed=dt.date(2026, 2, 3))
    keys = {"PK": 7, "SK": "2026-02#red"}
    assert entry(with_customer) == {**keys, "GSI1": "CUSTOMER#c", "kind": "order", "version": 2}
    assert entry(without) == {**keys, "kind": "order", "version": 2}


def test_a_key_attribute_wins_over_a_field_of_the_same_name() -> None:
    """The template says what the key is."""

    class Thing(Record):
        pk: str
        stored_in = (Item("things", pk="T#{pk}"),)

    assert entry(Thing(pk="a")) == {"pk": "T#a"}


def test_a_key_without_its_field_is_an_error() -> None:
    """`None` in a key would be stored as text."""

    class Thing(Record):
        id: str | None
        photo: bytes
        stored_in = (Item("things", pk="T#{id}"), Object("b", key="{id}.jpg", body="photo"))

    record = Thing(id=None, photo=b"")
    for number in (0, 1):
        with pytest.raises(SeedstateError, match="needs the field 'id', which is None"):
            entry(record, number)


def test_an_object_takes_its_content_from_a_field(tmp_path: Path) -> None:
    """Bytes, text and files are content; the field is no column and no attribute."""
    file = tmp_path / "a.jpg"
    file.write_bytes(b"jpeg")

    class Photo(Record):
        id: str
        kind: str = "jpeg"
        content: bytes | str | Path | None
        stored_in = (
            Object(
                "photos",
                key="{id}.jpg",
                body="content",
                content_type="image/{kind}",
                metadata={"owner": "{id}"},
            ),
            Row("photos"),
            Item("photos", pk="{id}"),
        )

    for content, body in ((b"x", b"x"), ("ä", "ä".encode()), (file, file)):
        record = Photo.model_construct(id="a", kind="png", content=content)
        assert entry(record) == S3Object(
            key="a.jpg", body=body, content_type="image/png", metadata={"owner": "a"}
        )
    assert entry(Photo(id="a", content=None)) is None
    assert entry(Photo(id="a", content=b""), 1) == {"id": "a", "kind": "jpeg"}
    assert entry(Photo(id="a", content=b""), 2) == {"pk": "a", "id": "a", "kind": "jpeg"}


def test_an_object_refuses_content_that_is_none() -> None:
    """A file that does not exist and a number are no content."""

    class Photo(Record):
        content: Path | int
        stored_in = (Object("photos", key="x", body="content"),)

    with pytest.raises(SeedstateError, match=r"file that does not exist: missing\.jpg"):
        entry(Photo(content=Path("missing.jpg")))
    with pytest.raises(SeedstateError, match="must be bytes, text or a Path, not int"):
        entry(Photo(content=7))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Row("t", fields=("skuu",)), "unknown field 'skuu'"),
        (Row("t", exclude=("skuu",)), "unknown field 'skuu'"),
        (Row("t", columns={"skuu": "x"}), "unknown field 'skuu'"),
        (Row("t", key=("skuu",)), "unknown field 'skuu'"),
        (Row("t", key=("sku",), exclude=("sku",)), "key field 'sku' is not a column"),
        (Item("t", pk="P#{skuu}"), "template 'P#{skuu}' names the unknown field 'skuu'"),
        (Item("t", pk="P", sk="{skuu.x}"), "names the unknown field 'skuu'"),
        (Item("t", pk="P", fields=("skuu",)), "unknown field 'skuu'"),
        (Item("t", pk="P", extra={"GSI": "{skuu}"}), "names the unknown field 'skuu'"),
        (Document("i", id="{skuu}"), "names the unknown field 'skuu'"),
        (Document("i", id="1", fields=("skuu",)), "unknown field 'skuu'"),
        (Document("i", id="1", exclude=("skuu",)), "unknown field 'skuu'"),
        (Document("i", id="1", extra={"a": {"b": ["{skuu}"]}}), "names the unknown field 'skuu'"),
        (Object("b", key="{skuu}", body="sku"), "names the unknown field 'skuu'"),
        (Object("b", key="k", body="skuu"), "unknown field 'skuu'"),
        (Object("b", key="k", body="sku", metadata={"a": "{skuu}"}), "unknown field 'skuu'"),
        (Object("b", key="k", body="sku", content_type="{skuu}"), "unknown field 'skuu'"),
        ("products", "must be a Row, an Item, an Object or a Document, not 'p'"),
    ],
)
def test_a_place_that_names_no_field_fails_at_the_class(place: Any, message: str) -> None:
    """The class definition fails, with the closest field."""
    with pytest.raises(SeedstateError) as caught:
        type("Product", (Record,), {"__annotations__": {"sku": str}, "stored_in": place})
    assert message in str(caught.value)
    assert "Product.stored_in" in str(caught.value)
    if "skuu" in message:
        assert "did you mean" in str(caught.value)


@pytest.mark.parametrize("template", ["{", "{}", "{0}", "a}b"])
def test_a_text_that_is_no_template_fails(template: str) -> None:
    """Broken braces and parts without a name are refused where they are written."""
    with pytest.raises(SeedstateError, match="template"):
        Item("t", pk=template)


def test_records_refuse_unknown_fields_and_bad_assignments() -> None:
    """A misspelt field is no silent loss, and a change is checked like a new record."""

    class Product(Record):
        price: Decimal = Field(gt=0)
        size: Literal["s", "m"] = "s"

    with pytest.raises(ValueError, match="Extra inputs"):
        Product(price=1, pricee=2)  # type: ignore[call-arg]
    product = Product(price=Decimal(1))
    with pytest.raises(ValueError, match="greater than 0"):
        product.price = Decimal(0)


def test_a_subclass_inherits_places_and_stores_its_own_fields() -> None:
    """What a place stores follows the class, not the parent."""

    class Animal(Record):
        name: str
        stored_in = (Row("animals"),)

    class Dog(Animal):
        breed: str

    assert entry(Dog(name="Rex", breed="x")) == {"name": "Rex", "breed": "x"}
    assert entry(Animal(name="Rex")) == {"name": "Rex"}
