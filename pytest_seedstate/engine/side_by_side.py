"""Doing with several stores at once what each of them waits for in another process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence


def side_by_side(works: Sequence[Callable[[], object]]) -> None:
    """Do all of `works`, the last one in this thread, and wait for all.

    Threads are new ones: kept ones would be there while tests run, and Python warns of a fork in a
    process that has any.

    Raises:
        BaseException: what the first of them raised that failed; the others were done.
    """
    if not works:
        return
    failed: dict[int, BaseException] = {}

    def done(number: int) -> None:
        try:
            works[number]()
        except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
            failed[number] = error

    last = len(works) - 1
    threads = [threading.Thread(target=done, args=(number,)) for number in range(last)]
    for thread in threads:
        thread.start()
    done(last)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[min(failed)]
