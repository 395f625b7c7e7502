"""Several calls to a service at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Argument = TypeVar("Argument")

_THREADS = 4


def in_parallel(function: Callable[[Argument], None], arguments: Sequence[Argument]) -> None:
    """Call a function with each argument, a few at a time.

    Raises:
        Exception: the first error of the function, when all calls that had begun have ended; no
            more are begun then.
    """
    if len(arguments) < 2:
        for argument in arguments:
            function(argument)
        return
    with ThreadPoolExecutor(min(_THREADS, len(arguments))) as pool:
        futures = [pool.submit(function, argument) for argument in arguments]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
