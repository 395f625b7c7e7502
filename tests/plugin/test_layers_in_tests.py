"""Fixtures that are asked for in the middle of a test, switches under them, and stories."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write
from tests.plugin.layered import write_layered

DYNAMIC = """
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")
    done = []

    @pytest.fixture(scope="session")
    def client():
        done.append("client")
        return object()

    @pytest.fixture(scope="session")
    def writer():
        add("w")
        yield
        done.append("writer ended")
        add("at its end")

    @pytest.fixture(scope="module")
    def on_top(writer):
        add("t")
        yield
        done.append("on top ended")

    @pytest.fixture(scope="module")
    def builds(request):
        add("b1")
        request.getfixturevalue("inside")
        add("b2")

    @pytest.fixture(scope="session")
    def inside(): add("i")

    @pytest.fixture(scope="class")
    def fails_after_it_wrote(request):
        add("1")
        request.getfixturevalue("inside")
        raise RuntimeError

    def test_one_that_writes_nothing(request):
        add("x")
        request.getfixturevalue("client")
        see("x")

    def test_nothing_stays_for_it(client):
        see()
        assert done == ["client"]

    def test_one_that_writes(request):
        add("x")
        request.getfixturevalue("on_top")
        see("x", "w", "t")

    def test_it_went_with_the_test():
        assert done == ["client", "on top ended", "writer ended"]
        see()

    def test_it_is_set_up_anew(on_top, request):
        see("w", "t")
        add("y")
        request.getfixturevalue("client")

    def test_and_lives_on(request):
        see("w", "t")
        request.getfixturevalue("writer")

    def test_after_a_snapshot(request, seedstate):
        seedstate.snapshot("a")
        request.getfixturevalue("builds")
        see("w", "t", "b1", "i", "b2")
        seedstate.restore("a")
        see("w", "t")

    def test_it_went_too(): see("w", "t")

    class TestWithin:
        def test_one_within_another(self, builds): see("w", "t", "b1", "i", "b2")

        def test_both_stay(self, inside):
            see("w", "t", "b1", "i", "b2")
            add("z")

    def test_still_there(inside): see("w", "t", "b1", "i", "b2")
"""

AFTER_DYNAMIC = """
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")

    def test_it_goes_with_what_it_was_set_up_in(writer): see("w")
"""


def test_fixtures_that_are_asked_for_in_the_middle(project: pytest.Pytester) -> None:
    """One that writes when its test has written is torn down with the test, and told."""
    write_layered(project, all_stores=False)
    wide = DYNAMIC[DYNAMIC.index("    done") : DYNAMIC.index('    @pytest.fixture(scope="module")')]
    write(project, "shared.py", "    import pytest\n    from quick import *\n\n" + wide)
    write(project, "conftest.py", "from shared import client, writer")
    write(
        project,
        "test_a.py",
        DYNAMIC.replace(wide, "    from shared import done\n\n"),
    )
    write(project, "test_b.py", AFTER_DYNAMIC)

    result = project.runpytest("--seedstate-verify")

    result.assert_outcomes(passed=12)
    result.stdout.fnmatch_lines(
        ["session fixture 'writer' wrote when its test had written already: *test_one_that_writes)"]
    )
    result.stdout.no_fnmatch_line("*'client'*")


SWITCHES = """
    import pytest
    from quick import *

    def count(): return len(there(STORES)["postgres"])

    @pytest.fixture(scope="module", params=["one-thing", "two-things"])
    def catalogue(request):
        add("c")
        return request.param

    @pytest.mark.scenario("one-thing")
    def test_one(catalogue): see("c")

    @pytest.mark.scenario("two-things")
    def test_other(catalogue): pass

    @pytest.mark.scenario("two-things")
    def test_without_it(): pass
"""

FOLLOWING = """
    import pytest
    from quick import *

    @pytest.mark.scenario("two-things")
    def test_when_it_has_ended(): see("second")

    @pytest.fixture(scope="module")
    def m(seedstate_env): add("m")

    @pytest.mark.scenario("one-thing")
    def test_reset_under_it(m, seedstate):
        from pytest_seedstate.errors import SeedstateError

        with pytest.raises(SeedstateError, match="is built upon by module fixture 'm'"):
            seedstate.reset("empty")

    @pytest.mark.scenario("one-thing")
    def test_it_is_as_it_was(m): see("m")
"""

RESET = """
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")

    @pytest.fixture(scope="session")
    def late():
        add("late")

    def test_reset_and_then_a_fixture(seedstate, request):
        seedstate.reset("empty")
        request.getfixturevalue("late")
        assert there(STORES) == {"postgres": ["late"]}

    def test_another_state_can_be_had(): see()

    def test_it_is_set_up_anew(late): see("late")
