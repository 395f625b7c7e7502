"""What must exist in OpenSearch: declared in a module, in files, or following from records."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import pytest
from pydantic import (
    AnyUrl,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    PastDate,
    SecretBytes,
    SecretStr,
)
from pydantic.alias_generators import to_camel

from pytest_seedstate import Document, Record
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.derived_index import derived_indices
from pytest_seedstate.records.index_fields import index_field
from pytest_seedstate.stores.no_journal import NoJournal
from pytest_seedstate.stores.opensearch import OpenSearchStore
from pytest_seedstate.stores.opensearch_schema import read_declared
from tests.opensearch.serving import served
from tests.records.conftest import Project

NOTES = """
from pytest_seedstate import Document, Record, schema

class Note(Record):
    number: int
    text: str
    stored_in = Document("notes", id="{number}")
"""
TEXT = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}


def test_a_pack_without_indices_gets_them_from_its_records(project: Project) -> None:
    """One for each index that documents go to."""
    registry = project({"scenarios/notes.py": NOTES})
    assert registry.schema_for("opensearch") == [
        {
            "index": "notes",
            "mappings": {"properties": {"number": {"type": "long"}, "text": TEXT}},
        }
    ]


def test_a_module_declares_indices(project: Project) -> None:
    """Names, indices, templates and pipelines, as the API takes them."""
    registry = project(
        {
            "scenarios/notes.py": NOTES
            + "schema(indices=['notes', {'index': 'more', 'aliases': {'all': {}}}])\n"
            + "schema(indices=[{'ingest_pipeline': 'stamp', 'processors': []}])\n"
            + "schema(indices=[{'index_template': 'logs', 'index_patterns': ['log-*']}])\n"
        }
    )
    assert registry.schema_for("opensearch") == [
        {"index": "notes"},
        {"index": "more", "aliases": {"all": {}}},
        {"ingest_pipeline": "stamp", "processors": []},
        {"index_template": "logs", "index_patterns": ["log-*"]},
    ]


def test_a_folder_declares_indices(project: Project) -> None:
    """In the order of their names; an index without a name is called as its file."""
    registry = project(
        {
            "scenarios/notes/records.py": NOTES,
            "scenarios/notes/schema/opensearch/notes.json": '{"settings": {}, "mappings": {}}',
            "scenarios/notes/schema/opensearch/0.json": '[{"index": "a"}, {"index": "b"}]',
            "scenarios/notes/schema/opensearch/plain.json": "{}",
        }
    )
    assert registry.schema_for("opensearch") == [
        {"index": "a"},
        {"index": "b"},
        {"index": "notes", "settings": {}, "mappings": {}},
        {"index": "plain"},
    ]


def test_what_one_pack_declares_is_not_derived_for_another(project: Project) -> None:
    """Neither an index, nor what is an alias or a template's index elsewhere."""
    uses = NOTES + (
        "class Entry(Record):\n    number: int\n"
        "    stored_in = (Document('log-1', id='{number}'), Document('own', id='{number}'))\n"
    )
    declares = (
        "from pytest_seedstate import schema\n"
        "schema(indices=[{'index': 'notes-1', 'aliases': {'notes': {}}},\n"
        "                {'index_template': 'logs', 'index_patterns': 'log-*'}])\n"
    )
    registry = project({"scenarios/a.py": uses, "scenarios/b.py": declares})
    names = [one.get("index") for one in registry.schema_for("opensearch")]
    assert names == ["notes-1", None, "own"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"schema/opensearch/a.json": '{\n"index": }'}, r"a\.json:2, column 10"),
        ({"schema/opensearch/a.json": "[{}]"}, r"lacks its name(.|\n)*keys: none"),
        ({"schema/opensearch/a.json": '[{"settings": {}}, {}]'}, "lacks its name"),
        ({"schema/opensearch/a.json": '{"processors": []}'}, "lacks its name"),
        ({"schema/opensearch/a.json": '"notes" 1'}, "not valid JSON"),
        ({"schema/opensearch/a.json": "7"}, "is a mapping, not int"),
        (
            {"schema/opensearch/a.json": '{"index": "a", "index_template": "b"}'},
            "both 'index' and 'index_template'",
        ),
        (
            {"schema/opensearch/a.json": '{"index": "a", "mapping": {}}'},
            "unknown part of an index 'mapping'(.|\n)*did you mean 'mappings'",
        ),
        (
            {"schema/opensearch/a.json": '{"mapping": {}}'},
            "unknown part of an index 'mapping'(.|\n)*a\\.json(.|\n)*did you mean 'mappings'",
        ),
        ({"schema/opensearch/a.json": '[{"indx": "a"}]'}, "did you mean 'index'"),
        (
            {"more.py": "from pytest_seedstate import schema\nschema(indices=[{'alias': {}}])"},
            r"more\.py:2(.|\n)*did you mean 'aliases'",
        ),
        ({"schema/opensearch/a.json": '{"index_patterns": "a"}'}, "lacks its name"),
        ({"schema/opensearch/a.json": '{"index": "a", "settings": 1}'}, "'settings' of the index"),
        ({"schema/opensearch/a.json": '{"index": ""}'}, "'index' is not a name: ''"),
        ({"schema/opensearch/a.json": '{"ingest_pipeline": 3}'}, "'ingest_pipeline' is not a name"),
        ({"more.py": "from pytest_seedstate import schema\nschema(indices=[{}])"}, "its name"),
        ({"more.py": "from pytest_seedstate import schema\nschema(indices=[7])"}, "not int"),
        ({"more.py": "from pytest_seedstate import schema\nschema(indices=[''])"}, "not a name"),
    ],
)
def test_a_declaration_that_is_none_is_told(
    project: Project, files: dict[str, str], message: str
) -> None:
    """With its file."""
    with pytest.raises(SeedstateError, match=message) as caught:
        project({f"scenarios/shop/{name}": text for name, text in files.items()})
    assert "scenarios/shop" in str(caught.value)


