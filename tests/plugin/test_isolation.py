"""Each test finds its scenario, whatever the tests before it wrote."""

from __future__ import annotations

import pytest

SPOIL_AND_LOOK = """
    import pytest

    pytestmark = pytest.mark.scenario("with-photos")

    def look(postgres, dynamodb, s3):
        rows = postgres.execute("SELECT sku FROM products ORDER BY sku").fetchall()
        items = dynamodb.Table("shop").scan()["Items"]
        objects = s3.list_objects_v2(Bucket="photos").get("Contents", [])
        return [sku for (sku,) in rows], sorted(i["sku"] for i in items), [o["Key"] for o in objects]

    WANTED = (["p000", "p001", "p002"],) * 2 + (["p000.jpg", "p001.jpg", "p002.jpg"],)

    @pytest.mark.parametrize("attempt", [1, 2, 3])
    def test_spoil(attempt, postgres, dynamodb, s3):
        assert look(postgres, dynamodb, s3) == WANTED
        postgres.execute("DELETE FROM products WHERE sku = 'p000'")
        postgres.execute("INSERT INTO products VALUES ('new', 'new', 1)")
        dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p001", "sk": "PROFILE"})
        s3.put_object(Bucket="photos", Key="p000.jpg", Body=b"other")
        s3.delete_object(Bucket="photos", Key="p002.jpg")

    def test_content_is_as_loaded(s3):
        assert s3.get_object(Bucket="photos", Key="p000.jpg")["Body"].read() == b"p000"
"""


def test_writes_of_all_stores_are_undone(project: pytest.Pytester) -> None:
    """The main job: three tests that each destroy what the next one needs."""
    project.makepyfile(SPOIL_AND_LOOK)

    result = project.runpytest("--seedstate-verify")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*states loaded: 1 *rewinds: 3 *"])


def test_the_same_tests_under_xdist(project: pytest.Pytester) -> None:
    """Workers have services of their own; the controller adds up their figures."""
    project.makepyfile(test_a=SPOIL_AND_LOOK, test_b=SPOIL_AND_LOOK)

    result = project.runpytest_subprocess("-p", "xdist", "-n", "2", "--dist", "loadfile")

    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["*states loaded: 2 *rewinds: 6 *"])


def test_states_are_switched_not_loaded_again(project: pytest.Pytester) -> None:
    """Also with ordering off, where every test wants another state."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("attempt", [1, 2])
        @pytest.mark.parametrize(
            "count", [pytest.param(n, marks=pytest.mark.scenario("three-products", count=n))
                      for n in (1, 2, 3)])
        def test_count(count, attempt, postgres, dynamodb):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (count,)
            assert dynamodb.Table("shop").scan()["Count"] == count
            postgres.execute("DELETE FROM products")
        """
    )

    result = project.runpytest("--seedstate-order=off", "--seedstate-verify", "-v")

    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["*states loaded: 3 *"])


def test_scenarios_are_layered_on_a_reset_state(project: pytest.Pytester) -> None:
    """The base state first, then the scenarios in the order of the marker."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.reset_state("fresh")
        @pytest.mark.scenario("one-more")
        def test_both(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (4,)

        @pytest.mark.reset_state("clean")
        def test_clean(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (0,)

        @pytest.mark.scenario("three-products", "one-more")
        def test_several(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (4,)
        """
    )

    project.runpytest("--seedstate-verify").assert_outcomes(passed=3)


