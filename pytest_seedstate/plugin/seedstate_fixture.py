"""The `seedstate` fixture."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pytest_seedstate.engine.complaints import check_collection, check_store
from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.plugin.changes_text import changes_text
from pytest_seedstate.records.dataset import Dataset, only
from pytest_seedstate.records.progress import FROM_THE_START
from pytest_seedstate.stores.changes import ChangeSet
from pytest_seedstate.stores.masking import masking_of_run

if TYPE_CHECKING:
    from pytest_seedstate.engine.engine import Engine
    from pytest_seedstate.engine.project import Project
    from pytest_seedstate.records.record import Record
    from pytest_seedstate.records.scenario import Scenario

RecordT = TypeVar("RecordT", bound="Record")
ResultT = TypeVar("ResultT")
Params = ParamSpec("Params")
POLL_SECONDS = 0.005
KINDS = ("inserted", "updated", "deleted")


def _told_plainly(method: Callable[Params, ResultT]) -> Callable[Params, ResultT]:
    """End the traceback of our errors at the test's own line: the text says all there is."""

    @wraps(method)
    def call(*args: Params.args, **kwargs: Params.kwargs) -> ResultT:
        __tracebackhide__ = True
        try:
            return method(*args, **kwargs)
        except SeedstateError as error:
            raise error.with_traceback(None) from None

    return call


