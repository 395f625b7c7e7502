"""What is done as a whole, whatever signals come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_seedstate.engine.whole import whole


class TimeIsUpError(BaseException):
    """What a time limit raises."""


@whole("work", "outer")
class Worker:
    def __init__(self, *signals: int) -> None:
        self.signals = signals
        self.done = 0

    def work(self) -> int:
        for number in self.signals:
            signal.raise_signal(number)
        self.done += 1
        return self.done

    def outer(self) -> int:
        return self.work() + self.work()


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Of a user, who raises in them."""

    def interrupt(*_: Any) -> None:
        raise TimeIsUpError

    numbers = (signal.SIGALRM, signal.SIGINT)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    yield
    for number, handler in before.items():
        assert signal.getsignal(number) is interrupt
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGINT])
def test_signals_wait(number: int) -> None:
    """The handler is called when all is done, and what it raises comes out."""
    worker = Worker(number)
    with pytest.raises(TimeIsUpError):
        worker.work()
    assert worker.done == 1


def test_they_wait_for_the_outermost() -> None:
    """One that is called by another is part of it."""
    worker = Worker(signal.SIGALRM)
    with pytest.raises(TimeIsUpError):
        worker.outer()
    assert worker.done == 2


def test_a_time_limit_may_come_several_times() -> None:
    """As timers do that go on."""
    worker = Worker(signal.SIGALRM, signal.SIGALRM)
    with pytest.raises(TimeIsUpError):
        worker.work()
    assert worker.done == 1


def test_a_second_ctrl_c_does_not_wait() -> None:
    """Whoever presses it again wants an end now."""
    worker = Worker(signal.SIGINT, signal.SIGINT)
    with pytest.raises(TimeIsUpError):
        worker.work()
    assert worker.done == 0


def test_other_threads_set_no_handlers() -> None:
    """Only the main thread may; no handler runs in others."""
    worker = Worker()
    thread = threading.Thread(target=worker.work)
    thread.start()
    thread.join()
    assert worker.done == 1
