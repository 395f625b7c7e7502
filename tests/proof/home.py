"""Projects for the machine, and what is known of their states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_seedstate.config.services import STORES_OF_SERVICE
from pytest_seedstate.engine.states import SCHEMA_ONLY, State
from tests.postgres import dumping
from tests.proof import dumps
from tests.proof.application import Application, Elsewhere
from tests.proof.dumps import Dump
from tests.proof.packs import make_project

STATES = (
    "schema",
    "rows",
    "rows with 5",
    "cloud",
    "search",
    "marks",
    "everything",
    "everything",
    "written",
    "refused",
    "half",
)
"""What tests ask for; loading the last two fails."""

EXAMPLES_OF_A_HOME = 15


class Homes:
    """Projects one after another; each goes on from example to example for a while.

    Args:
        folder: theirs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = 0
        self._home: Home | None = None
        self._examples = 0
        self.elsewhere = Elsewhere()
        self.contents: dict[tuple[str, str], Any] = {}
        self.comparisons = 0
        self.names = 0

    def get(self) -> Home:
        """A project whose stores are clean; now and then one none of whose services runs yet."""
        if self._home is not None and self._examples >= EXAMPLES_OF_A_HOME:
            self.discard()
        if self._home is None:
            self._numbers += 1
            self._examples = 0
            # Some forget states for room, and load them again.
            settings = {"kept_states": "3"} if self._numbers % 2 else {}
            self._home = Home(self, self._folder / str(self._numbers), settings)
        self._examples += 1
        return self._home

    def discard(self) -> None:
        """Go on with another project."""
        home, self._home = self._home, None
        if home is not None:
            home.close()

    def close(self) -> None:
        """End all of it."""
        self.discard()
        self.elsewhere.close()


class Home:
    """One project with its applications.

    Args:
        homes: what it belongs to.
        folder: its root directory.
        settings: raw values by ini name, without ``seedstate_``.
    """

    def __init__(self, homes: Homes, folder: Path, settings: dict[str, str]) -> None:
        self._homes = homes
        self.elsewhere = homes.elsewhere
        self.project = make_project(folder, **settings)
        self.engine = self.project.engine
        self.endpoints: dict[str, Any] = {}
        self._applications: list[Application] = []
        self._known: dict[tuple[str, str], Any] = {}
        self._titles = {SCHEMA_ONLY: "schema"}
        # What an example may do must not depend on those before it; other services start late.
        self.engine.start(["postgres"])
        self._connect(["postgres"])

    # -- states

    def state(self, title: str) -> State:
        """One of `STATES`."""
        if title == "schema":
            return self.project.schema_only
        name, _, count = title.partition(" with ")
        state = self.project.state([name], params={"count": int(count)} if count else None)
        self._titles[state.key] = title
        return state

    @property
    def refused(self) -> State:
        """What cannot be loaded on top of anything."""
        return self.project.state(["refused"])

    def added(self, count: int) -> State:
        """What can be loaded on top once."""
        return self.project.state(["marks"], params={"first": 300 + count, "count": count})

    @property
    def loaded(self) -> int:
        """How many states were loaded so far."""
        return self.engine.figures.by_kind["loaded"].count

    # -- what is there, and what should be

    @property
    def keyed_tables(self) -> frozenset[str]:
        """Tables of which change sets are compared."""
        return frozenset(dumps.KEYED)

    def dump(self) -> Dump:
        """All that the running services hold."""
        self._see_endpoints()
        return dumps.full_dump(self.single, self.endpoints)

    def arrived(self, loaded: bool) -> None:
        """The engine has gone to a state, perhaps by loading it, perhaps with new services."""
        self._see_endpoints()
        if loaded:
            key = self.engine.states.current.key
            self._known = {at: dump for at, dump in self._known.items() if at[0] != key}

    def completed(self, marked: Dump) -> Dump:
        """A dump with what services that have started since hold: the current state's part."""
        missing = [service for service in self.endpoints if service not in marked]
        return {**marked, **{service: self._baseline(service) for service in missing}}

    def _baseline(self, service: str) -> Any:
        """What a service holds in the current state; looked at when it is there first."""
        key = self.engine.states.current.key
        if (key, service) not in self._known:
            found = dumps.full_dump(self.single, {service: self.endpoints[service]})
            # Made again, or in another project, it is the same but for times and versions.
            content = dumps.content(found, service)
            at = self._titles[key], service
            assert self._homes.contents.setdefault(at, content) == content, at
            self._known[key, service] = found[service]
        return self._known[key, service]

    def assert_holds(self, expected: Dump) -> None:
        """The services hold that, in full."""
        self._homes.comparisons += 1
        found = self.dump()
        for service in self.endpoints:
            if service == "postgres":
                assert dumping.differences(expected[service], found[service]) == []
            assert found[service] == expected[service]

    def _see_endpoints(self) -> None:
        stores = self.engine.fleet.stores
        running = {service for service, (store, *_) in STORES_OF_SERVICE.items() if store in stores}
        if running != self.endpoints.keys():
            self._connect(running)

    def _connect(self, running: Any = ()) -> None:
        self._disconnect()
        told = self.project.endpoints()
        self.endpoints = {service: told[service] for service in sorted(running)}
        self.single = Application(self.endpoints, "single")
        self.several = Application(self.endpoints, "several")
        self._applications += [self.single, self.several]
        self.elsewhere.connect(self.endpoints)

    def close(self) -> None:
        """Stop its services."""
        self._disconnect()
        self.project.close()

    def _disconnect(self) -> None:
        for application in self._applications:
            application.close()
        self._applications.clear()
