"""With the plugin: what the tests start from, every one of them."""

from pytest_seedstate import Item, Record, scenario


class Artist(Record):
    name: str

    stored_in = (Item("artists", pk="{name}"),)


@scenario("two-artists")
def two_artists(seed):
    yield Artist(name="alice")
    yield Artist(name="bob")
