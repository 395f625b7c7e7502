"""How fast records are loaded, store by store, through the adapters that the engine uses."""

from __future__ import annotations

from time import perf_counter

from pytest_seedstate.records.progress import FROM_THE_START
from rewinding.all_stores import project
from rewinding.measuring import Run


def loading(run: Run) -> None:
    """20 000 rows, items and documents, and 1 000 objects."""
    count = 1_000 if run.quick else 20_000
    with project(run) as found:
        state = found.state(["things"], params={"count": count, "pictures": count // 20})
        found.engine.start(state.stores)
        assert state.generate is not None
        for name, collections in state.generate(FROM_THE_START, None).entries.items():
            entries = sum(len(each) for each in collections.values())
            start = perf_counter()
            found.engine.fleet.stores[name].load(collections, lambda loaded: None)
            rate = entries / (perf_counter() - start)
            run.tell(f"loading: {rate:.0f} entries/s of {name}")
