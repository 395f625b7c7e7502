"""What wider fixtures write stays exactly as long as they live, in any nesting and order."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write
from tests.plugin.layered import write_layered
from tests.plugin.projects import RERUN

NESTED = """
    import pytest
    from probe import *

    pytestmark = pytest.mark.scenario("one-thing")

    @pytest.fixture(scope="module")
    def m(s): add("m")

    @pytest.fixture(scope="class")
    def c(m): add("c")

    @pytest.fixture
    def f(): add("f")

    def test_nothing_yet(f):
        see("f")
        add("x")

    class TestNested:
        def test_one(self, c, f):
            see("s", "m", "c", "f")
            add("x")
            remove("c")
            remove("base")

        def test_two(self, c, f):
            see("s", "m", "c", "f")

    def test_the_class_has_ended(m):
        see("s", "m")
        remove("m")

    def test_asked_for_or_not(): see("s", "m")
"""

PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/conftest.py": """
        import pytest
        from probe import *

        @pytest.fixture(scope="package", autouse=True)
        def p():
            add("p")
            yield
            remove("p")
            add("teardown")
    """,
    "pkg/test_one.py": """
        import pytest
        from probe import *

        pytestmark = pytest.mark.scenario("one-thing")

        @pytest.fixture(scope="module", params=["x", "y"])
        def m(request):
            add(request.param)
            yield request.param
            add("teardown")

        def test_one(m):
            see(*ALIVE, "p", m)
            remove(m)
            add("z")

        def test_two(m): see(*ALIVE, "p", m)
    """,
    "pkg/test_two.py": """
        import pytest
        from probe import *

        pytestmark = pytest.mark.scenario("one-thing")

        def test_three():
            see(*ALIVE, "p")
            remove("p")
    """,
}

SESSION_FIXTURE = """
    import pytest
    from probe import *

    @pytest.fixture(scope="session")
    def s():
        add("s")
        ALIVE.append("s")
        yield
        remove("s")
"""


@pytest.mark.parametrize(
    "options", [(), ("-p", "xdist", "-n", "2", "--dist", "loadscope")], ids=["", "xdist"]
)
def test_nested_scopes_in_all_stores(project: pytest.Pytester, options: tuple[str, ...]) -> None:
    """Class in module in session, and module in package; each store is looked at in full."""
    write_layered(project, all_stores=True)
    write(project, "conftest.py", SESSION_FIXTURE)
    for name, text in PACKAGE.items():
        write(project, name, text)
    write(project, "test_a.py", NESTED)

    result = project.runpytest_subprocess("--seedstate-verify", *options)

    result.assert_outcomes(passed=10)


XUNIT = """
    import unittest
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")

    def setup_module(): add("m")

    def teardown_module():
        remove("m")
        add("teardown")

    class TestXunit:
        @classmethod
        def setup_class(cls): add("c")

        @classmethod
        def teardown_class(cls): add("teardown")

        def setup_method(self): add("f")

        def test_one(self):
            see("m", "c", "f")
            remove("m")

        def test_two(self): see("m", "c", "f")

    class TestUnittest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            add("c")
            cls.addClassCleanup(add, "cleanup")

        @classmethod
        def tearDownClass(cls): remove("c")

        def setUp(self): add("f")

        def tearDown(self): add("g")

        def test_one(self):
            see("m", "c", "f")
            with self.subTest("a"): add("x")
            with self.subTest("b"): see("m", "c", "f", "x")

        def test_two(self): see("m", "c", "f")

    def test_after_the_classes(subtests):
        see("m")
        for name in "ab":
            with subtests.test(name): add(name)
        see("m", "a", "b")

    def test_after_subtests(): see("m")
"""

AFTER_XUNIT = """
    import unittest
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")

    def setUpModule(): add("n")

    class TestUnittest(unittest.TestCase):
        def test_it(self): see("n")
"""


def test_set_up_of_classes_and_modules(project: pytest.Pytester) -> None:
    """The ways of xunit and of unittest."""
    write_layered(project, all_stores=False)
    write(project, "test_a.py", XUNIT)
    write(project, "test_b.py", AFTER_XUNIT)

    project.runpytest("--seedstate-verify").assert_outcomes(passed=7)


ORDER = """
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")
    done = []

    @pytest.fixture(scope="module", params=["a", "b"])
    def m(request):
        add(request.param)
        yield request.param
        done.append("m")

    @pytest.fixture(scope="session")
    def later():
        add("later")
        yield
        done.append("later")

    def test_one(m): see(m)

    def test_two(m, later):
        see(m, "later")
        add("x")

    def test_what_was_done(): assert done in (["m", "later"], ["later", "m"])
"""

LAZY = """
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")

    @pytest.fixture(scope="class")
    def c(): add("c")

    @pytest.fixture(scope="module")
    def of_the_module(): add("m")

    class TestClass:
        def test_one(self, c): see("c")

        def test_two(self, c, of_the_module): see("c", "m")

    def test_the_class_has_ended(): see()
