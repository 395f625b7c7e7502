"""Scenarios that write themselves find what comes before them in the stores."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write

PACK = """
    from decimal import Decimal

    from pytest_seedstate import Record, Row, reset_state, scenario

    from .shop import Photo, Product


    class Sighting(Record):
        by: str
        products: int
        items: int
        photos: int
        stored_in = Row("sightings")


    def look(seed, by):
        seed.postgres.execute(
            "INSERT INTO sightings VALUES (%s, %s, %s, %s)",
            [
                by,
                seed.postgres.execute("SELECT count(*) FROM products").fetchone()[0],
                seed.dynamodb.Table("shop").scan()["Count"],
                seed.s3.list_objects_v2(Bucket="photos")["KeyCount"],
            ],
        )

    STORES = ("postgres", "dynamodb", "s3")

    @scenario("looker", stores=STORES)
    def looker(seed):
        look(seed, "looker")
        # Its records come after all that it writes.
        yield Product(sku="of looker", name="new", price=Decimal(1))

    @scenario("extending", extends=["shop/with-photos", "looker"], stores=STORES)
    async def extending(seed):
        look(seed, "extending")

    @scenario("above", extends="extending")
    def above(seed):
        yield Product(sku="above", name="new", price=Decimal(1))

    @scenario("same-key", stores="postgres")
    def same_key(seed):
        yield Product(sku="p000", name="again", price=Decimal(1))

    @scenario("changing", extends="shop/three-products", stores="postgres")
    def changing(seed):
        seed.records(Product)[1].name = "changed"

    @scenario("failing", extends="shop/three-products", stores="postgres")
    def failing(seed):
        raise RuntimeError(seed.postgres.execute("SELECT count(*) FROM products").fetchone()[0])

    reset_state("looked", scenario="looker", copies=1)
    reset_state("looked-above", scenario="above")
"""

PROBE = """
    import pytest
    from scenarios.shop import Product

    @pytest.fixture
    def seen(postgres):
        return lambda: {
            by: tuple(counts) for by, *counts in postgres.execute("SELECT * FROM sightings")
        }
"""


@pytest.fixture
def looking(project: pytest.Pytester) -> pytest.Pytester:
    """A project whose scenarios write down what they find in the stores."""
    write(project, "scenarios/looking.py", PACK)
    write(project, "conftest.py", PROBE)
    return project


def test_what_comes_before_is_in_the_stores(looking: pytest.Pytester) -> None:
    """Extended, layered, in the reset state below; what comes above is not, nor what it yields."""
    looking.makepyfile(
        """
        import pytest
        from scenarios.shop import Product

        @pytest.mark.scenario("above")
        @pytest.mark.parametrize("attempt", [1, 2])
        def test_extends(attempt, seen, seedstate, postgres):
            assert seen() == {"looker": (3, 3, 3), "extending": (4, 4, 3)}
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (5,)
            assert len(seedstate.records(Product)) == 5
            postgres.execute("TRUNCATE products")

        @pytest.mark.scenario("three-products", "looker", "one-more")
        def test_layers(seen, postgres, dynamodb):
            assert seen() == {"looker": (3, 3, 0)}
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (5,)
            assert dynamodb.Table("shop").scan()["Count"] == 5

        @pytest.mark.reset_state("fresh")
        @pytest.mark.scenario("looker")
        def test_reset_state_below(seen):
            assert seen() == {"looker": (3, 3, 0)}

        @pytest.mark.reset_state("looked")
        @pytest.mark.scenario("one-more")
        def test_nothing_is_below(seen):
            assert seen() == {"looker": (0, 0, 0)}
        """
    )

    looking.runpytest("--seedstate-verify", "-o", "pythonpath=.").assert_outcomes(passed=5)


def test_the_same_in_the_middle_of_a_test(looking: pytest.Pytester) -> None:
    """By `seed` and by `reset`; what fails leaves nothing."""
    looking.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("one-more")
        def test_seeded(seen, seedstate, postgres):
            with pytest.raises(Exception, match="scenario 'looking/failing' failed: RuntimeError: 4"):
                seedstate.seed("failing")
            assert not seedstate.changes()
            seedstate.seed("above")
            assert seen() == {"looker": (4, 4, 3), "extending": (5, 5, 3)}
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (6,)

        @pytest.mark.scenario("one-more")
        def test_reset(seen, seedstate, dynamodb):
            seedstate.reset("looked-above")
            assert seen() == {"looker": (3, 3, 3), "extending": (4, 4, 3)}
            assert dynamodb.Table("shop").scan()["Count"] == 5
        """
    )

    looking.runpytest("-o", "pythonpath=.").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("scenarios", "says"),
    [
        (
            '"three-products", "same-key", "looker"',
            "*two records have the key 'p000' in 'products' (postgres)*",
        ),
        ('"changing"', "*the scenario changed a Product that is loaded already*"),
        ('"failing"', "*scenario 'looking/failing' failed: RuntimeError: 3*"),
    ],
)
def test_after_a_failure_nothing_is_there(
    looking: pytest.Pytester, scenarios: str, says: str
) -> None:
    """Although a part was loaded; the next test finds its own state."""
    looking.makepyfile(
        f"""
        import pytest

        @pytest.mark.scenario({scenarios})
        def test_fails(postgres):
            pass

        @pytest.mark.reset_state("clean")
        def test_next(postgres, dynamodb):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (0,)
            assert dynamodb.Table("shop").scan()["Count"] == 0
        """
    )

    result = looking.runpytest("--seedstate-verify")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([says])
