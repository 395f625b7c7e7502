"""Tests that end in the middle of a question to `seedstate`, as with pytest-timeout."""

from __future__ import annotations

import pytest

TESTS = """
    import signal
    import pytest

    class TimeIsUp(BaseException): pass

    def interrupt(*_):
        raise TimeIsUp

    @pytest.fixture
    def limit(i):
        before = signal.signal(signal.SIGALRM, interrupt)
        yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    pytestmark = [
        pytest.mark.scenario("with-photos"), pytest.mark.parametrize("i", range(25))
    ]

    def test_going_back(i, limit, seedstate, postgres, s3, opensearch):
        limit(0.05 + i * 0.0017)
        with pytest.raises(TimeIsUp):
            while True:
                s3.put_object(Bucket="photos", Key="more.jpg", Body=b"more")
                seedstate.snapshot("here")
                opensearch.index(index="more", id="1", body={})
                seedstate.restore("here")

    def test_waiting(i, limit, seedstate, postgres):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        limit(0.02 + i * 0.0007)
        with pytest.raises(TimeIsUp):
            seedstate.wait_for("products", inserted=1, timeout=60)
"""


def test_nothing_is_left_half_done(project: pytest.Pytester) -> None:
    """Wherever it was interrupted, no later test notices, and no process is given up."""
    project.makepyfile(TESTS)

    done = project.runpytest_subprocess("-p", "seedstate", "--seedstate-verify")

    done.assert_outcomes(passed=50)
    assert "had died" not in done.stdout.str()
