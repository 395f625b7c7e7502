"""Scenarios with ``ddl=True``: tests that change tables, on a database without a journal."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import write

OPTIONS = ("-o", "seedstate_env=DATABASE_URL = {postgres.url}")
MIGRATIONS = """
    from pytest_seedstate import scenario

    @scenario("migrations", extends="three-products", ddl=True)
    def migrations(seed):
        pass
"""
TESTS = """
    import os, psycopg, pytest

    MIGRATION = '''
        ALTER TABLE products ADD COLUMN stock integer NOT NULL DEFAULT 0;
        ALTER TABLE products RENAME COLUMN name TO title;
        CREATE TABLE extra (i int);
    '''

    def count(postgres):
        return postgres.execute("SELECT count(*) FROM products").fetchone()[0]

    def connect():
        return psycopg.connect(os.environ["DATABASE_URL"])

    def journals(postgres):
        return postgres.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'seedstate_journal'"
        ).fetchone()[0]
"""


@pytest.fixture
def shop(project: pytest.Pytester) -> pytest.Pytester:
    write(project, "scenarios/migrating.py", MIGRATIONS)
    return project


@pytest.mark.parametrize("verify", [False, True])
def test_tests_change_tables_and_others_do_not_notice(shop: pytest.Pytester, verify: bool) -> None:
    """Several in a row, between journaled ones of the same data; nothing is told of clones."""
    write(
        shop,
        "test_migrations.py",
        TESTS
        + """
    @pytest.mark.scenario("three-products")
    def test_before(postgres):
        assert (count(postgres), journals(postgres)) == (3, 1)
        postgres.execute("DELETE FROM products")

    @pytest.mark.scenario("migrations")
    @pytest.mark.parametrize("attempt", [1, 2, 3])
    def test_migrates(attempt, postgres, seedstate, dynamodb):
        assert (count(postgres), journals(postgres)) == (3, 0)
        assert dynamodb.Table("shop").scan()["Count"] == 3
        dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p001", "sk": "PROFILE"})
        postgres.execute(MIGRATION)
        postgres.execute("UPDATE products SET title = 'x', stock = 1")
        changes = seedstate.changes()
        assert [change.store for change in changes] == ["dynamodb"]
        assert "ddl=True" in changes.notes[0]

    @pytest.mark.scenario("migrations")
    def test_only_reads(postgres, seedstate):
        assert count(postgres) == 3
        assert not seedstate.changes()

    @pytest.mark.scenario("three-products")
    def test_after(postgres, seedstate):
        assert (count(postgres), journals(postgres)) == (3, 1)
        postgres.execute("DELETE FROM products WHERE sku = 'p000'")
        assert len(seedstate.changes()) == 1

    def test_empty(postgres):
        assert (count(postgres), journals(postgres)) == (0, 1)
""",
    )
    result = shop.runpytest(
        *OPTIONS,
        *(["--seedstate-verify"] if verify else []),
        "--seedstate-report=report.json",
        "--seedstate-order=off",
    )
    result.assert_outcomes(passed=7)
    assert "replaced" not in result.stdout.str()
    report = json.loads((shop.path / "report.json").read_text("utf-8"))
    assert report["figures"]["rewound"]["count"] >= 5


def test_a_failure_says_why_it_has_no_changes(shop: pytest.Pytester) -> None:
    """And so does a late write, which is undone like any other."""
    write(
        shop,
        "test_migrations.py",
        TESTS
        + """
    pytestmark = pytest.mark.scenario("migrations")
    late = []

    def test_fails(postgres):
        postgres.execute(MIGRATION)
        raise ValueError("for the report")

    @pytest.fixture(scope="module")
    def late_writer():
        yield
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("DROP TABLE products")

    def test_leaves_something_behind(late_writer, postgres):
        assert count(postgres) == 3

    def test_finds_all(postgres):
        assert count(postgres) == 3
""",
    )
    result = shop.runpytest(*OPTIONS)
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["*changes are not recorded in a scenario with ddl=True*"])


def test_a_wider_fixture_cannot_write(shop: pytest.Pytester) -> None:
    """A clear error, and no test starts from what such a fixture has left."""
    write(
        shop,
        "test_migrations.py",
        TESTS
        + """
    pytestmark = pytest.mark.scenario("migrations")

    @pytest.fixture(scope="module")
    def lamp():
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("INSERT INTO products VALUES ('lamp', 'lamp', 9.99)")

    def test_with_it(lamp, postgres):
        pass

    def test_without_it(postgres):
        assert count(postgres) == 3