def test_a_module_fixtures_writes_stay_as_long_as_it_lives(project: pytest.Pytester) -> None:
    """And setUpClass likewise; what the tests add to them goes."""
    project.makepyfile(
        test_a="""
        import unittest
        import psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")

        def count(postgres):
            return postgres.execute("SELECT count(*) FROM products").fetchone()[0]

        @pytest.fixture(scope="module")
        def extra(seedstate_env):
            with psycopg.connect(seedstate_env["DATABASE_URL"]) as connection:
                connection.execute("INSERT INTO products VALUES ('m1', 'module', 1)")

        def test_one(extra, postgres):
            assert count(postgres) == 4
            postgres.execute("DELETE FROM products")

        def test_two(extra, postgres):
            assert count(postgres) == 4
        """,
        test_b="""
        import unittest
        import psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")

        @pytest.fixture(autouse=True)
        def connection(request, postgres):
            if request.instance is not None:
                request.instance.postgres = postgres

        class TestWithSetUpClass(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                import os
                with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                    connection.execute("INSERT INTO products VALUES ('c1', 'class', 1)")

            def count(self):
                return self.postgres.execute("SELECT count(*) FROM products").fetchone()[0]

            def test_one(self):
                self.assertEqual(self.count(), 4)
                self.postgres.execute("DELETE FROM products")

            def test_two(self):
                self.assertEqual(self.count(), 4)

        def test_after_the_class(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        """,
    )

    result = project.runpytest(
        "-o", "seedstate_env=DATABASE_URL = {postgres.url}", "--seedstate-verify"
    )

    result.assert_outcomes(passed=5)


def test_a_parametrised_module_fixture_is_rewound_between_its_values(
    project: pytest.Pytester,
) -> None:
    """Its old value ends inside the next test's set-up."""
    project.makepyfile(
        """
        import psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")

        @pytest.fixture(scope="module", params=["x", "y"])
        def extra(request, seedstate_env):
            with psycopg.connect(seedstate_env["DATABASE_URL"]) as connection:
                connection.execute("INSERT INTO products VALUES (%s, 'p', 1)", [request.param])
            return request.param

        def test_only_its_own(extra, postgres):
            added = postgres.execute("SELECT sku FROM products WHERE name = 'p'").fetchall()
            assert added == [(extra,)]

        def test_again(extra, postgres):
            added = postgres.execute("SELECT sku FROM products WHERE name = 'p'").fetchall()
            assert added == [(extra,)]
        """
    )

    project.runpytest("--seedstate-verify").assert_outcomes(passed=4)


def test_a_switch_under_a_live_layer_names_the_fixture(project: pytest.Pytester) -> None:
    """What the fixture wrote would be lost without its knowing."""
    project.makepyfile(
        """
        import psycopg, pytest

        @pytest.fixture(scope="module")
        def catalogue(seedstate_env):
            with psycopg.connect(seedstate_env["DATABASE_URL"]) as connection:
                connection.execute("INSERT INTO products VALUES ('m1', 'module', 1)")

        @pytest.mark.scenario("three-products")
        def test_one(catalogue): pass

        @pytest.mark.scenario("one-more")
        def test_two(catalogue): pass
        """
    )

    result = project.runpytest()

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*'one-more' cannot be switched to*module fixture 'catalogue'*"])


