"""What fixtures left and nothing can bring back: told, and set up anew in all stores."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write
from tests.plugin.layered import write_layered

CHANGES_TABLES = """
    import os, signal, time
    import psycopg, pytest
    from probe import *

    pytestmark = pytest.mark.scenario("one-thing")
    made = []

    @pytest.fixture(scope="session")
    def outer():
        made.append("outer")
        add("outer")

    @pytest.fixture(scope="module")
    def inner(outer):
        made.append("inner")
        add("inner")
        with database() as connection:
            connection.execute("CREATE INDEX slow ON things (name)")

    def test_rows_only(inner):
        see("outer", "inner")
        remove("base")

    def test_breaks(inner):
        see("outer", "inner")
        with database() as connection:
            STATEMENT

    def test_after(inner):
        see("outer", "inner")
        assert made == ["outer", "inner"] * 2

    def test_after_that(inner):
        see("outer", "inner")
        assert made == ["outer", "inner"] * 2
"""

STATEMENTS = {
    "ddl": ('connection.execute("CREATE TABLE extra (id int)")', "CREATE TABLE public.extra"),
    "crash": (
        """
            # A witness: the victim's own session ends before the server has noticed anything.
            with database() as witness:
                os.kill(connection.info.backend_pid, signal.SIGKILL)
                with pytest.raises(psycopg.OperationalError):
                    while True:
                        witness.execute("SELECT pg_sleep(0.005)")
            # It recovers when all sessions have ended, the journal's too.
            while True:
                try:
                    database().close()
                    break
                except psycopg.OperationalError:
                    time.sleep(0.02)
        """,
        "the server has crashed",
    ),
}


@pytest.mark.parametrize("way", STATEMENTS)
@pytest.mark.parametrize("options", [(), ("--seedstate-verify",)], ids=["", "verify"])
def test_lost_layers_are_an_error_and_set_up_anew(
    project: pytest.Pytester, way: str, options: tuple[str, ...]
) -> None:
    """The test that did it fails; the next one finds its fixtures as they should be."""
    write_layered(project, all_stores=True)
    statement, told = STATEMENTS[way]
    write(project, "test_it.py", CHANGES_TABLES.replace("STATEMENT", statement.strip()))
    result = project.runpytest(*options)
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_breaks*",
            f"*a wider fixture or a snapshot holds of PostgreSQL is lost after: *{told}*",
            "*checked: all stores are at their baseline again",
            "*torn down, to be set up again when asked for: module fixture 'inner', "
            "session fixture 'outer'*",
        ]
    )
