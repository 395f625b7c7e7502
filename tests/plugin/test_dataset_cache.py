"""Runs that take their datasets from the cache, and runs that look after it."""

from __future__ import annotations

import json

import pytest

from tests.on_demand import on_demand
from tests.plugin.conftest import write

PACK = """
    import time

    from pytest_seedstate import RecordFactory, Record, Row, scenario
    import factory


    class Book(Record):
        id: int
        title: str
        stored_in = Row("books")


    class BookFactory(RecordFactory[Book]):
        id = factory.Sequence(lambda n: n)
        title = factory.LazyFunction(lambda: (time.sleep(0.02), print("made a book"), "book")[2])


    @scenario("shelf")
    def shelf(seed, count=10):
        yield seed.name("first", BookFactory.build())
        yield from BookFactory.build_batch(count - 1)
"""
TESTS = """
    import pytest
    from scenarios.books import Book


    @pytest.mark.scenario("shelf")
    def test_books(postgres, seedstate):
        assert postgres.execute("SELECT count(*), max(title) FROM books").fetchone() == (10, "book")
        assert [one.id for one in seedstate.records(Book)] == list(range(10))
        assert seedstate["first"].id == 0
        seedstate.seed("shelf", count=2)
        assert postgres.execute("SELECT count(*), max(id) FROM books").fetchone() == (12, 11)
"""


@pytest.fixture
def books(project: pytest.Pytester) -> pytest.Pytester:
    """A project with a slow scenario and a cache of its own."""
    write(project, "scenarios/books.py", PACK)
    write(project, "test_books.py", TESTS)
    with (project.path / "pytest.ini").open("a", encoding="utf-8") as ini:
        ini.write("\nseedstate_cache_dir = cache\npythonpath = .\n")
    return project


def cached(project: pytest.Pytester, *options: str) -> int:
    """How many datasets a run took from the cache."""
    result = project.runpytest_subprocess("-s", "--seedstate-report=run.json", *options)
    result.assert_outcomes(passed=1)
    count = json.loads((project.path / "run.json").read_text("utf-8"))["figures"]["cached"]["count"]
    made = result.stdout.str().count("made a book")
    assert made == (0 if count else 12)
    told = [line for line in result.outlines if "datasets from cache: " in line]
    assert bool(told) == bool(count)
    return int(count)


def test_the_second_run_makes_nothing(books: pytest.Pytester) -> None:
    """Its summary says so; what is layered on top is kept too, as it was with what is below."""
    assert cached(books) == 0
    assert cached(books) == 2
    write(books, "scenarios/books.py", PACK.replace("time.sleep(0.02)", "time.sleep(0.021)"))
    assert cached(books) == 0


def test_the_cache_can_be_turned_off(books: pytest.Pytester) -> None:
    """For a run, or in the ini for good."""
    assert cached(books, "--seedstate-dataset-cache=off") == 0
    assert not (books.path / "cache" / "datasets").exists()
    assert cached(books) == 0
    assert cached(books, "-o", "seedstate_dataset_cache=off") == 0


def test_workers_share_it(books: pytest.Pytester) -> None:
    """Each of them finds what an earlier run kept."""
    write(books, "test_more.py", TESTS)
    assert books.runpytest_subprocess("-n2", "-p", "xdist").ret == 0
    again = books.runpytest_subprocess("-n2", "-p", "xdist", "--dist=loadfile")
    again.assert_outcomes(passed=2)
    again.stdout.fnmatch_lines(["*datasets from cache: 4 *"])


CHANGING = """
    import os

    from pytest_seedstate import Record, Row, scenario


    class Note(Record):
        id: int
        text: str
        stored_in = Row("notes")


    @scenario("notes")
    def notes(seed):
        yield Note(id=1, text="steady")
        yield Note(id=2, text=LINE)
"""
NOTES = """
    import pytest


    @pytest.mark.scenario("notes")
    def test_notes(postgres):
        assert postgres.execute("SELECT count(*) FROM notes").fetchone() == (2,)
"""


def notes(project: pytest.Pytester, line: str) -> None:
    """A scenario whose second record has this text."""
    write(project, "scenarios/changing.py", CHANGING.replace("LINE", line))
    write(project, "test_books.py", NOTES)