@pytest.mark.parametrize("scope", ["class", "module"])
def test_a_wider_scope_keeps_what_tests_write(project: pytest.Pytester, scope: str) -> None:
    """And rewinds at the end of the class or module."""
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.scenario("three-products", scope="{scope}")
        class TestStory:
            def test_one(self, postgres):
                postgres.execute("DELETE FROM products")

            def test_two(self, postgres):
                assert postgres.execute("SELECT count(*) FROM products").fetchone() == (0,)
        """,
        test_z="""
        import pytest

        @pytest.mark.scenario("three-products")
        def test_after(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        """,
    )

    project.runpytest("--seedstate-verify").assert_outcomes(passed=3)


@pytest.mark.parametrize("scope", ["class", "module"])
@pytest.mark.parametrize(
    "own", ['scenario("three-products")', 'scenario("one-more")', 'reset_state("clean")']
)
def test_a_state_of_its_own_amid_a_story_is_refused(
    project: pytest.Pytester, scope: str, own: str
) -> None:
    """It would drop what the tests before it wrote, and nobody would know."""
    project.makepyfile(
        f"""
        import pytest

        pytestmark = pytest.mark.scenario("three-products", scope="{scope}")

        class TestStory:
            def test_one(self):
                pass

            @pytest.mark.{own}
            def test_two(self):
                pass
        """
    )

    result = project.runpytest()

    result.assert_outcomes(errors=1)
    file = "test_a_state_of_its_own_amid_a_story_is_refused.py"
    name = "TestStory" if scope == "class" else file
    result.stdout.fnmatch_lines(
        [
            f"*test_two has a marker '{own.partition('(')[0]}' of its own amid the tests of the "
            f"{scope} {name} that build upon each other*",
            f"*where: the marker 'scenario' of {file}, with scope=\"{scope}\"*",
            f"*take its own marker away, or move test_two out of the {scope}*",
        ]
    )


def test_what_does_not_break_a_story_is_allowed(project: pytest.Pytester) -> None:
    """The story's own marker again, other classes, stories in stories, markers of no story."""
    project.makepyfile(
        """
        import pytest

        story = pytest.mark.scenario("three-products", scope="class")

        def count(postgres):
            return postgres.execute("SELECT count(*) FROM products").fetchone()[0]

        @story
        class TestStory:
            @story
            def test_one(self, postgres):
                postgres.execute("DELETE FROM products WHERE sku = 'p000'")

            @pytest.mark.scenario("three-products", scope="class")
            def test_two(self, postgres):
                assert count(postgres) == 2

            def test_three(self, postgres):
                assert count(postgres) == 2

            class TestWithin:
                def test_begins_anew(self, postgres):
                    assert count(postgres) == 3

        @pytest.mark.scenario("one-more")
        class TestOther:
            def test_other(self, postgres):
                assert count(postgres) == 1

            @pytest.mark.scenario("three-products")
            def test_own(self, postgres):
                assert count(postgres) == 3

        @story
        @pytest.mark.scenario("one-more")
        def test_in_no_class(postgres):
            assert count(postgres) == 1
        """,
        test_z="""
        import pytest

        pytestmark = pytest.mark.scenario("three-products", scope="module")

        def test_one(postgres):
            postgres.execute("DELETE FROM products")

        @pytest.mark.scenario("one-more", scope="class")
        class TestStory:
            def test_one(self, postgres):
                postgres.execute("DELETE FROM products")

            def test_two(self, postgres):
                assert postgres.execute("SELECT count(*) FROM products").fetchone() == (0,)
        """,
    )

    project.runpytest().assert_outcomes(passed=10)


def test_a_readonly_test_that_writes_fails_with_what_it_wrote(project: pytest.Pytester) -> None:
    """And is undone all the same."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products", readonly=True)
        @pytest.mark.parametrize("write", [True, False])
        def test_reads(write, postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
            if write:
                postgres.execute("DELETE FROM products WHERE sku = 'p001'")
        """
    )

    result = project.runpytest()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*marked readonly*", "*- postgres products sku=p001*"])


def test_late_writes_are_undone_and_named(project: pytest.Pytester) -> None:
    """A worker that commits after its test has ended."""
    project.makepyfile(
        """
        import threading, time
        import psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")
        wrote = threading.Event()

        def test_starts_a_worker(seedstate_env):
            def work():
                time.sleep(0.3)
                with psycopg.connect(seedstate_env["DATABASE_URL"], application_name="mailer") as c:
                    c.execute("INSERT INTO products VALUES ('late', 'late', 1)")
                wrote.set()
            threading.Thread(target=work).start()

        @pytest.fixture(scope="session", autouse=True)
        def _hold(): yield

        def test_waits(): assert wrote.wait(10)

        def test_does_not_see_it(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        """
    )
    project.makeconftest(
        """
        import pytest, time

        @pytest.hookimpl(trylast=True)
        def pytest_runtest_logfinish(nodeid):
            if "starts_a_worker" in nodeid:
                time.sleep(1)
        """
    )

    result = project.runpytest()

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["late writes, after *starts_a_worker had ended*", "*+ postgres products sku=late*"]
    )


