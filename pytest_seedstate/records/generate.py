"""Running a plan: scenarios become a dataset, the same one on every machine."""

from __future__ import annotations

import asyncio
import contextvars
import datetime as dt
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.building import Company, keeping_company
from pytest_seedstate.records.clock import FrozenNames
from pytest_seedstate.records.dataset import Dataset, Entries, Load, Made, Seen, grouped
from pytest_seedstate.records.plan import FIRST_COPY, ONCE, Plan, Step
from pytest_seedstate.records.problems import a_kind, failure
from pytest_seedstate.records.progress import FROM_THE_START, Progress
from pytest_seedstate.records.randomness import Randomness, derived_seed, steady
from pytest_seedstate.records.record import Record
from pytest_seedstate.records.scenario import Scenario
from pytest_seedstate.records.seed import Seed

SCENARIO_THREAD = "seedstate-scenario"
"""The name of the thread that an ``async`` scenario runs in."""
_WAKE_SECONDS = 0.1
_CANCEL_SECONDS = 2.0
_NO_ENVIRONMENT: Mapping[str, str] = {}


def generate(
    plan: Plan,
    *,
    seed_number: int,
    now: dt.datetime,
    env: Mapping[str, str] = _NO_ENVIRONMENT,
    clients: object = None,
    after: Progress = FROM_THE_START,
    load: Load | None = None,
) -> Dataset:
    """Make a plan's dataset.

    Args:
        plan: what runs, in which order.
        seed_number: the run's seed.
        now: the run's clock, with a zone.
        env: what ``seed.env`` holds.
        clients: has an attribute for each store that a scenario writes to itself.
        after: what it goes on from, where it is loaded on top of another dataset.
        load: given what comes before a scenario that writes itself, so that this finds it in the
            stores; None leaves all of it in the dataset's entries.

    Returns:
        The dataset: equal for equal arguments, whatever ran before.

    Raises:
        SeedstateError: a scenario raised, or made something that is no valid record (names
            scenario, file and line), or two records have one key; or what `load` raised.
    """
    context = _Context(plan, seed_number, now.astimezone(dt.UTC), env, clients, after, load)
    dataset, late = _run(context)
    if late and not plan.writes_itself:
        # A scenario imported Faker or factories itself, and what it drew before they could be
        # seeded was random. They are loaded now, and a scenario that only builds can run again.
        dataset, _ = _run(context)
    return dataset


@dataclass(frozen=True)
class _Context:
    plan: Plan
    seed_number: int
    now: dt.datetime
    env: Mapping[str, str]
    clients: object
    after: Progress
    load: Load | None


def _run(context: _Context) -> tuple[Dataset, bool]:
    plan, now = context.plan, context.now
    with (
        steady(FrozenNames(now), plan.namespaces, context.after.sequences) as randomness,
        keeping_company() as company,
    ):
        run = _Run(context, randomness, company)
        for step in plan.steps:
            if step.scenario.stores and context.load is not None:
                run.load_below(context.load)
            run.step(step)
        entries = run.rest()
        randomness.check_late()
        progress = Progress(randomness.sequences(), run.runs)
    records = tuple(one.record for one in run.made)
    return Dataset(plan.title, now, records, run.named, entries, progress), randomness.late


