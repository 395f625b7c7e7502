"""The stack of positions that wider fixtures leave."""

from pytest_seedstate.engine.layers import Layer, LayerStack


def layer(token, **positions):
    return Layer(f"fixture {token}", token, positions)


def test_the_innermost_layer_of_a_journal_is_its_top():
    """A test is rewound to what the last fixture left, in each journal by itself."""
    stack = LayerStack()
    stack.push(layer("outer", postgres=1, aws=1))
    stack.push(layer("inner", postgres=2))

    assert (stack.top("postgres"), stack.top("aws"), stack.top("other")) == (2, 1, 0)


def test_ending_the_innermost_layer_uncovers_the_one_below():
    """The usual order of teardown."""
    stack = LayerStack()
    stack.push(layer("outer", postgres=1))
    stack.push(layer("inner", postgres=2))

    assert stack.end("inner")
    assert stack.top("postgres") == 1
    assert stack.end("outer")
    assert (stack.top("postgres"), bool(stack)) == (0, False)


def test_a_layer_that_ends_below_a_live_one_goes_with_it():
    """Its writes cannot be undone while another fixture built on them."""
    stack = LayerStack()
    stack.push(layer("outer", postgres=1))
    stack.push(layer("inner", postgres=2))

    assert not stack.end("outer")
    assert stack.top("postgres") == 2
    assert stack.end("inner")
    assert (stack.top("postgres"), bool(stack)) == (0, False)


def test_a_fixture_without_a_layer_ends_silently():
    """Most fixtures write nothing; pytest also calls finalizers twice."""
    stack = LayerStack()
    stack.push(layer("outer", postgres=1))

    assert not stack.end("stranger")
    assert stack.top("postgres") == 1
