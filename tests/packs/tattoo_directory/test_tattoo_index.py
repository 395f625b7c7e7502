"""The search index says what the table says, and only what it shall, in every scenario."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from scenarios.tattoo_directory.records import Artist
from scenarios.tattoo_directory.search import INDEX
from scenarios.tattoo_directory.styles import STYLES

from .test_tattoo_consistency import in_every_scenario

SCHEMA = Path(__file__).parents[3] / "scenarios" / "tattoo_directory" / "schema" / "opensearch"
SEARCH_ONLY = {"location", "styleNames", "styleDetails", "imageCount"}
TABLE_ONLY = {
    *("pk", "sk", "entityType", "geoCell", "geoRank"),
    "contactInfo",  # private
    "styleMetadata",  # as styleDetails
}


def documents(dataset):
    """The index's documents by id."""
    return {one.id: one.source for one in dataset.entries["opensearch"][INDEX]}


def profiles(dataset):
    """The table's artist items by id."""
    items = dataset.entries["dynamodb"]["tattoo-directory"]
    return {item["artistId"]: item for item in items if item["entityType"] == "artist"}


def in_json(value):
    """A DynamoDB value as a document has it: numbers are numbers, instants end in Z."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: in_json(part) for name, part in value.items()}
    if isinstance(value, list):
        return [in_json(part) for part in value]
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


@in_every_scenario
def test_table_and_index_agree(generated, name):
    """The same artists, and the same value in every field that both have."""
    dataset = generated(name)
    items, found = profiles(dataset), documents(dataset)
    assert list(found) == list(items)
    for key, source in found.items():
        item = in_json(items[key])
        assert source.keys() - SEARCH_ONLY == item.keys() - TABLE_ONLY
        for field in source.keys() - SEARCH_ONLY:
            assert source[field] == item[field], field


@in_every_scenario
def test_what_only_the_index_has_follows_from_the_profile(generated, name):
    """Place, names and details of styles, and the number of images."""
    dataset = generated(name)
    found = documents(dataset)
    for artist in dataset.records_of(Artist):
        source = found[artist.artist_id]
        address = artist.tattoo_studio.address
        assert source["location"] == {
            "lat": float(address.latitude),
            "lon": float(address.longitude),
        }
        assert source["styleNames"] == [STYLES[style].name for style in artist.styles]
        assert [one["styleId"] for one in source["styleDetails"]] == list(artist.styles)
        for one in source["styleDetails"]:
            facts = STYLES[one["styleId"]]
            assert one["difficulty"] == facts.difficulty
            assert one["characteristics"] == list(facts.characteristics)
            assert one["popularMotifs"] == list(facts.motifs)
            assert one["colorPalette"] == list(facts.palette)
        assert source["imageCount"] == len(artist.portfolio_images) > 0


@in_every_scenario
def test_images_of_the_index_are_loaded_objects(generated, name):
    """Avatars and portfolios lie in the bucket."""
    dataset = generated(name)
    loaded = {
        f"s3://tattoo-directory-images/{one.key}"
        for one in dataset.entries["s3"]["tattoo-directory-images"]
    }
    for source in documents(dataset).values():
        assert {source["avatar"], *source["portfolioImages"]} <= loaded


def test_contacts_are_not_searchable(generated):
    """Neither telephone nor e-mail nor website, in whatever field."""
    dataset = generated("full-dataset")
    text = json.dumps(list(documents(dataset).values()))
    for artist in dataset.records_of(Artist):
        contact = artist.contact_info
        for private in (contact.email, contact.phone, contact.website):
            assert private not in text


def leaves(source, path=""):
    """The names of all fields of a document, with dots."""
    if isinstance(source, dict) and path != "location":
        return {name for key in source for name in leaves(source[key], f"{path}.{key}".strip("."))}
    if isinstance(source, list):
        return {name for one in source for name in leaves(one, path)}
    return {path}


def mapped(properties, path=""):
    """The names of all fields of a mapping, with dots."""
    found = set()
    for name, field in properties.items():
        here = f"{path}.{name}".strip(".")
        found |= mapped(field["properties"], here) if "properties" in field else {here}
    return found


def test_the_mapping_has_every_field_and_no_other(generated):
    """It is strict, so a field that it lacks could not be loaded."""
    declared = json.loads((SCHEMA / "artists.json").read_text("utf-8"))
    assert declared["index"] == INDEX
    assert declared["mappings"]["dynamic"] == "strict"
    found = set().union(*map(leaves, documents(generated("full-dataset")).values()))
    assert found == mapped(declared["mappings"]["properties"])


@pytest.mark.parametrize("name", ["empty", "catalogue", "picture-library"])
def test_without_artists_there_are_no_documents(generated, name):
    """Styles and pictures are not searched for."""
    assert "opensearch" not in generated(name).entries