def test_verification_names_the_field_that_is_random(books: pytest.Pytester) -> None:
    """Record, field and both values; the scenario and what to do."""
    notes(books, "os.urandom(4).hex()")
    result = books.runpytest_subprocess("--seedstate-verify")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*the data of 'notes' is not the same when it is made twice*",
            "*scenario 'changing/notes' at *",
            "*Note (record 2), text: '????????', then '????????'*",
        ]
    )
    result.stdout.no_fnmatch_line("*record 1*")
    assert not list(books.path.glob("cache/datasets/*.dataset"))


def test_verification_names_what_changes_from_run_to_run(books: pytest.Pytester) -> None:
    """Two makings of one process agree; an earlier run's, which the cache has, do not."""
    notes(books, "str(os.getppid() and os.getpid())")
    books.runpytest_subprocess("--seedstate-verify").assert_outcomes(passed=1)
    result = books.runpytest_subprocess("--seedstate-verify")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*the data of 'notes' is not what an earlier run has made and cached*",
            "*Note (record 2), text: '*', then '*'*",
        ]
    )


def test_verification_does_not_trust_the_cache(books: pytest.Pytester) -> None:
    """It makes everything anew, twice, and passes where that is the same."""
    assert cached(books) == 0
    result = books.runpytest_subprocess("-s", "--seedstate-verify")
    result.assert_outcomes(passed=1)
    assert result.stdout.str().count("made a book") == 2 * 12


READING = """
    import os

    AT = os.environ.get("SEEDSTATE_TEST_AT", "none")
"""
PLACED = """
    import time

    from pytest_seedstate import Record, Row, scenario


    class Note(Record):
        id: int
        text: str
        stored_in = Row("notes")


    @scenario("notes")
    def notes(seed, number=1):
        time.sleep(0.03)
        yield Note(id=number, text=AT)
"""
ASKING = """
    import os
    import pytest
    from scenarios.placed import Note


    @pytest.mark.scenario("notes")
    def test_notes(postgres):
        assert postgres.execute("SELECT text FROM notes").fetchone()[0] == EXPECTED
"""


@pytest.mark.parametrize(
    "where", [pytest.param("the pack", marks=on_demand), "a module that it imports"]
)
def test_a_variable_that_was_read_before_anybody_watched(
    books: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A test module has imported the pack, as most do; another value makes other data."""
    if where == "the pack":
        write(books, "scenarios/placed.py", READING + PLACED)
    else:
        write(books, "lib/w.py", READING)
        write(books, "scenarios/placed.py", "    from lib.w import AT\n" + PLACED)
    found = []
    for value in (None, None, "here", "here", None):
        if value is None:
            monkeypatch.delenv("SEEDSTATE_TEST_AT", raising=False)
        else:
            monkeypatch.setenv("SEEDSTATE_TEST_AT", value)
        write(books, "test_books.py", ASKING.replace("EXPECTED", repr(value or "none")))
        result = books.runpytest_subprocess("--seedstate-report=run.json")
        result.assert_outcomes(passed=1)
        figures = json.loads((books.path / "run.json").read_text("utf-8"))["figures"]
        found.append(figures["cached"]["count"])
    assert found == [0, 1, 0, 1, 1]


@pytest.mark.parametrize(
    "line",
    [
        "AT = [*os.environ.values()] and 'none'",
        "os.environ['SEEDSTATE_TEST_AT'] = AT = os.getenv('SEEDSTATE_TEST_AT', 'none')",
    ],
    ids=["it reads what nobody can tell", "it changes what it reads"],
)
def test_a_variable_that_cannot_be_told(books: pytest.Pytester, line: str) -> None:
    """The dataset is not kept."""
    write(books, "scenarios/placed.py", "    import os\n\n    " + line + "\n" + PLACED)
    write(books, "test_books.py", ASKING.replace("EXPECTED", "'none'"))
    books.runpytest_subprocess().assert_outcomes(passed=1)
    assert not list(books.path.glob("cache/datasets/*.dataset"))


def test_a_variable_that_has_changed_since_it_was_read(books: pytest.Pytester) -> None:
    """What is made then is not kept: nobody knows which value it was made with."""
    write(books, "scenarios/placed.py", READING + PLACED)
    changed = """
    def test_later(seedstate):
        seedstate.seed("notes")
        os.environ["SEEDSTATE_TEST_AT"] = "later"
        seedstate.seed("notes", number=2)
    """
    write(books, "test_books.py", ASKING.replace("EXPECTED", "'none'") + changed)
    books.runpytest_subprocess("-k", "later").assert_outcomes(passed=1, deselected=1)
    assert len(list(books.path.glob("cache/datasets/*.dataset"))) == 1