class Seedstate:
    """What a test can ask about its data, and do with it.

    Records are copies: a test may change them without harm to the next.
    """

    def __init__(self, project: Project, engine: Engine) -> None:
        self._project = project
        self._engine = engine
        self._seeded: list[Dataset] = []
        self._seeded_at: dict[str, int] = {}

    @property
    def now(self) -> datetime:
        """The instant that scenarios call now; see ini ``seedstate_clock``."""
        return self._project.settings.clock

    @_told_plainly
    def __getitem__(self, name: str) -> Any:
        """The record that a scenario named with ``seed.name(name, record)``.

        Raises:
            SeedstateError: no record has that name.
        """
        named: dict[str, Any] = {}
        for dataset in self._datasets():
            named.update(dataset.named)
        if name not in named:
            raise unknown_name("named record", name, list(named))
        return named[name].model_copy(deep=True)

    @_told_plainly
    def records(self, model: type[RecordT]) -> list[RecordT]:
        """All records of a model, in the order in which scenarios made them."""
        return [
            record.model_copy(deep=True)
            for dataset in self._datasets()
            for record in dataset.records_of(model)
        ]

    @_told_plainly
    def one(self, model: type[RecordT], **match: Any) -> RecordT:
        """The only record of a model whose fields equal `match`.

        Raises:
            SeedstateError: none matches, more than one does, or the model has no such field.
        """
        return only(self.records(model), model, match)

    @_told_plainly
    def changes(self, *, ignore: Collection[str] = ()) -> ChangeSet:
        """What this test has changed so far, in every store and by any process.

        Args:
            ignore: names of fields that are left out, in keys too: ``updated_at``, or
                ``products.updated_at`` for those of one collection; a record that differs in
                nothing else is left out too.

        Returns:
            The changes in a stable order; equal to plain data of the form of
            `ChangeSet.as_data`.
        """
        if isinstance(ignore, str):
            raise SeedstateError(
                f"ignore is the text '{ignore}'", fix=f'a list of names: ignore=["{ignore}"]'
            )
        if not all(isinstance(name, str) for name in ignore):
            raise SeedstateError(f"ignore is {ignore!r}", fix="a list of names of fields, as text")
        return self._engine.changes().ignoring(ignore)

    @_told_plainly
    def wait_for(
        self,
        collection: str | Callable[[ChangeSet], bool],
        *,
        inserted: int | None = None,
        updated: int | None = None,
        deleted: int | None = None,
        store: str | None = None,
        timeout: float = 5.0,
    ) -> ChangeSet:
        """Wait for the effect of something that works in the background.

        Args:
            collection: the table, bucket or index to watch, or a condition on the change set.
            inserted: how many records must have been inserted at least; likewise the next two.
            updated: see `inserted`.
            deleted: see `inserted`.
            store: the store of the collection, where several have one of that name.
            timeout: seconds to wait at most.

        Returns:
            The change set that fulfilled the condition.

        Raises:
            SeedstateError: it was not fulfilled in time, with what did change; or there is no such
                collection or store, or nothing that could be waited for.
        """
        if store is not None:
            check_store(self._engine, store)
        wanted = dict(zip(KINDS, (inserted, updated, deleted), strict=True))
        _check_condition(collection, wanted, timeout)

        def enough(changes: ChangeSet) -> bool:
            kinds = [
                change.kind
                for change in changes
                if change.collection == collection and store in (None, change.store)
            ]
            if not any(wanted.values()):
                return bool(kinds)
            return all(kinds.count(kind) >= (count or 0) for kind, count in wanted.items())  # type: ignore[arg-type]

        condition = collection if callable(collection) else enough
        deadline = _seconds() + timeout
        while not condition(changes := self.changes()):
            if _seconds() > deadline:
                if isinstance(collection, str):
                    check_collection(self._engine, collection)
                raise SeedstateError(
                    f"waited {timeout:g} s in vain for {_condition_text(collection, wanted)}",
                    detail=changes_text(changes, masking_of_run()) or "nothing changed",
                )
            time.sleep(POLL_SECONDS)
        # Stores are read one after another: what was written before what has just been seen may
        # be in one that was read before.
        again = self.changes()
        return again if condition(again) else changes

    @_told_plainly
    def snapshot(self, name: str) -> None:
        """Remember what all stores hold now, until the test ends.

        Raises:
            SeedstateError: the name is no text, or an empty one.
        """
        if not isinstance(name, str) or not name.strip():
            raise SeedstateError(
                f"{name!r} is no name for a snapshot", fix='a text that is not empty: "before"'
            )
        self._engine.snapshot(name)
        self._seeded_at[name] = len(self._seeded)

    @_told_plainly
    def restore(self, name: str) -> None:
        """Go back to a snapshot of this test.

        Raises:
            SeedstateError: none of that name was taken, or something has dropped it.
        """
        self._engine.restore(name)
        del self._seeded[self._seeded_at[name] :]

    @_told_plainly
    def seed(self, scenario: str | Scenario, **params: Any) -> None:
        """Load a scenario on top of what the stores hold; factories' sequences go on.

        Raises:
            SeedstateError: an unknown name or parameter, or data that cannot be made or loaded;
                the stores are as they were.
        """
        state = self._project.state([scenario], params=params)
        below = self._datasets()
        after = below[-1].progress if below else FROM_THE_START
        self._seeded.append(self._engine.add(state, after))

    @_told_plainly
    def reset(self, state: str) -> None:
        """Replace everything by a reset state, until the test ends.

        Raises:
            SeedstateError: an unknown name, or a wider fixture's writes that would be lost.
        """
        self._engine.reset(self._project.state((), reset_state=state))
        self._seeded.clear()

    def _datasets(self) -> list[Dataset]:
        base = self._engine.states.dataset
        return [*([base] if base else []), *self._seeded]


def _seconds() -> float:
    """A clock that freezegun leaves alone."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def _check_condition(collection: object, wanted: dict[str, int | None], timeout: object) -> None:
    if not isinstance(collection, str) and not callable(collection):
        raise SeedstateError(
            f"{collection!r} cannot be waited for",
            fix="name a table, bucket or index, or give a condition on the change set",
        )
    if callable(collection) and any(count is not None for count in wanted.values()):
        raise SeedstateError(
            "a condition and a number cannot both be waited for",
            fix="let the condition look at the number, too",
        )
    for kind, count in wanted.items():
        if count is not None and (type(count) is not int or count < 1):
            raise SeedstateError(
                f"{kind} is {count!r}", fix="the number of records to wait for, from 1"
            )
    if not isinstance(timeout, int | float) or not timeout >= 0:
        raise SeedstateError(f"timeout is {timeout!r}", fix="seconds, from 0")


def _condition_text(collection: object, wanted: dict[str, int | None]) -> str:
    if callable(collection):
        return "the condition"
    counts = [f"{count} {kind}" for kind, count in wanted.items() if count]
    return f"{', '.join(counts) or 'a change'} in '{collection}'"