"""


def test_a_switch_under_a_live_layer(project: pytest.Pytester) -> None:
    """Fails with the fixture's name, and works again as soon as that has ended."""
    write_layered(project, all_stores=False)
    with (project.path / "scenarios" / "things.py").open("a") as pack:
        pack.write('\nfrom pytest_seedstate import reset_state\nreset_state("empty")\n')
    write(project, "test_a.py", SWITCHES)
    write(project, "test_b.py", FOLLOWING)
    write(project, "test_c.py", RESET)

    result = project.runpytest("--seedstate-verify")

    # Of the two values of `catalogue`, each has one test in its own state.
    result.assert_outcomes(passed=8, errors=3)
    told = "*the state 'two-things' cannot be switched to while 'one-thing' is built upon by module fixture 'catalogue'*"
    result.stdout.fnmatch_lines([told])


STORIES = """
    import pytest
    from quick import *

    @pytest.fixture(scope="session")
    def s():
        add("s")

    @pytest.fixture(scope="module")
    def m():
        add("m")

    @pytest.fixture(scope="class")
    def before(): add("before")

    @pytest.fixture(scope="class")
    def c(): add("c")

    @pytest.mark.scenario("one-thing", scope="class")
    class TestStory:
        def test_one(self, before):
            see("before")
            add("one")

        def test_two(self, c):
            see("before", "one", "c")
            remove("one")

        def test_three(self, m):
            see("before", "c", "m")
            add("three")

        def test_four(self): see("before", "c", "m", "three")

    @pytest.mark.scenario("one-thing")
    def test_all_of_it_is_gone(): see()

    @pytest.mark.scenario("one-thing")
    def test_a_module_fixture_begins_anew(m): see("m")

    @pytest.mark.scenario("one-thing", scope="class")
    class TestAnother:
        def test_one(self, s):
            see("m", "s")
            add("one")

        def test_two(self): see("m", "s", "one")

    @pytest.mark.scenario("one-thing")
    def test_wider_ones_live_on(): see("m", "s")
"""

STORY_OF_A_MODULE = """
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing", scope="module")

    @pytest.fixture(scope="class")
    def c(): add("c")

    @pytest.fixture(scope="class", params=["d1", "d2"])
    def d(request):
        add(request.param)
        return request.param

    class TestFirst:
        def test_one(self, c): see("c")

    class TestSecond:
        def test_one(self, d):
            see(*EARLIER[d], d)
            add("by " + d)

    EARLIER = {"d1": [], "d2": ["d1", "by d1"]}

    def test_the_end(): see("d1", "by d1", "d2", "by d2")
"""


def test_stories_with_fixtures(project: pytest.Pytester) -> None:
    """Tests that build upon each other keep what narrower fixtures wrote in between, and say so."""
    write_layered(project, all_stores=False)
    session, _, rest = STORIES.partition('    @pytest.fixture(scope="module")')
    write(project, "conftest.py", session)
    write(
        project,
        "test_a.py",
        '    import pytest\n    from quick import *\n\n    @pytest.fixture(scope="module")' + rest,
    )
    write(project, "test_b.py", STORY_OF_A_MODULE)
    write(
        project,
        "test_c.py",
        """
        import pytest
        from quick import *

        @pytest.mark.scenario("one-thing")
        def test_it_is_set_up_anew(s): see("s")
        """,
    )

    result = project.runpytest("--seedstate-verify")

    result.assert_outcomes(passed=9 + 4 + 1)
    result.stdout.fnmatch_lines(
        [
            "session fixture 's' had written after module fixture 'm': it was torn down with it*",
            "what class fixture 'd' wrote stayed as long as the tests that share their state",
        ]
    )


DOCTESTS = '''
    """
    >>> from quick import *
    >>> env = getfixture("seedstate_env")
    >>> see()
    >>> add("x")
    >>> _ = getfixture("m")
    >>> see("x", "m")
    """

    def function():
        """
        >>> from quick import *
        >>> env = getfixture("seedstate_env")
        >>> see()
        """
'''


def test_doctests_and_setup_options(project: pytest.Pytester) -> None:
    """Doctests start from the folder's state; --setup-plan starts nothing, --setup-show runs all."""
    write_layered(project, all_stores=False)
    write(
        project,
        "conftest.py",
        """
        import pytest
        from quick import *

        @pytest.fixture(scope="module")
        def m(): add("m")

        def pytest_seedstate_scenario(item): return "one-thing"
        """,
    )
    write(project, "documented.py", DOCTESTS)
    write(
        project,
        "test_a.py",
        """
        from quick import *

        class TestAll:
            def test_one(self, m):
                see("m")
                remove("m")

            def test_two(self, m): see("m")
        """,
    )

    planned = project.runpytest("--setup-plan", "test_a.py")
    assert planned.ret == 0
    planned.stdout.fnmatch_lines(["*SETUP    M m*", "*TEARDOWN M m*"])
    planned.stdout.no_fnmatch_line("*services started*")

    result = project.runpytest("--setup-show", "--doctest-modules", "documented.py", "test_a.py")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*SETUP    M m*", "*TEARDOWN M m*"])
