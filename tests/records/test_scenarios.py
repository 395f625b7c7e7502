"""Declaring scenarios and reset states."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import pytest

from pytest_seedstate import Scenario, reset_state, scenario
from pytest_seedstate.errors import SeedstateError


def test_a_marker_takes_a_scenario_as_its_argument() -> None:
    """Pytest decorates functions and classes; a scenario is neither."""

    @scenario("marked")
    def marked(seed):
        """Makes nothing."""

    decorator = pytest.mark.scenario(marked)
    assert isinstance(marked, Scenario)
    assert decorator.mark.args == (marked,)
    assert pytest.mark.scenario(marked, marked).mark.args == (marked, marked)


def test_a_scenario_says_what_it_is() -> None:
    """Name, parameters, first line of the docstring, file and line."""

    @scenario("told", stores=("postgres",))
    def told(seed, city: str, count=3):
        """Makes people.

        In a city.
        """

    assert told.name == told.full_name == "told"
    assert told.summary == "Makes people."
    assert told.signature_text == "city, count=3"
    assert told.stores == ("postgres",)
    assert str(told.site).startswith(__file__)
    assert "told" in repr(told)
    assert told("the seed", city="x") is None


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a[b]", "a,b"])
def test_a_name_that_no_option_could_hold_is_refused(name: str) -> None:
    """Spaces, slashes, brackets and commas have meanings elsewhere."""
    with pytest.raises(SeedstateError, match="cannot be the name of a scenario"):
        scenario(name)
    with pytest.raises(SeedstateError, match="cannot be the name of a reset state"):
        reset_state(name)


def test_a_decorator_without_a_name_is_refused() -> None:
    """``@scenario`` without brackets is a usual slip."""
    with pytest.raises(SeedstateError, match='write @scenario\\("a-name"\\)'):

        @scenario  # type: ignore[arg-type]
        def nameless(seed):
            """Makes nothing."""


@pytest.mark.parametrize("name", ["scope", "readonly", "seed"])
def test_reserved_parameter_names_are_refused(name: str) -> None:
    """The marker could not tell them from its own."""
    function = eval(f"lambda first, {name}=1: None")
    with pytest.raises(SeedstateError, match=f"may not have a parameter called '{name}'"):
        scenario("reserved")(function)


def test_a_scenario_without_a_seed_is_refused() -> None:
    """The first parameter is the seed."""
    with pytest.raises(SeedstateError, match="first parameter is the seed"):
        scenario("seedless")(lambda: None)
    with pytest.raises(SeedstateError, match="first parameter is the seed"):
        scenario("seedless")(lambda *, seed: None)


def test_parameters_that_have_no_name_are_refused() -> None:
    """A marker gives parameters by name."""
    with pytest.raises(SeedstateError, match="'rest' cannot be given by name"):
        scenario("positional")(lambda seed, *rest: None)


def test_an_unknown_store_is_refused() -> None:
    """With the closest one."""
    with pytest.raises(SeedstateError, match="did you mean 'postgres'"):
        scenario("stores", stores="postgress")
    with pytest.raises(SeedstateError, match="did you mean 'dynamodb'"):
        reset_state("stores", stores=("dynamo",))


def test_a_missing_input_is_refused() -> None:
    """A file that a scenario reads must be there when it is declared."""
    with pytest.raises(SeedstateError, match=r"no-such-file\.csv' does not exist"):
        scenario("inputs", inputs="no-such-file.csv")


def test_copies_are_one_or_more() -> None:
    """No copies would be no data."""
    with pytest.raises(SeedstateError, match="copies must be 1 or more, not 0"):
        reset_state("copied", "x", copies=0)


def test_texts_become_values_by_annotation_or_default() -> None:
    """A command line has only texts."""

    @scenario("typed")
    def typed(
        seed,
        name,
        count=3,
        share: Decimal = Decimal(1),
        day: dt.date | None = None,
        size: Literal["s", "m"] = "s",
        sizes: list[int] = [],  # noqa: B006
        on: bool = False,
        free=None,
    ):
        """Makes nothing."""

    parsed = typed.parameters.parse(
        {
            "name": "x",
            "count": "7",
            "share": "0.5",
            "day": "2026-01-02",
            "size": "m",
            "sizes": "[1, 2]",
            "on": "true",
            "free": "text",
        },
        typed.where,
    )
    assert parsed == {
        "name": "x",
        "count": 7,
        "share": Decimal("0.5"),
        "day": dt.date(2026, 1, 2),
        "size": "m",
        "sizes": [1, 2],
        "on": True,
        "free": "text",
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"count": "many"}, "parameter count=many is not valid"),
        ({"sizes": "[1,"}, r"parameter sizes=\[1, is not valid"),
        ({"cuont": "1"}, "unknown parameter 'cuont'.*(.|\n)*did you mean 'count'"),
    ],
)
def test_a_text_that_is_no_value_is_refused(texts: dict[str, str], message: str) -> None:
    """The message names parameter, text and what is allowed."""

    @scenario("typed")
    def typed(seed, count=3, sizes: list[int] = []):  # noqa: B006
        """Makes nothing."""

    with pytest.raises(SeedstateError, match=message):
        typed.parameters.parse(texts, typed.where)


def test_annotations_that_only_type_checkers_see_do_no_harm() -> None:
    """The default's type is used instead."""

    def function(seed, count: "NotImported" = 3):  # type: ignore[name-defined]  # noqa: F821, UP037
        """Makes nothing."""

    typed = scenario("typed")(function)
    assert typed.parameters.parse({"count": "4"}, "here") == {"count": 4}


def test_a_scenario_may_take_any_parameter() -> None:
    """``**others`` is the user's wish."""
    free = scenario("free")(lambda seed, **others: None)
    assert free.parameters.bind({"anything": 1}, "here") == {"anything": 1}
    assert free.parameters.parse({"anything": "1"}, "here") == {"anything": "1"}