class _Run:
    def __init__(self, context: _Context, randomness: Randomness, company: Company) -> None:
        self.made: list[Made] = []
        self.named: dict[str, Any] = {}
        self.runs = Counter(context.after.runs)
        self._context = context
        self._randomness = randomness
        self._company = company
        self._yielded: set[int] = set()
        self._emitted: set[int] = set()
        self._seen: Seen = {}
        self._loaded: list[tuple[Record, dict[str, Any]]] = []

    def rest(self) -> Entries:
        """The entries of what was made and is not loaded yet."""
        new = self.made[len(self._loaded) :]
        return grouped(new, self._context.plan.derived_tables, self._seen)

    def load_below(self, load: Load) -> None:
        """Load what was made so far."""
        entries = self.rest()
        if entries:
            load(entries)
        new = self.made[len(self._loaded) :]
        self._loaded += [(one.record, dict(vars(one.record))) for one in new]

    def step(self, step: Step) -> None:
        """Run one scenario and take what it makes."""
        scenario, context = step.scenario, self._context
        seed = Seed(
            scenario,
            now=context.now,
            env=context.env,
            root=context.plan.root,
            randomness=self._randomness,
            clients=context.clients,
            give_name=lambda name, thing: self._give_name(step, name, thing),
            extended=lambda: self._records_below(step),
        )
        copy = step.copy + context.after.runs.get(scenario.full_name, 0)
        self._randomness.reseed(derived_seed(context.seed_number, scenario.full_name, copy))
        self.runs[scenario.full_name] += 1
        try:
            for value in self._values(scenario, seed, step.params):
                self._take(step, value)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code may raise anything
            # Not chained: a validation error quotes its input, which may be a secret.
            raise failure(
                error, what=f"scenario '{scenario.full_name}'", where=str(scenario.site)
            ) from None
        for record, fields in self._loaded:
            if vars(record) != fields:
                raise SeedstateError(
                    f"the scenario changed {a_kind(type(record).__name__)} that is loaded already",
                    where=scenario.where,
                    checked="what comes before a scenario that writes itself is loaded before it runs",
                    fix="write the change to the stores",
                )

    def _values(self, scenario: Scenario, seed: Seed, params: Mapping[str, Any]) -> Iterable[Any]:
        produced = scenario(seed, **params)
        if inspect.isasyncgen(produced) or inspect.isawaitable(produced):
            produced = _in_fresh_loop(lambda: _gathered(produced), self._randomness)
        if produced is None:
            return ()
        if isinstance(produced, Record):
            return (produced,)
        if isinstance(produced, (str, bytes, Mapping)) or not isinstance(produced, Iterable):
            raise SeedstateError(
                f"the scenario returned {a_kind(type(produced).__name__)}, not records",
                where=scenario.where,
                fix="yield records, or return a list of them, or nothing",
            )
        return produced

    def _take(self, step: Step, value: Any) -> None:
        scenario = step.scenario
        if not isinstance(value, Record):
            is_batch = isinstance(value, (list, tuple)) and any(
                isinstance(one, Record) for one in value
            )
            raise SeedstateError(
                f"the scenario yielded {a_kind(type(value).__name__)}, not a record",
                where=scenario.where,
                fix="write 'yield from' for several records" if is_batch else None,
            )
        if not value.placements():
            raise SeedstateError(
                f"the scenario yielded {a_kind(type(value).__name__)}, which is stored nowhere",
                where=scenario.where,
                fix=f"give {type(value).__name__} a place: stored_in = (Row(...),)",
            )
        if id(value) in self._yielded:
            raise SeedstateError(
                f"the scenario yielded the same {type(value).__name__} object twice",
                where=scenario.where,
                fix="build a record of its own each time",
            )
        self._yielded.add(id(value))
        for record in self._company.of(value):
            if id(record) not in self._emitted:
                self._emitted.add(id(record))
                self.made.append(Made(record, step))

    def _give_name(self, step: Step, name: str, thing: object) -> None:
        if name not in self.named:
            self.named[name] = thing
        elif step.round <= FIRST_COPY and self.named[name] is not thing:
            raise SeedstateError(f"the name '{name}' is given twice", where=step.scenario.where)

    def _records_below(self, step: Step) -> list[Record]:
        return [
            one.record
            for one in self.made
            if one.step.scenario in step.below
            and one.step.round in (ONCE, step.round or FIRST_COPY)
        ]


async def _gathered(produced: Any) -> Any:
    if inspect.isasyncgen(produced):
        return [value async for value in produced]
    result = await produced
    return await _gathered(result) if inspect.isasyncgen(result) else result


def _in_fresh_loop(start: Callable[[], Any], randomness: Randomness) -> Any:
    """Run a coroutine in a thread and loop of its own: a test's running loop is not disturbed."""
    loop = asyncio.new_event_loop()
    ended: Future[Any] = Future()
    tasks: list[asyncio.Task[Any]] = []

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            task = loop.create_task(start())
            tasks.append(task)
            with randomness.in_thread():
                result = loop.run_until_complete(task)
            loop.run_until_complete(loop.shutdown_asyncgens())
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            ended.set_exception(error)
        else:
            ended.set_result(result)
        finally:
            loop.close()

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name=SCENARIO_THREAD, daemon=True
    )
    try:
        thread.start()
        return _outcome(ended)
    except BaseException:
        if thread in threading.enumerate():
            # Ctrl-C: the scenario ends too, so that nothing of it writes afterwards.
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
            wait([ended], _CANCEL_SECONDS)
        raise


def _outcome(ended: Future[Any]) -> Any:
    # A wait without end is not woken by a Ctrl-C that another thread receives.
    while not wait([ended], _WAKE_SECONDS).done:
        pass
    return ended.result()
