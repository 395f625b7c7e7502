"""The stack of positions that wider fixtures leave."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_seedstate.engine.layers import Layer, LayerStack


@dataclass(eq=False)
class Fixture:
    """Stands for a fixture that wrote."""

    title: str

    def end(self) -> None:
        """Nothing here tears down."""


OUTER, INNER = Fixture("outer"), Fixture("inner")


def stack_of_two() -> LayerStack:
    """The outer fixture wrote to two stores, then the inner one to one of them."""
    stack = LayerStack()
    stack.push(Layer(OUTER, {"postgres": 1, "aws": 1}))
    stack.push(Layer(INNER, {"postgres": 2}))
    return stack


def test_the_innermost_layer_of_a_journal_is_its_top() -> None:
    """A test is rewound to what the last fixture left, in each journal by itself."""
    stack = stack_of_two()

    assert (stack.top("postgres"), stack.top("aws"), stack.top("other")) == (2, 1, 0)
    assert stack.titles == ["outer", "inner"]


def test_ending_the_innermost_layer_uncovers_the_one_below() -> None:
    """The usual order of teardown."""
    stack = stack_of_two()

    assert stack.mark_ended(INNER)
    assert stack.drop_ended()
    assert stack.top("postgres") == 1
    assert stack.mark_ended(OUTER)
    assert stack.drop_ended()
    assert (stack.top("postgres"), bool(stack)) == (0, False)


def test_a_layer_that_ends_below_a_live_one_goes_with_it() -> None:
    """Its writes cannot be undone while another fixture built on them."""
    stack = stack_of_two()

    assert stack.above(OUTER) == [INNER]
    assert stack.mark_ended(OUTER)
    assert not stack.drop_ended()
    assert stack.top("postgres") == 2
    assert (stack.live(), stack.ended()) == ([INNER], [OUTER])
    stack.mark_ended(INNER)
    assert stack.drop_ended()
    assert (stack.top("postgres"), bool(stack)) == (0, False)


def test_a_fixture_without_a_layer_ends_silently() -> None:
    """Most fixtures write nothing."""
    stack = stack_of_two()

    stranger = Fixture("stranger")
    assert not stack.mark_ended(stranger)
    assert not stack.drop_ended()
    assert stack.above(stranger) == []
    assert stack.top("postgres") == 2
