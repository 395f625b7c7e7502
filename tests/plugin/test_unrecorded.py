"""Change sets that may lack something are equal to no data, and say why."""

from __future__ import annotations

import pytest


def test_rows_of_changed_tables(project: pytest.Pytester) -> None:
    """Made, changed or dropped: never a change set that looks complete and is not."""
    project.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.scenario("three-products")

        @pytest.mark.parametrize(
            ("ddl", "write", "note"),
            [
                ("ALTER TABLE products ADD COLUMN q int", "DELETE FROM products",
                 "rows of products are not recorded since the table was changed"),
                ("ALTER TABLE products RENAME TO goods", "DELETE FROM goods",
                 "rows of products are not recorded since the table was changed"),
                ("DELETE FROM products WHERE sku = 'p000'", "DROP TABLE products CASCADE",
                 "rows of products are not recorded since the table was changed"),
                ("CREATE TABLE extra (i int)", "INSERT INTO extra VALUES (1)",
                 "rows of public.extra are not recorded: the table is new"),
                ("CREATE TABLE copied AS SELECT * FROM products", "SELECT 1",
                 "rows of public.copied are not recorded: the table is new"),
            ],
        )
        def test_unrecorded(ddl, write, note, postgres, seedstate):
            postgres.execute(ddl)
            postgres.execute(write)
            changes = seedstate.changes()
            assert note in changes.notes
            assert note in changes.unrecorded
            assert changes != changes.as_data()
            assert seedstate.changes(ignore=["sku"]).unrecorded

        @pytest.mark.parametrize("attempt", [1, 2])
        def test_recorded(attempt, postgres, seedstate):
            postgres.execute("CREATE INDEX slow ON products (name)")
            postgres.execute("DELETE FROM products WHERE sku = 'p000'")
            changes = seedstate.changes()
            assert changes == changes.as_data() != {}
            assert not changes.unrecorded

        def test_is_told(postgres, seedstate):
            postgres.execute("CREATE TABLE extra (i int)")
            assert seedstate.changes() == {}
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*there may be more changes than those expected:",
            "*rows of public.extra are not recorded: the table is new",
        ]
    )


def test_a_change_by_itself_shows_no_values(project: pytest.Pytester) -> None:
    """Pytest repeats it wherever an assertion is about it."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products")
        def test_shown(postgres, seedstate):
            postgres.execute("UPDATE products SET name = 'hidden-q7z' WHERE sku = 'p000'")
            [change] = seedstate.changes()
            assert change is None
        """
    )
    result = project.runpytest("-o", "seedstate_sensitive=products.name")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*<updated in postgres products: name> is None*"])
    result.stdout.no_fnmatch_line("*assert*hidden-q7z*")


def test_a_readonly_test_that_resets(project: pytest.Pytester) -> None:
    """Replacing everything is a change, too, also where nothing differs afterwards."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products", readonly=True)
        def test_resets(seedstate):
            seedstate.reset("empty")
        """
    )
    (project.path / "scenarios" / "resets.py").write_text(
        "from pytest_seedstate import reset_state\n\nreset_state('empty')\n", "utf-8"
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*marked readonly and changed something*", "*by seedstate.reset*"])
