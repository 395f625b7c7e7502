"""A service that is not ours to fork, behind the proxy that records what is written to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_seedstate.engine.side_by_side import side_by_side
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.base import Service

if TYPE_CHECKING:
    from pytest_seedstate.services.external.made import Made
    from pytest_seedstate.services.proxy.pair import ProxyPair
    from pytest_seedstate.services.proxy.service import RecordingProxy
    from pytest_seedstate.stores.base import Journal, Store

Variables = Mapping[str, str]
MakeStores = Callable[[Variables, Variables], "list[Store]"]
"""Makes stores of a service's own variables and of those that lead through the proxy."""


@runtime_checkable
class LeavingJournal(Protocol):
    """A journal that has put something into its service."""

    def close(self) -> None:
        """Take it away."""


class RecordedService:
    """A `Service` whose clients, our stores among them, all go through a recording proxy.

    Args:
        service: what stands behind it.
        proxy: what is between.
        make: makes the stores once both run.
        told: what applications have to know of the service besides its place; None for what its
            variables say. Of a kept container, whose place is settled when it is taken.
        made: what this run makes there, where the service is somebody else's.
    """

    def __init__(
        self,
        service: Service,
        proxy: RecordingProxy | ProxyPair,
        make: MakeStores,
        told: Variables | None = None,
        made: Made | None = None,
    ) -> None:
        self._service = service
        self._proxy = proxy
        self._make = make
        self._told = told
        self._made = made
        self._journals: list[Journal] = []

    @property
    def name(self) -> str:
        """That of the service."""
        return self._service.name

    @property
    def variables(self) -> Variables:
        """Those of the service, with ``url``, ``host`` and ``port`` of the proxy."""
        behind = dict(self._service.variables if self._told is None else self._told)
        behind.pop("ca_file", None)
        _, _, rest = behind.get("url", "").partition("://")
        authority, slash, path = rest.partition("/")
        login, at, _ = authority.rpartition("@")
        place = f"{self._proxy.host}:{self._proxy.port}"
        return {
            **behind,
            "url": f"http://{login}{at}{place}{slash}{path}",
            "host": self._proxy.host,
            "port": str(self._proxy.port),
            **{name: url for name, url in self._own_urls().items() if name in behind},
        }

    def _own_urls(self) -> dict[str, str]:
        """Where stores are that have a proxy of their own."""
        urls: Mapping[str, str] = getattr(self._proxy, "urls", {})
        return {f"{store}_url": url for store, url in urls.items()}

    def start(self) -> None:
        """Start the service, and the proxy meanwhile."""
        # The proxy has to be told where the service will be.
        _ = self._service.variables
        try:
            side_by_side([self._service.start, self._proxy.start])
        except BaseException:
            self._proxy.stop()
            raise

    def stores(self) -> list[Store]:
        """The stores of the started service."""
        made = self._make(self._service.variables, self.variables)
        self._journals = list({id(store.journal): store.journal for store in made}.values())
        return made

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why the service or the proxy does not run any more; None while both do."""
        return self._service.failure(patience) or self._proxy.failure(patience)

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have both live on, see `Service.give_to`."""
        if self._made is not None:
            self._made.leave_to(pid, start)
        return [*self._service.give_to(pid, start), *self._proxy.give_to(pid, start)]

    def stop(self) -> None:
        """Take away what is ours in the service, stop the proxy, then the service."""
        for journal in self._journals:
            if isinstance(journal, LeavingJournal):
                journal.close()
        self._journals.clear()
        self._proxy.stop()
        if self._made is not None:
            self._made.end()
        self._service.stop()
