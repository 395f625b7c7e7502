from pytest_seedstate import Document, Item, Object, Record, Row, scenario


class Parcel(Record):
    number: str
    receiver: str
    label: bytes
    stored_in = (
        Row("parcels", exclude=("label",)),
        Document("parcels", id="{number}", exclude=("label",)),
        Object("parcel-labels", key="{number}.txt", body="label"),
    )


class Place(Record):
    number: str
    place: str
    stored_in = (Item("parcel-places", pk="{number}", exclude=("number",)),)


@scenario("three-parcels")
def three_parcels(seed):
    for number, receiver in (("1", "Mia Stone"), ("2", "Ada Black"), ("3", "Zoe Stone")):
        yield Parcel(number=number, receiver=receiver, label=receiver.encode())
        yield Place(number=number, place="depot")
