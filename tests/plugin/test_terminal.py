"""What a run tells people: header, summary, lists and help."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import write

TESTS = """
    import pytest


    @pytest.mark.scenario("three-products")
    def test_writes(postgres):
        postgres.execute("DELETE FROM products")


    @pytest.mark.scenario("three-products")
    def test_reads(postgres, dynamodb):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
"""


def test_header_and_summary(project: pytest.Pytester) -> None:
    """Provider, services, seed and clock; then what was done, with the time it took."""
    write(project, "test_shop.py", TESTS)
    result = project.runpytest_subprocess("--seedstate-seed=7", "--seedstate-report=run.json")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "seedstate: provider: embedded, services: postgres (postgres); aws (dynamodb, s3); "
            "opensearch (opensearch), "
            "seed: 7, clock: 2026-01-01T12:00:00+00:00",
            "*= seedstate =*",
            "services started: 2 (*), states loaded: 1 (*), rewinds: 1 (*), found clean: 1 (*)",
        ]
    )
    report = json.loads((project.path / "run.json").read_text("utf-8"))
    counts = {kind: figure["count"] for kind, figure in report["figures"].items()}
    assert counts == {
        "started": 2,
        "cached": 0,
        "loaded": 1,
        "switched": 0,
        "rewound": 1,
        "clean": 1,
        "verified": 0,
    }


def test_summary_of_several_workers(project: pytest.Pytester) -> None:
    """Figures of xdist's workers are added up: each has services of its own."""
    write(project, "test_shop.py", TESTS)
    result = project.runpytest_subprocess("-n2", "-p", "xdist")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["services started: 4 (*), states loaded: 2 (*)*"])


def test_a_run_that_uses_nothing_says_nothing(project: pytest.Pytester) -> None:
    """No section at the end."""
    write(project, "test_plain.py", "def test_plain(): pass")
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*= seedstate =*")


def test_the_list(project: pytest.Pytester) -> None:
    """Scenarios with their parameters and reset states; no test runs; names are whole."""
    name = "a-scenario-whose-name-takes-most-of-a-line"
    write(
        project,
        "scenarios/long.py",
        f"""
        from pytest_seedstate import scenario

        @scenario("{name}")
        def long(seed, count=5, *, kind="new"):
            '''What this is, in so many words that the terminal has no room for them in one line.'''
            yield from ()
        """,
    )
    write(project, "test_shop.py", TESTS)
    result = project.runpytest_subprocess("--seedstate-list")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            f"*long/{name}*",
            "*shop/three-products*count=3*Products*",
            "*Reset states*",
            "*shop/fresh*three-products*",
        ]
    )
    result.stdout.no_fnmatch_line("*passed*")


@pytest.mark.parametrize(
    ("option", "lines"),
    [
        ("--markers", ["@pytest.mark.scenario(*scenarios*): start the test from these*"]),
        ("--fixtures", ["seedstate -- *", "*named records*", "dynamodb * -- *", "*boto3*"]),
        ("--help", ["*--seedstate-seed=N*Seed of all generated data*", "*seedstate_env (*"]),
    ],
)
def test_pytests_own_lists(project: pytest.Pytester, option: str, lines: list[str]) -> None:
    """What pytest lists says what each thing is for."""
    result = project.runpytest_subprocess(option)
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    result.stdout.fnmatch_lines(lines)


ENVIRONMENT = "seedstate_env=DATABASE_URL = {postgres.url}"


def test_options_count_where_variables_are_exported(project: pytest.Pytester) -> None:
    """The variables are exported, and so settings are read, before conftests load."""
    write(project, "test_plain.py", "def test_plain(postgres): pass")
    result = project.runpytest_subprocess(
        "-o", ENVIRONMENT, "--scenario=one-more", "--seedstate-seed=7", "--seedstate-verify"
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["seedstate: *, seed: 7, *", "*states loaded: 1 (*full comparisons: 1 (*"]
    )


def test_options_are_checked_where_variables_are_exported(project: pytest.Pytester) -> None:
    """As everywhere else, before anything starts."""
    result = project.runpytest_subprocess("-o", ENVIRONMENT, "--seedstate-seed=abc")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*seedstate_seed*abc*"])


def test_waiting_for_a_collection_that_there_is_not(project: pytest.Pytester) -> None:
    """The closest name is told, not only that nothing came."""
    write(
        project,
        "test_wait.py",
        """
        import pytest

        @pytest.mark.scenario("three-products")
        def test_waits(seedstate):
            seedstate.wait_for("product", inserted=1, timeout=0.1)
        """,
    )
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*unknown collection 'product'", "*to do: did you mean 'products'[?]"]
    )


SLOW = """
    import pytest
    from pytest_seedstate.plugin.telling import Telling


    @pytest.fixture
    def slow(request):
        print("before")
        Telling(request.config)("waiting for a container")
        print("after")


    def test_passes(slow, capsys):
        print("of a test")


    def test_fails(slow):
        raise AssertionError
"""


def test_words_on_a_slow_start(project: pytest.Pytester) -> None:
    """They are seen at once, in lines of their own; what tests print stays captured."""
    write(project, "test_shop.py", SLOW)
    result = project.runpytest_subprocess("--seedstate-reuse")
    result.assert_outcomes(passed=1, failed=1)
    assert result.outlines.count("seedstate: waiting for a container") == 2
    captured = result.outlines[result.outlines.index("=" * 35 + " FAILURES " + "=" * 35) :]
    assert [captured.count(words) for words in ("before", "after", "of a test")] == [1, 1, 0]
    assert result.outlines.count("before") == 1
    result.stdout.fnmatch_lines(
        ["seedstate: provider: embedded*, --seedstate-reuse has no effect*"]
    )


def test_workers_say_nothing_of_slow_starts(project: pytest.Pytester) -> None:
    """Their terminal is nobody's."""
    write(project, "test_shop.py", SLOW)
    result = project.runpytest_subprocess("-n1", "-p", "xdist")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*waiting for a container*")
