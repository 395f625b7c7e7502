"""Schemas that a project's own programs and hooks create."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write

ENVIRONMENT = "seedstate_env=DATABASE_URL = {postgres.url}"


def test_a_service_that_starts_later_does_not_run_them_again(project: pytest.Pytester) -> None:
    """Both here create a table, which a second time would be an error."""
    write(
        project,
        "migrate.py",
        """
        import os, psycopg

        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE by_command (id int)")
        """,
    )
    project.makeconftest(
        """
        import psycopg

        def pytest_seedstate_schema(env):
            with psycopg.connect(env["DATABASE_URL"]) as connection:
                connection.execute("CREATE TABLE by_hook (id int)")
        """
    )
    project.makepyfile(
        """
        def test_first(postgres):
            assert postgres.execute("SELECT count(*) FROM by_command, by_hook").fetchone() == (0,)

        def test_second(dynamodb):
            assert list(dynamodb.tables.all())
        """
    )

    options = ["-o", ENVIRONMENT, "-o", "seedstate_schema=command:python migrate.py"]
    project.runpytest(*options).assert_outcomes(passed=2)


def test_a_hook_that_raises_is_told_once_to_each_test(project: pytest.Pytester) -> None:
    """With its file and line; it is not called again."""
    project.makeconftest(
        """
        def pytest_seedstate_schema(env):
            with open("called", "a") as called:
                called.write("x")
            raise RuntimeError("no such migration")
        """
    )
    project.makepyfile("def test_one(postgres): pass\ndef test_two(postgres): pass")
    result = project.runpytest()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [
            "*the hook pytest_seedstate_schema failed: RuntimeError: no such migration",
            "*conftest.py:4*",
        ]
    )
    result.stdout.no_fnmatch_line("*fleet.py*")
    assert (project.path / "called").read_text() == "x"
