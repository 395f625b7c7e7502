"""Transactions that a test leaves open."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write

OPTIONS = ("-o", "seedstate_env=DATABASE_URL = {postgres.url}")
FORGETS = """
    import os, psycopg, pytest

    pytestmark = pytest.mark.scenario("three-products")
    kept = []

    def test_forgets(postgres):
        postgres.execute(OTHER)
        connection = psycopg.connect(os.environ["DATABASE_URL"], application_name="forgetful")
        connection.execute("DELETE FROM products WHERE sku = 'p000'")
        kept.append(connection)

    def test_after(postgres):
        assert postgres.execute("DELETE FROM products").rowcount == 3
        kept.pop().close()
    """


@pytest.mark.parametrize("other", ["", "UPDATE products SET price = 1"], ids=["", "in the way"])
def test_one_that_stays_open_fails_its_own_test_and_holds_up_no_other(
    project: pytest.Pytester, other: str
) -> None:
    """It has deleted a row that it never commits: a later test would wait for it for ever.

    In the second case the rewind itself needs that row.
    """
    write(
        project,
        "test_open.py",
        FORGETS.replace("OTHER", repr(other)),
    )

    result = project.runpytest(*OPTIONS, "-o", "seedstate_lock_timeout=0.2", "--seedstate-verify")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_forgets*",
            "*a transaction that has written or locked rows was left open; its session was ended",
            "*pid * 'forgetful' (idle in transaction, *, writes products): DELETE FROM products*",
        ]
    )


@pytest.mark.parametrize("other", ["", "UPDATE products SET price = 1"], ids=["", "in the way"])
def test_one_that_stays_open_may_just_be_ended(project: pytest.Pytester, other: str) -> None:
    """For suites that cannot help it: the tests pass, and the summary names each of them."""
    write(
        project,
        "test_open.py",
        FORGETS.replace("OTHER", repr(other)),
    )

    result = project.runpytest(
        *OPTIONS, "-o", "seedstate_lock_timeout=0.2", "-o", "seedstate_open_transactions=end"
    )

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*transaction that *test_forgets left open was ended: pid * 'forgetful' (idle in "
            "transaction, *, writes products): DELETE FROM products*",
        ]
    )


def test_a_wrong_word_for_it_is_told(project: pytest.Pytester) -> None:
    """With the words there are."""
    write(project, "test_it.py", "def test_it(postgres): pass")
    result = project.runpytest("-o", "seedstate_open_transactions=ends")
    result.stderr.fnmatch_lines(["*seedstate_open_transactions*ends*", "*end*"])


def test_one_that_commits_a_moment_later_is_waited_for(project: pytest.Pytester) -> None:
    """The worker was in the middle of its transaction when the test ended: nothing is late."""
    write(
        project,
        "test_worker.py",
        """
        import os, threading, time, psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")
        workers = []

        def work(began):
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                connection.execute("DELETE FROM products WHERE sku = 'p001'")
                began.set()
                time.sleep(0.3)

        def test_starts_work():
            began = threading.Event()
            workers.append(threading.Thread(target=work, args=[began]))
            workers[0].start()
            assert began.wait(10)

        def test_sees_nothing_of_it(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
            workers[0].join()
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        """,
    )

    result = project.runpytest(*OPTIONS)

    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*late writes*")


def test_one_that_has_only_locked_rows_is_not_left_to_the_next_test(
    project: pytest.Pytester,
) -> None:
    """It has written nothing, so that nothing differs, and would hold up whoever writes next."""
    write(
        project,
        "test_open.py",
        """
        import os, psycopg, pytest

        pytestmark = pytest.mark.scenario("three-products")
        kept = []

        def test_locks():
            connection = psycopg.connect(os.environ["DATABASE_URL"], application_name="locker")
            connection.execute("SELECT * FROM products FOR UPDATE")
            kept.append(connection)

        def test_after(postgres):
            postgres.execute("SET lock_timeout = '5s'")
            assert postgres.execute("DELETE FROM products").rowcount == 3

        def test_reads(postgres):
            connection = psycopg.connect(os.environ["DATABASE_URL"])
            connection.execute("SELECT * FROM products")
            kept.append(connection)

        def test_its_session_lives_on(postgres):
            locker, reader = kept
            assert reader.execute("SELECT count(*) FROM products").fetchone() == (3,)
            reader.close(), locker.close()
        """,
    )

    result = project.runpytest(*OPTIONS, "-o", "seedstate_lock_timeout=0.2")

    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_locks*", "*pid * 'locker' (idle in *"])


def test_one_that_is_prepared_and_only_holds_locks_fails_its_own_test(
    project: pytest.Pytester,
) -> None:
    """No session holds it, and nothing differs: a later test that writes would be blamed."""
    write(
        project,
        "test_prepared.py",
        """
        import pytest

        pytestmark = pytest.mark.scenario("three-products")

        def test_prepares(postgres):
            postgres.execute("BEGIN; LOCK TABLE products IN EXCLUSIVE MODE")
            postgres.execute("PREPARE TRANSACTION 'forgotten'")

        def test_reads(postgres):
            assert postgres.execute("SELECT * FROM pg_prepared_xacts").fetchall() == []

        def test_writes(postgres):
            postgres.execute("SET lock_timeout = '5s'")
            assert postgres.execute("DELETE FROM products").rowcount == 3
        """,
    )

    result = project.runpytest(*OPTIONS, "-o", "seedstate_lock_timeout=0.2")

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_prepares*", "*prepared transaction 'forgotten' (*"]
    )
