"""Two recording proxies as one: for DynamoDB and S3 that are two services."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.service import Recorded, RecordingProxy


class ProxyPair:
    """What `RecordingProxy` does, for both.

    Args:
        first: the one whose place stands for both where one is asked for.
        others: by the name of their store.
    """

    def __init__(self, first: RecordingProxy, others: Mapping[str, RecordingProxy]) -> None:
        self._first = first
        self._others = others
        self._all = (first, *others.values())

    @property
    def host(self) -> str:
        """The address that both listen on."""
        return self._first.host

    @property
    def port(self) -> int:
        """The first's."""
        return self._first.port

    @property
    def urls(self) -> Mapping[str, str]:
        """Those of stores that have a proxy of their own."""
        return {store: proxy.url for store, proxy in self._others.items()}

    def start(self) -> None:
        """Start both."""
        for proxy in self._all:
            proxy.start()

    def stop(self) -> None:
        """Stop both."""
        for proxy in self._all:
            proxy.stop()

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why one does not run any more."""
        for proxy in self._all:
            error = proxy.failure(patience)
            if error is not None:
                return error
        return None

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have both live on, see `Service.give_to`."""
        return [each for proxy in self._all for each in proxy.give_to(pid, start)]

    def written(self) -> int:
        """How many writes were begun at either; neither count ever falls."""
        return sum(proxy.written() for proxy in self._all)

    def settle(self, seconds: float) -> list[str]:
        """Wait until no write is in flight; those that still are, one phrase each."""
        return [each for proxy in self._all for each in proxy.settle(seconds)]

    def take(self) -> Recorded:
        """Everything that either has recorded since the last time."""
        taken = [proxy.take() for proxy in self._all]
        touches: dict[Touch, tuple[str, ...]] = {}
        for one in taken:
            for touch, writers in one.touches.items():
                touches[touch] = (*touches.get(touch, ()), *writers)
        return Recorded(
            touches,
            [note for one in taken for note in one.notes],
            list(dict.fromkeys(writer for one in taken for writer in one.writers)),
            sum(one.written for one in taken),
        )

    def forget_definitions(self) -> None:
        """What is known of tables and buckets may not be so any more."""
        for proxy in self._all:
            proxy.forget_definitions()
