"""A project that does not use the plugin pays nothing for it."""

from __future__ import annotations

import sys

import pytest

HEAVY = [
    "boto3",
    "botocore",
    "psycopg",
    "moto",
    "faker",
    "factory",
    "pydantic",
    "typer",
    "rich",
    "testcontainers",
    "opensearchpy",
    "werkzeug",
]


def test_an_unused_plugin_imports_nothing_heavy(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at start nor in a run; other plugins are left out, since some of them import Faker."""
    pytester.makepyfile(
        f"""
        import sys

        def test_nothing_of_theirs_is_here():
            assert "pytest_seedstate.plugin" in sys.modules
            assert [name for name in {HEAVY} if name in sys.modules] == []
            assert "pytest_seedstate.engine.engine" not in sys.modules
        """
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    result = pytester.run(sys.executable, "-m", "pytest", "-p", "pytest_seedstate.plugin")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*seedstate:*")


def test_an_unused_plugin_has_no_hook_in_the_path_of_a_test(pytester: pytest.Pytester) -> None:
    """Its cost per test is what collection takes to see that it is not wanted."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def ours(pytestconfig):
            manager = pytestconfig.pluginmanager
            return [
                impl.plugin_name
                for name in ("pytest_runtest_setup", "pytest_runtest_call",
                             "pytest_runtest_teardown", "pytest_runtest_makereport",
                             "pytest_runtest_protocol", "pytest_fixture_setup")
                for impl in getattr(manager.hook, name).get_hookimpls()
                if "seedstate" in impl.plugin_name
            ]
        """
    )
    pytester.makepyfile("def test_none(ours): assert ours == []")

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_collecting_alone_starts_nothing(project: pytest.Pytester) -> None:
    """An editor collects all the time."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products")
        def test_it(postgres): pass
        """
    )

    result = project.runpytest("--collect-only")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*services started*")