def test_what_the_store_refuses_is_told_with_its_file(project: Project) -> None:
    """And OpenSearch's reason once, though it tells it as its own cause too."""
    wrong = '{"mappings": {"properties": {"t": {"type": "txet"}}}}'
    registry = project(
        {
            "scenarios/shop/records.py": NOTES,
            "scenarios/shop/schema/opensearch/notes.json": wrong,
        }
    )
    with served() as url:
        store = OpenSearchStore({"url": url}, NoJournal("OpenSearch"))
        with pytest.raises(
            SeedstateError, match=r"(?s)index 'notes' cannot.*where: .*notes\.json"
        ) as caught:
            store.create_schema(registry.schema_for("opensearch"))
        store.close()
    assert str(caught.value).count("No handler for type [txet] declared on field [t]") == 1


def test_what_is_declared_twice_is_told_with_its_line(project: Project) -> None:
    """That of the second."""
    twice = "from pytest_seedstate import schema\nschema(indices=['a'])\nschema(indices=['a'])\n"
    registry = project({"scenarios/shop.py": twice})
    with pytest.raises(SeedstateError, match=r"'a' is declared twice\n  where: .*shop\.py:3"):
        read_declared(registry.schema_for("opensearch"))


@pytest.mark.parametrize(
    "declared",
    ["'ntes'", "{'index': 'note-1', 'aliases': {'note': {}}}"],
)
def test_a_record_that_points_elsewhere_than_the_schema_is_told(
    project: Project, declared: str
) -> None:
    """With the closest name, before any service starts."""
    with pytest.raises(SeedstateError, match="unknown index 'notes'") as caught:
        project({"scenarios/shop.py": NOTES + f"schema(indices=[{declared}])\n"})
    assert "did you mean" in str(caught.value)
    assert "Note.stored_in" in str(caught.value)


@pytest.mark.parametrize(
    "declared",
    [
        "{'index': 'notes-1', 'aliases': {'notes': {}}}",
        "{'index_template': 'all', 'index_patterns': ['n*s', 'x']}",
    ],
)
def test_a_record_may_point_to_an_alias_or_a_templates_index(
    project: Project, declared: str
) -> None:
    """Both exist when documents come."""
    registry = project({"scenarios/shop.py": NOTES + f"schema(indices=[{declared}])\n"})
    assert len(registry.schema_for("opensearch")) == 1


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Mixed(Enum):
    TEXT = "a"
    NUMBER = 1


class Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    unit_size: int
    label: Any = None


class Tree(BaseModel):
    name: Color
    children: "list[Tree]"  # noqa: UP037 - the class does not exist yet


UserId = NewType("UserId", int)
PART = {"properties": {"unitSize": {"type": "long"}}}


