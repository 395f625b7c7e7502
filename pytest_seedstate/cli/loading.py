"""Seeding, resetting and clearing the stores of a target: what the commands of `data` do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_seedstate.cli.output import Output
from pytest_seedstate.cli.target import Target
from pytest_seedstate.engine.inserting import PartlyLoadedError, insert
from pytest_seedstate.engine.states import State
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.progress import FROM_THE_START

if TYPE_CHECKING:
    from pytest_seedstate.records.dataset import Entries, Load

Counts = dict[str, dict[str, int]]
"""How many entries, by store and collection."""


class Loading:
    """Loads the data of a state, in one part or in several.

    Args:
        output: where progress is shown.
        target: what it is loaded into.
        title: whose data it is, for messages.
        way_on: what to do after a store has refused its part.
        skip_existing: leave out entries whose key is there already.

    Attributes:
        loaded: how many entries were loaded.
        skipped: how many were left out.
    """

    def __init__(
        self, output: Output, target: Target, title: str, way_on: str, *, skip_existing: bool
    ) -> None:
        self._output = output
        self._target = target
        self._title = title
        self._way_on = way_on
        self._skip_existing = skip_existing
        self.loaded: Counts = {}
        self.skipped: Counts = {}

    def prepared(self, entries: Entries) -> Entries:
        """What of these is to be loaded.

        Raises:
            SeedstateError: a store or collection that is not there.
        """
        check_collections(self._target, entries, self._title)
        if self._skip_existing:
            with self._output.doing("looking for what is there already"):
                entries, skipped = without_existing(self._target, entries)
            _count_in(self.skipped, skipped)
        return entries

    def load(self, prepared: Entries) -> None:
        """Load entries.

        Raises:
            SeedstateError: a store refused its part.
        """
        _load(self._output, self._target, self._title, prepared, self._way_on)
        _count_in(self.loaded, counted(prepared))

    def load_part(self, entries: Entries) -> None:
        """Load what a scenario that writes itself is to find, while the data is made."""
        self.load(self.prepared(entries))


def seed_with(
    output: Output,
    target: Target,
    name: str,
    params: Mapping[str, Any],
    wanted: Sequence[str] | None = None,
    *,
    skip_existing: bool = False,
) -> tuple[Counts, Counts]:
    """Load a scenario.

    Returns:
        How many entries were loaded and how many left out, by store and collection.

    Raises:
        SeedstateError: it could not be made, or a store refused its part.
    """
    state = target.project.state([name], params=params)
    _check_stores(state, target, wanted)
    name_what_is_not_ours(output, target)
    told = {"command": "seed", "name": name, "parameters": dict(params)}
    with target.writing():
        if state.writes_itself:
            # Making its data is writing already.
            target.remember({**told, "unfinished": True})
        loading = Loading(
            output,
            target,
            state.title,
            f"seedstate seed {name} --skip-existing loads the rest; "
            "seedstate clear or reset starts again",
            skip_existing=skip_existing,
        )
        entries = loading.prepared(made(output, state, wanted, loading.load_part))
        target.remember({**told, "unfinished": True})
        loading.load(entries)
        target.remember(told)
    return loading.loaded, loading.skipped


def reset_to(
    output: Output, target: Target, name: str, wanted: Sequence[str] | None = None
) -> Counts:
    """Empty the stores and load a reset state.

    Returns:
        How many entries were loaded, by store and collection.

    Raises:
        SeedstateError: it could not be made, and nothing was removed; or a store refused, and what
            the stores hold then.
    """
    state = target.project.state(reset_state=name)
    if state.generate is not None:
        _check_stores(state, target, wanted)
    names = list(wanted or target.stores)
    name_what_is_not_ours(output, target)
    told = {"command": "reset", "name": name, "stores": names}
    with target.writing():
        way_on = f"mend it, and run seedstate reset {name} again"
        loading = Loading(output, target, state.title, way_on, skip_existing=False)
        entries: Entries = {}
        if not state.writes_itself:
            entries = loading.prepared(made(output, state, wanted))
        target.remember({**told, "unfinished": True})
        with output.doing("clearing"):
            clear_stores(target, names)
        if state.writes_itself:
            entries = loading.prepared(made(output, state, wanted, loading.load_part))
        loading.load(entries)
        target.remember(told)
    return loading.loaded


def name_what_is_not_ours(output: Output, target: Target) -> None:
    """Say whose services are written to, where they are not those of `up`."""
    text = target.not_of_ours
    if text is not None:
        output.remark(text)


def made(
    output: Output, state: State, wanted: Sequence[str] | None, load_part: Load | None = None
) -> Entries:
    """The data of a state for some stores, or all, as far as it is not loaded meanwhile.

    Args:
        output: says what is being done.
        state: whose data it is.
        wanted: the stores; None for all.
        load_part: loads what a scenario that writes itself is to find.

    Raises:
        SeedstateError: a scenario failed, or a part could not be loaded.
    """
    if state.generate is None:
        return {}
    with output.doing(f"making the data of {state.title}"):
        entries = state.generate(FROM_THE_START, load_part).entries
    return {store: each for store, each in entries.items() if wanted is None or store in wanted}


def _check_stores(state: State, target: Target, wanted: Sequence[str] | None) -> None:
    """Refuse a scenario that writes for itself where its stores are not all there."""
    if not state.writes_itself:
        return
    missing = sorted(state.stores - set(target.stores if wanted is None else wanted))
    if missing:
        raise SeedstateError(
            f"'{state.title}' writes through clients, so it cannot be kept from {', '.join(missing)}",
            fix="leave --stores out" if wanted is not None else target.way_to(missing),
        )


def check_collections(target: Target, entries: Entries, title: str) -> None:
    """Refuse data for stores and collections that are not there, before anything is begun.

    Raises:
        SeedstateError: one that is not there, or a store that does not answer.
    """
    target.check_needed(entries, title)
    nothing = {store: dict.fromkeys(each, ()) for store, each in entries.items()}
    outcomes = target.each(list(entries), lambda store: store.absent(nothing[store.name]))
    for name, found in outcomes.items():
        if isinstance(found, SeedstateError):
            raise _with_new_schema(target, name, found)


def _with_new_schema(target: Target, name: str, error: SeedstateError) -> SeedstateError:
    """What a store said of a collection, with what brings back one that was removed by hand."""
    # Of a store that does not answer nothing is known; the schema of others is theirs.
    if target.up is None or isinstance(
        target.each([name], lambda store: store.health())[name], SeedstateError
    ):
        return error
    return SeedstateError(
        error.problem,
        where=error.where,
        checked=error.checked,
        fix="; ".join(
            filter(None, [error.fix, "seedstate down, and up again, creates the schema anew"])
        ),
        detail=error.detail,
    )


def clear_stores(target: Target, names: Sequence[str]) -> None:
    """Empty stores, all at once.

    Raises:
        SeedstateError: some could not be emptied; which, and which were.
    """
    outcomes = target.each(names, lambda store: store.clear())
    failed = {name: each for name, each in outcomes.items() if isinstance(each, SeedstateError)}
    if failed:
        cleared = [name for name in names if name not in failed]
        error = next(iter(failed.values()))
        raise SeedstateError(
            f"{', '.join(failed)} could not be cleared: {error.problem}",
            where=error.where,
            checked=f"cleared: {', '.join(cleared) or 'none'}",
            fix=error.fix,
            detail=error.detail,
        )


def _load(output: Output, target: Target, title: str, entries: Entries, way_on: str) -> None:
    with output.progress() as progress:
        bars = {
            store: progress.add_task(store, total=sum(len(each) for each in collections.values()))
            for store, collections in entries.items()
        }
        try:
            insert(
                target.stores,
                title,
                entries,
                lambda store, number: progress.advance(bars[store], number),
            )
        except PartlyLoadedError as error:
            state = [f"loaded: {', '.join(sorted(error.loaded)) or 'nothing'}"]
            state.append(f"refused, and as before: {', '.join(sorted(error.failed))}")
            others = [f"{each}" for each in list(error.failed.values())[1:]]
            raise SeedstateError(
                error.problem,
                where=error.where,
                checked="; ".join([*state, *filter(None, [error.checked])]),
                fix="; ".join(filter(None, [error.fix, way_on])),
                detail="\n".join(filter(None, [error.detail, *others])) or None,
            ) from None


def without_existing(target: Target, entries: Entries) -> tuple[Entries, Counts]:
    """Those whose key is not there yet, and how many are left out.

    Raises:
        SeedstateError: a collection that is not there, or a store that does not answer.
    """
    outcomes = target.each(list(entries), lambda store: store.absent(entries[store.name]))
    absent: dict[str, Mapping[str, Sequence[Any]]] = {}
    for store, found in outcomes.items():
        if isinstance(found, SeedstateError):
            raise found
        absent[store] = found
    skipped = {
        store: {
            name: len(each) - len(absent[store][name])
            for name, each in collections.items()
            if len(each) > len(absent[store][name])
        }
        for store, collections in entries.items()
    }
    return absent, {store: counts for store, counts in skipped.items() if counts}


def _count_in(counts: Counts, more: Counts) -> None:
    for store, collections in more.items():
        of_store = counts.setdefault(store, {})
        for name, number in collections.items():
            of_store[name] = of_store.get(name, 0) + number


def counted(entries: Entries) -> Counts:
    """How many there are."""
    return {
        store: {name: len(each) for name, each in collections.items()}
        for store, collections in entries.items()
    }