def test_a_failing_test_shows_what_it_changed(project: pytest.Pytester) -> None:
    """Attached before the rewind; secrets are masked."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products")
        def test_fails(postgres, dynamodb):
            postgres.execute("UPDATE products SET name = 'changed' WHERE sku = 'p002'")
            dynamodb.Table("shop").put_item(Item={"pk": "a", "sk": "b", "api_token": "hun" + "ter2"})
            assert False
        """
    )

    result = project.runpytest()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*what the test changed*",
            "~ postgres products sku=p002: name: * -> changed (by *)",
        ]
    )
    result.stdout.no_fnmatch_line("*hunter2*")


def test_snapshot_seed_and_reset_inside_a_test(project: pytest.Pytester) -> None:
    """All of it is undone at the end of the test."""
    project.makepyfile(
        """
        import pytest
        from scenarios.shop import Product

        pytestmark = pytest.mark.scenario("three-products")

        def count(postgres, dynamodb):
            rows = postgres.execute("SELECT count(*) FROM products").fetchone()[0]
            assert dynamodb.Table("shop").scan()["Count"] == rows
            return rows

        def test_all(seedstate, postgres, dynamodb):
            seedstate.snapshot("start")
            seedstate.seed("one-more")
            assert count(postgres, dynamodb) == 4
            seedstate.snapshot("four")
            postgres.execute("DELETE FROM products")
            seedstate.restore("four")
            assert count(postgres, dynamodb) == 4
            seedstate.restore("start")
            assert count(postgres, dynamodb) == 3
            seedstate.reset("clean")
            assert count(postgres, dynamodb) == 0

        def test_afterwards(seedstate, postgres, dynamodb):
            assert count(postgres, dynamodb) == 3
            assert seedstate["first"].sku == "p000"
            assert len(seedstate.records(Product)) == 3
            assert seedstate.one(Product, sku="p001").sku == "p001"
            assert not seedstate.changes()
        """
    )

    project.runpytest("--seedstate-verify", "-o", "pythonpath=.").assert_outcomes(passed=2)


def test_what_has_become_of_a_snapshot_is_told(project: pytest.Pytester) -> None:
    """Dropped by a reset or by going further back, or an earlier test's; never taken."""
    project.makepyfile(
        """
        import pytest

        def message(function, name):
            with pytest.raises(Exception) as caught:
                function(name)
            return str(caught.value)

        @pytest.mark.scenario("three-products", scope="class")
        class TestStory:
            def test_dropped(self, seedstate, postgres):
                seedstate.snapshot("start")
                postgres.execute("DELETE FROM products")
                seedstate.snapshot("later")
                seedstate.restore("start")
                told = message(seedstate.restore, "later")
                assert "'later' is gone: going back to 'start' has dropped it" in told
                assert "left: start" in told
                seedstate.snapshot("later")
                seedstate.restore("later")
                seedstate.reset("clean")
                told = message(seedstate.restore, "start")
                assert "'start' is gone: the reset to 'clean' has dropped it" in told
                seedstate.snapshot("again")

            def test_of_another_test(self, seedstate):
                assert "unknown snapshot 'again'" in message(seedstate.restore, "again")

            @pytest.mark.parametrize("name", ["", " ", None])
            def test_names(self, seedstate, name):
                assert f"{name!r} is no name for a snapshot" in message(seedstate.snapshot, name)
        """
    )
    project.runpytest().assert_outcomes(passed=5)


def test_seeding_goes_on_where_the_tests_scenarios_ended(project: pytest.Pytester) -> None:
    """Factories' numbers and random values are new each time, and the same in every run."""
    project.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.scenario("three-products")
        seen = []

        @pytest.mark.parametrize("attempt", [1, 2])
        def test_it(attempt, seedstate, postgres):
            seedstate.seed("three-products", count=2)
            seedstate.seed("three-products", count=2)
            rows = postgres.execute("SELECT sku, name, price FROM products ORDER BY sku").fetchall()
            assert [sku for sku, *_ in rows] == [f"p00{n}" for n in range(7)]
            assert len({(name, price) for _, name, price in rows}) == 7
            seen.append(rows)
            assert seen[0] == rows
        """
    )
    project.runpytest().assert_outcomes(passed=2)
