"""docs/stores/opensearch.md lists exactly what the engine has."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pytest

from pytest_seedstate.services.opensearch.aggregations import base as aggregations
from pytest_seedstate.services.opensearch.analysis import parts
from pytest_seedstate.services.opensearch.analysis.registry import BUILT_IN
from pytest_seedstate.services.opensearch.ingest import processors
from pytest_seedstate.services.opensearch.mapping import field
from pytest_seedstate.services.opensearch.queries import base as queries
from tests.opensearch.conftest import Api

PAGE = (Path(__file__).parents[2] / "docs" / "stores" / "opensearch.md").read_text("utf-8")


def listed(name: str) -> list[str]:
    """The names of one of the page's lists."""
    (found,) = re.findall(rf"<!-- list: {name} -->(.*?)<!-- end -->", PAGE, re.DOTALL)
    return re.findall(r"`([^`]+)`", found)


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("queries", queries._PARSERS),
        ("aggregations", aggregations._MAKERS),
        ("fields", field._TYPES),
        ("analyzers", BUILT_IN),
        ("char filters", parts.CHAR_FILTERS),
        ("tokenizers", parts.TOKENIZERS),
        ("token filters", parts.FILTERS),
        ("processors", processors._KINDS),
    ],
)
def test_the_page_lists_what_is_registered(api: Api, name: str, there: Collection[str]) -> None:
    """Nothing more, nothing less, in order; a node has to be made for all of it to register."""
    assert listed(name) == sorted(there)


@pytest.mark.parametrize(
    ("section", "word"),
    [("Refused: `_open`", "the API"), ("Of a search's body", "of a search is not supported")],
)
def test_what_the_page_calls_refused_is_refused(api: Api, section: str, word: str) -> None:
    """APIs and members of a search, with a message that names them."""
    api("PUT", "/i")
    paragraph = PAGE[PAGE.index(section) :].split("\n\n")[0]
    names = re.findall(r"`(\w+)`", paragraph)
    assert len(names) > 9
    for name in names:
        if name.startswith("_"):
            refused = api("POST", f"/i/{name}")
        else:
            refused = api("POST", "/i/_search", {name: True})
        assert refused.status == 400, name
        assert word in refused.reason, name
        assert name in refused.reason


def test_the_cat_tables_of_the_page(api: Api) -> None:
    """All tables that there are, and no others."""
    (row,) = re.findall(r"^\| `_cat` \| (.*) \|$", PAGE, re.MULTILINE)
    names = re.findall(r"`(\w+)`", row)
    overview = set(re.findall(r"^/_cat/(\w+)", api("GET", "/_cat").body, re.MULTILINE))
    assert set(names) - {"master"} == overview  # the older name of cluster_manager
    assert all(api("GET", f"/_cat/{name}").status == 200 for name in names)