""",
    )
    result = shop.runpytest(*OPTIONS)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*PostgreSQL cannot return to what it holds now*", "*ddl=True*"])


def test_resets_seeds_and_snapshots(shop: pytest.Pytester) -> None:
    """Into such a state and out of it within a test; on top of it before anything is written."""
    write(
        shop,
        "scenarios/states.py",
        """
        from pytest_seedstate import reset_state

        reset_state("migrating", scenario="migrations")
        reset_state("plain", scenario="three-products")
    """,
    )
    write(
        shop,
        "test_migrations.py",
        TESTS
        + """
    @pytest.mark.scenario("migrations")
    def test_goes_out(postgres, seedstate):
        seedstate.snapshot("start")
        postgres.execute(MIGRATION)
        with pytest.raises(Exception, match="ddl=True"):
            seedstate.snapshot("later")
        seedstate.restore("start")
        with connect() as again:
            assert count(again) == 3
        seedstate.reset("plain")
        with connect() as again:
            assert (count(again), journals(again)) == (3, 1)

    @pytest.mark.scenario("three-products")
    def test_goes_in(seedstate):
        seedstate.reset("migrating")
        with connect() as connection:
            assert (count(connection), journals(connection)) == (3, 0)
            connection.execute(MIGRATION)

    @pytest.mark.reset_state("migrating")
    def test_reset_state(postgres):
        assert (count(postgres), journals(postgres)) == (3, 0)

    @pytest.mark.scenario("three-products")
    def test_last(postgres):
        assert (count(postgres), journals(postgres)) == (3, 1)
        postgres.execute("DELETE FROM products")
""",
    )
    result = shop.runpytest(*OPTIONS, "--seedstate-order=off")
    result.assert_outcomes(passed=4)


def test_readonly_and_ddl(shop: pytest.Pytester) -> None:
    """A readonly test that writes there fails too; what it wrote is not known."""
    write(
        shop,
        "test_migrations.py",
        TESTS
        + """
    @pytest.mark.scenario("migrations", readonly=True)
    def test_reads(postgres):
        assert count(postgres) == 3

    @pytest.mark.scenario("migrations", readonly=True)
    def test_writes(postgres):
        postgres.execute(MIGRATION)
""",
    )
    result = shop.runpytest(*OPTIONS)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*readonly and changed something*"])


def test_a_connection_that_restore_has_cut_is_told(project: pytest.Pytester) -> None:
    """The failure says so; a new connection serves, and the fixture has one for the next test."""
    write(
        project,
        "test_restore.py",
        """
        import os, psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")
        QUERY = "SELECT count(*) FROM products"

        def test_goes_on_with_the_old_one(seedstate, postgres):
            seedstate.snapshot("start")
            postgres.execute("ALTER TABLE products ADD COLUMN stock int")
            seedstate.restore("start")
            postgres.execute(QUERY)

        def test_connects_anew(seedstate, postgres):
            seedstate.snapshot("start")
            postgres.execute("ALTER TABLE products ADD COLUMN stock int")
            seedstate.restore("start")
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                assert connection.execute(QUERY).fetchone() == (3,)

        def test_fails_of_something_else(seedstate, postgres):
            seedstate.snapshot("start")
            postgres.execute("DELETE FROM products")
            seedstate.restore("start")
            assert postgres.execute(QUERY).fetchone() == (4,)
        """,
    )

    result = project.runpytest("-o", "seedstate_env=DATABASE_URL = {postgres.url}")

    result.assert_outcomes(passed=1, failed=2)
    told = [line for line in result.outlines if "connections were cut" in line]
    assert len(told) == 1
    result.stdout.fnmatch_lines(
        [
            "*_ test_goes_on_with_the_old_one _*",
            "*seedstate: connections were cut*",
            "the database was replaced by a copy while this test ran*",
            "*_ test_fails_of_something_else _*",
        ]
    )


def test_a_pool_that_the_test_before_has_cut_is_told(project: pytest.Pytester) -> None:
    """The failure names that test, what it did, and what helps; the test after it is not told."""
    pytest.importorskip("sqlalchemy", reason="tox's environment `examples` has SQLAlchemy")
    write(
        project,
        "test_pool.py",
        """
        import os, pytest, sqlalchemy

        pytestmark = pytest.mark.scenario("three-products")

        @pytest.fixture(scope="session", params=[False, True], ids=["default", "careful"])
        def pool(request):
            url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
            made = sqlalchemy.create_engine(url, pool_pre_ping=request.param)
            yield made
            made.dispose()

        def run(pool, statement):
            with pool.begin() as connection:
                connection.execute(sqlalchemy.text(statement))

        def test_ddl(pool):
            run(pool, "ALTER TABLE products ADD COLUMN stock int")

        def test_next(pool):
            run(pool, "SELECT * FROM products")

        def test_later(pool):
            run(pool, "SELECT * FROM nowhere")
        """,
    )

    result = project.runpytest("-o", "seedstate_env=DATABASE_URL = {postgres.url}")

    result.assert_outcomes(passed=3, failed=3)
    told = [line for line in result.outlines if "connections were cut" in line]
    assert len(told) == 1
    result.stdout.fnmatch_lines(
        [
            "*_ test_next[[]default[]] _*",
            "*AdminShutdown*",
            "*seedstate: connections were cut*",
            "*because of test_pool.py::test_ddl[[]default[]]: the database, after ALTER TABLE*",
            "*pool_pre_ping=True*",
        ]
    )
