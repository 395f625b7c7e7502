"""docs/reference.md names exactly what there is."""

from __future__ import annotations

import re

import pytest

from pytest_seedstate import plugin
from pytest_seedstate.config import SETTINGS
from pytest_seedstate.engine.environment import DEFAULTS
from pytest_seedstate.plugin import hookspecs
from pytest_seedstate.plugin.markers import MARKERS, OWN_FIXTURES
from pytest_seedstate.plugin.seedstate_fixture import Seedstate
from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch
from pytest_seedstate.services.postgres.server import EmbeddedPostgres
from tests.docs.examples import ROOT

TEXT = (ROOT / "docs" / "reference.md").read_text("utf-8")


def section(heading: str) -> str:
    """The text under a heading of the second level."""
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_every_setting_and_no_other() -> None:
    """Options and ini values."""
    told = section("Options and ini values")
    options = {setting.flag for setting in SETTINGS if setting.flag} | {"--seedstate-list"}
    assert set(re.findall(r"--[a-z0-9-]*[a-z]", told)) == options
    assert set(re.findall(r"`(seedstate_\w+)`", told)) == {setting.name for setting in SETTINGS}


def test_every_fixture_and_what_it_offers() -> None:
    """Names, and the methods of `seedstate`."""
    told = section("Fixtures")
    assert set(re.findall(r"^\| `(\w+)`", told, re.M)) == OWN_FIXTURES == set(plugin.__all__)
    methods = {name for name in vars(Seedstate) if not name.startswith("_")}
    assert set(re.findall(r"`\.(\w+)", told)) == methods


def test_every_marker_as_it_explains_itself() -> None:
    """The signatures that `pytest --markers` shows."""
    assert re.findall(r"^- `(.+?)`:", section("Markers"), re.M) == [
        text.split("):")[0] + ")" for text in MARKERS
    ]


def test_every_hook() -> None:
    """With the names of its arguments."""
    told = dict(
        re.findall(r"`(pytest_seedstate_\w+)\((.*?)\)`", section("Hooks for a conftest.py"))
    )
    there = {name: spec for name, spec in vars(hookspecs).items() if name.startswith("pytest_seed")}
    assert told == {
        name: ", ".join(spec.__code__.co_varnames[: spec.__code__.co_argcount])
        for name, spec in there.items()
    }


@pytest.mark.parametrize("service", DEFAULTS)
def test_every_variable(
    service: str,
    embedded_postgres: EmbeddedPostgres,
    embedded_aws: EmbeddedAws,
    embedded_opensearch: EmbeddedOpenSearch,
) -> None:
    """Of templates, as the services themselves name them."""
    services = {one.name: one for one in (embedded_postgres, embedded_aws, embedded_opensearch)}
    there = set(services[service].variables) - {"conninfo"}  # for our own sessions
    told = re.findall(rf"`{{{service}\.(\w+)}}`", section("Variables for templates"))
    assert set(told) == there