@pytest.mark.parametrize(
    ("annotation", "mapping"),
    [
        (str, TEXT),
        (int, "long"),
        (bool, "boolean"),
        (float, "double"),
        (Decimal, "double"),
        (bytes, "binary"),
        (dt.datetime, "date"),
        (dt.date, "date"),
        (dt.time, "keyword"),
        (uuid.UUID, "keyword"),
        (IPv6Address, "ip"),
        (Path, "keyword"),
        (AnyUrl, "keyword"),
        (EmailStr, TEXT),
        (SecretStr, TEXT),
        (SecretBytes, "binary"),
        (AwareDatetime, "date"),
        (PastDate, "date"),
        (Color, "keyword"),
        (Level, "long"),
        (Literal["a", "b"], "keyword"),
        (Literal[1, 2], "long"),
        (UserId, "long"),
        (Annotated[Decimal, Field(gt=0)], "double"),
        (list[str], TEXT),
        (set[Color], "keyword"),
        (tuple[str, ...], TEXT),
        (tuple[int, int], "long"),
        (list[list[int]], "long"),
        (list[Part], PART),
        (Part, PART),
        (dict[str, int], "object"),
        (dict, "object"),
        (int | float, "double"),
        (dt.date | dt.datetime, "date"),
        (Tree, {"properties": {"name": {"type": "keyword"}, "children": {"type": "object"}}}),
        (tuple[str, int], None),
        (list, None),
        (int | str, None),
        (Mixed, None),
        (Any, None),
        (object, None),
    ],
)
def test_mappings_follow_from_annotations(annotation: Any, mapping: Any) -> None:
    """None makes no difference, since every field may be missing."""
    wanted = {"type": mapping} if isinstance(mapping, str) else mapping
    assert index_field(annotation) == wanted
    if annotation is not Any:
        assert index_field(annotation | None) == wanted


def test_ids_points_and_templates_have_mappings_of_their_own() -> None:
    """A text id is a keyword, `lat` and `lon` are a point, a template is a keyword."""

    class Shop(Record):
        model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

        shop_name: str
        latitude: Decimal
        free: Any
        stored_in = Document(
            "shops",
            id="{shop_name}",
            exclude=("latitude",),
            extra={
                "kind": "shop",
                "rank": 3,
                "is_open": True,
                "height": "{latitude}",
                "at": {"lat": "{latitude}", "lon": "{latitude}"},
                "inner": {"label": "<{shop_name}>", "text": "{shop_name}", "free": "{free}"},
                "several": ["{latitude}", 1.5],
                "mixed": ["{latitude}", "a"],
            },
        )

    (index,) = derived_indices([Shop])
    assert index["mappings"]["properties"] == {
        "shopName": {"type": "keyword"},
        "kind": {"type": "keyword"},
        "rank": {"type": "long"},
        "is_open": {"type": "boolean"},
        "height": {"type": "double"},
        "at": {"type": "geo_point"},
        "inner": {"properties": {"label": {"type": "keyword"}, "text": TEXT}},
        "several": {"type": "double"},
    }


def test_records_may_share_an_index() -> None:
    """Fields of both, inner ones too."""

    class Inner(BaseModel):
        other: int

    class Cat(Record):
        id: int
        lives: Part
        stored_in = Document("animals", id="cat-{id}")

    class Dog(Record):
        id: int
        lives: Inner
        stored_in = Document("animals", id="dog-{id}")

    (index,) = derived_indices([Cat, Dog])
    assert index["mappings"]["properties"] == {
        "id": {"type": "long"},
        "lives": {"properties": {"unitSize": {"type": "long"}, "other": {"type": "long"}}},
    }


def test_records_that_disagree_are_told() -> None:
    """With the field, its types and who says the second."""

    class Other(BaseModel):
        unitSize: str

    class First(Record):
        id: int
        size: int
        part: Part
        stored_in = Document("things", id="1-{id}")

    class Second(Record):
        id: int
        size: str
        stored_in = Document("things", id="2-{id}")

    class Third(Record):
        part: Other
        stored_in = Document("things", id="3")

    with pytest.raises(SeedstateError, match=r"field 'things\.size': long or text") as caught:
        derived_indices([First, Second])
    assert "Second.stored_in" in str(caught.value)
    with pytest.raises(SeedstateError, match=r"field 'things\.part\.unitSize': long or text"):
        derived_indices([First, Third])