"""


def test_values_that_change_while_a_later_fixture_lives(project: pytest.Pytester) -> None:
    """The later one is torn down with it, and is set up anew; so is a class's wider fixture."""
    write_layered(project, all_stores=False)
    write(
        project,
        "conftest.py",
        """
        import pytest
        from quick import *

        @pytest.fixture(scope="session", params=["s1", "s2"])
        def s(request):
            add(request.param)
            yield request.param
            remove(request.param)
        """,
    )
    write(
        project,
        "test_a_params.py",
        """
        import pytest
        from quick import *

        pytestmark = pytest.mark.scenario("one-thing")

        @pytest.fixture(scope="module", params=["m1", "m2"])
        def m(request):
            add(request.param)
            yield request.param
            add("left by the teardown")

        @pytest.fixture(scope="class", params=["c1", "c2"])
        def c(request):
            add(request.param)
            return request.param

        class TestAll:
            def test_one(self, s, m, c):
                see(s, m, c)
                add("x")
                remove(s)

            def test_two(self, m, s, c): see(s, m, c)

        def test_outside(s, m): see(s, m)
        """,
    )
    write(
        project,
        "test_b_teardown.py",
        """
        import pytest
        from quick import *

        pytestmark = pytest.mark.scenario("one-thing")

        @pytest.fixture(scope="module", params=["t1", "t2"])
        def only_in_teardown(request):
            yield
            add("by its teardown")

        @pytest.mark.parametrize("attempt", [1, 2])
        def test_teardown(only_in_teardown, attempt): see("s2")
        """,
    )
    write(project, "test_c.py", ORDER.replace("see(m", 'see("s2", m'))
    write(project, "test_d.py", LAZY.replace("see(", 'see("s2", ').replace('"s2", )', '"s2")'))

    result = project.runpytest("--seedstate-verify", "-v")

    result.assert_outcomes(passed=8 * 2 + 4 + 4 + 4 + 1 + 3)


ERRORS = """
    import pytest
    from quick import *

    pytestmark = pytest.mark.scenario("one-thing")

    @pytest.fixture(scope="module")
    def fails(kept):
        add("of the failed")
        raise RuntimeError("in its set-up")

    @pytest.fixture(scope="module")
    def skips():
        add("of the skipping")
        pytest.skip("in its set-up")

    @pytest.fixture(scope="module")
    def kept():
        add("kept")
        yield
        raise RuntimeError("in its teardown")

    @pytest.fixture(scope="session")
    def breaks_later(request):
        add("breaks later")
        yield
        add("while it breaks")
        raise RuntimeError("late")

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_error_of_set_up(attempt, fails): pass

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_skipped(attempt, skips): pass

    def test_nothing_of_them_is_left(): see("kept")

    def test_asked_for_in_the_middle(request):
        add("own")
        with pytest.raises(RuntimeError):
            request.getfixturevalue("also_fails")
        see("own", "kept")

    @pytest.fixture(scope="module")
    def also_fails():
        add("first")
        remove("own")
        raise RuntimeError("in its set-up")

    @pytest.mark.xfail(strict=True)
    def test_xfail():
        add("x")
        remove("kept")
        assert False

    def test_skip():
        add("y")
        pytest.skip()

    def test_after_those(breaks_later): see("kept", "breaks later")
"""

AFTER_ERRORS = """
    import pytest
    from quick import *

    @pytest.mark.scenario("one-thing")
    def test_what_is_left(breaks_later): see("breaks later")
"""


def test_errors_in_set_up_and_teardown(project: pytest.Pytester) -> None:
    """What a fixture wrote before it failed goes at once; others stay as long as they live."""
    write_layered(project, all_stores=False)
    session_fixture = ERRORS[ERRORS.index('    @pytest.fixture(scope="session")') :]
    session_fixture = session_fixture[: session_fixture.index("    @pytest.mark")]
    write(
        project, "conftest.py", "    import pytest\n    from quick import *\n\n" + session_fixture
    )
    write(project, "test_a.py", ERRORS.replace(session_fixture, ""))
    write(project, "test_b.py", AFTER_ERRORS)

    result = project.runpytest("--seedstate-verify")

    # Two errors of set-up, one of the module's teardown, one of the session's.
    result.assert_outcomes(passed=4, skipped=3, xfailed=1, errors=4)


RERUNS = """
    import pytest
    from probe import *

    pytestmark = pytest.mark.scenario("one-thing")
    attempts = []

    @pytest.fixture(scope="module")
    def m():
        add("m")
        yield
        remove("m")

    @pytest.fixture
    def f(): add("f")

    @pytest.mark.rerun
    def test_flaky(m, f):
        see("m", "f")
        add("x")
        remove("m")
        attempts.append("flaky")
        assert attempts.count("flaky") == 3

    @pytest.mark.rerun
    @pytest.mark.scenario("one-thing", readonly=True)
    def test_readonly_at_first_not(m):
        see("m")
        attempts.append("readonly")
        if attempts.count("readonly") < 3:
            add("x")

    @pytest.fixture
    def writes_at_the_end(m):
        yield
        attempts.append("teardown")
        if attempts.count("teardown") == 1:
            add("x")

    @pytest.mark.rerun
    @pytest.mark.scenario("one-thing", readonly=True)
    def test_readonly_in_teardown(writes_at_the_end): see("m")

    @pytest.mark.rerun
    def test_the_last_one_of_the_module(m):
        see("m")
        add("z")
        attempts.append("last")
        assert attempts.count("last") == 2

    def teardown_module():
        assert [attempts.count(n) for n in ("readonly", "teardown", "last")] == [3, 2, 2]
"""


def test_each_rerun_starts_from_the_state(project: pytest.Pytester) -> None:
    """As pytest-rerunfailures runs a test again: the whole of it, within its module."""
    write_layered(project, all_stores=True)
    write(project, "conftest.py", RERUN)
    write(project, "test_a.py", RERUNS.replace("def teardown_module", "def test_counts"))
    write(
        project,
        "test_b.py",
        """
        import pytest
        from probe import *

        @pytest.mark.scenario("one-thing")
        def test_nothing_is_left(): see()
        """,
    )

    project.runpytest("--seedstate-verify").assert_outcomes(passed=6)
