"""Values of settings and the messages for wrong ones."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_seedstate.config import Settings
from pytest_seedstate.errors import SeedstateError


def read(**values):
    return Settings.read(Path("/project"), values.get)


def test_defaults():
    """Nothing set means a fixed seed and clock, and the usual folder."""
    settings = read()

    assert settings.seed == 0
    assert settings.clock == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert settings.scenarios == (Path("/project/scenarios"),)
    assert settings.order
    assert settings.diff == "failed"


def test_an_explicit_zero_is_a_value():
    """Unlike in tools that read options with `or`."""
    assert read(seedstate_lock_timeout="0").lock_timeout == 0


@pytest.mark.parametrize(
    ("value", "expected"), [(None, False), (True, True), ("1", True), ("Yes", True), ("0", False)]
)
def test_a_switch_may_be_a_text_of_the_environment(value, expected):
    """Pytest's ini gives a truth value, a variable a text."""
    assert read(seedstate_reuse=value).reuse is expected


def test_the_clock_is_read_as_utc():
    """With or without an offset."""
    expected = datetime(2026, 3, 1, 9, tzinfo=UTC)

    assert read(seedstate_clock="2026-03-01T11:00:00+02:00").clock == expected
    assert read(seedstate_clock="2026-03-01T09:00:00").clock == expected


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seedstate_reuse", "maybe", "is 'maybe', and should be true or false"),
        ("seedstate_seed", "many", "not a whole number"),
        ("seedstate_order", "of", "did you mean 'off'"),
        ("seedstate_diff", "fail", "did you mean 'failed'"),
        ("seedstate_clock", "tomorrow", "ISO 8601"),
        ("seedstate_postgres_port", "70000", "1 to 65535"),
        ("seedstate_lock_timeout", "soon", "not a number"),
        ("seedstate_lock_timeout", "-1", "a number from 0"),
        ("seedstate_diff_limit", "-1", "a number from 0"),
        ("seedstate_env", ["DATABASE_URL {postgres.url}"], "NAME = TEMPLATE"),
    ],
)
def test_a_wrong_value_names_the_setting_and_what_is_allowed(name, value, message):
    """One message a setting."""
    with pytest.raises(SeedstateError, match=message) as caught:
        read(**{name: value})

    assert name in str(caught.value)
