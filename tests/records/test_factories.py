"""Factories: factory_boy's own features, with records."""

from __future__ import annotations

from decimal import Decimal

import factory
import pytest
from pydantic import ValidationError

from pytest_seedstate import Record, RecordFactory, Row, scenario
from pytest_seedstate.records.registry import Registry
from tests.records.conftest import make


class Studio(Record):
    id: int
    name: str
    stored_in = (Row("studios", key=("id",)),)


class Address(Record):
    street: str


class Artist(Record):
    id: int
    name: str
    address: Address
    studio_id: int
    rating: Decimal
    stored_in = (Row("artists", key=("id",)),)


class Review(Record):
    id: int
    artist_id: int
    stored_in = (Row("reviews", key=("id",)),)


class StudioFactory(RecordFactory[Studio]):
    id = factory.Sequence(int)
    name = factory.Faker("company")


class AddressFactory(RecordFactory[Address]):
    street = factory.Faker("street_name")


class ReviewFactory(RecordFactory[Review]):
    id = factory.Sequence(int)
    artist_id = factory.SelfAttribute("artist.id")

    class Meta:
        exclude = ("artist",)


class ArtistFactory(RecordFactory[Artist]):
    id = factory.Sequence(lambda number: number + 1)
    name = factory.LazyAttribute(lambda artist: f"artist {artist.id}")
    address = factory.SubFactory(AddressFactory, street="Main Street")
    studio = factory.SubFactory(StudioFactory)
    studio_id = factory.SelfAttribute("studio.id")
    rating = Decimal(3)
    review = factory.RelatedFactory(ReviewFactory, factory_related_name="artist")

    class Meta:
        exclude = ("studio",)

    class Params:
        best = factory.Trait(rating=Decimal(5))


def test_the_model_comes_from_the_type_argument() -> None:
    """No ``class Meta: model`` is needed, and other options of Meta still count."""
    assert ArtistFactory._meta.model is Artist
    assert ArtistFactory._meta.exclude == ("studio",)
    assert RecordFactory._meta.abstract


def test_a_child_factory_keeps_the_model_and_may_replace_it() -> None:
    """Inheritance works as in factory_boy."""

    class Painter(Artist):
        medium: str

    class NamedFactory(ArtistFactory):
        name = "named"

    class PainterFactory(ArtistFactory):
        medium = "oil"

        class Meta:
            model = Painter

    assert type(NamedFactory.build()) is Artist
    assert PainterFactory.build().medium == "oil"


def test_build_create_and_call_all_build() -> None:
    """There is nothing to save to: the store loads."""
    made = [ArtistFactory.build(), ArtistFactory.create(), ArtistFactory()]
    assert all(type(one) is Artist for one in made)
    assert [one.id for one in made] == list(range(made[0].id, made[0].id + 3))
    assert len(ArtistFactory.create_batch(2)) == 2


def test_sub_factories_traits_and_lazy_attributes_work() -> None:
    """The declarations of factory_boy keep their meaning."""
    artist = ArtistFactory.build(best=True, address__street="Side Street")
    assert artist.rating == 5
    assert artist.address.street == "Side Street"
    assert artist.name == f"artist {artist.id}"


def test_a_factory_checks_what_it_builds() -> None:
    """A wrong value fails as a wrong record does."""
    with pytest.raises(ValidationError):
        ArtistFactory.build(rating="many")


def test_records_built_for_a_record_come_with_it(empty_registry: Registry) -> None:
    """What a sub-factory built comes before, what a related factory built comes after."""

    @scenario("artists")
    def artists(seed):
        yield from ArtistFactory.build_batch(2)

    dataset = make(empty_registry, artists)
    assert [type(record) for record in dataset.records] == [Studio, Artist, Review] * 2
    assert [record.studio_id for record in dataset.records_of(Artist)] == [
        studio.id for studio in dataset.records_of(Studio)
    ]
    assert [review.artist_id for review in dataset.records_of(Review)] == [1, 2]


def test_a_record_that_was_given_to_a_factory_comes_once(empty_registry: Registry) -> None:
    """Yielding the studio oneself, before or after, makes no second one."""

    @scenario("artists")
    def artists(seed):
        studio = StudioFactory.build()
        yield studio
        yield from ArtistFactory.build_batch(2, studio=studio)

    @scenario("studio-last")
    def studio_last(seed):
        made: list[Studio] = []

        class KeepingFactory(StudioFactory):
            @classmethod
            def _build(cls, model_class, *args, **kwargs):
                made.append(super()._build(model_class, *args, **kwargs))
                return made[-1]

        yield ArtistFactory.build(studio=factory.SubFactory(KeepingFactory))
        yield made[0]

    assert len(make(empty_registry, artists).records_of(Studio)) == 1
    assert len(make(empty_registry, studio_last).records_of(Studio)) == 1


def test_what_was_built_and_not_yielded_stays_out(empty_registry: Registry) -> None:
    """Only what a scenario yields is data, with its own company."""

    @scenario("picky")
    def picky(seed):
        artists = ArtistFactory.build_batch(5)
        yield artists[3]

    dataset = make(empty_registry, picky)
    assert [type(record) for record in dataset.records] == [Studio, Artist, Review]
    assert dataset.one(Artist).id == 4


def test_a_record_built_inside_of_a_lazy_function_comes_too(empty_registry: Registry) -> None:
    """A nested call of a factory is company like a sub-factory."""

    class LoneFactory(ArtistFactory):
        studio = None
        studio_id = factory.LazyFunction(lambda: StudioFactory.build().id)

    @scenario("lone")
    def lone(seed):
        yield LoneFactory.build()

    dataset = make(empty_registry, lone)
    assert [type(record) for record in dataset.records] == [Studio, Artist, Review]
    assert dataset.one(Artist).studio_id == dataset.one(Studio).id
