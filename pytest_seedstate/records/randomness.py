"""All randomness of a scenario from one seed, and everybody else's put back afterwards.

Random numbers reach records on many ways: the `random` module, factory_boy's generator, Faker's
shared one, the sequences and iterators of factories, `uuid.uuid4`. For the time of a run each of
them starts from the seed; then it is what it was before, also after an error.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pytest_seedstate.records.clock import FrozenNames

Undo = Callable[[], None]

_FAKERS: dict[str, Any] = {}
"""Fakers of ours by locale: making one takes 20 ms, and between runs they keep nothing."""


def derived_seed(seed_number: int, *names: object) -> int:
    """A seed for one purpose, from the run's seed; the same on every machine."""
    text = "\0".join(str(part) for part in (seed_number, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class Randomness:
    """What a run has made deterministic.

    Args:
        clock: the frozen names of Faker's modules, told when Faker loads another locale.
        sequences: the next number of each factory that does not begin at its first, by name.

    Attributes:
        late: whether Faker or factory_boy were imported while a scenario ran, which may have
            drawn from them before they could be taken over.
    """

    def __init__(self, clock: FrozenNames, sequences: Mapping[str, int]) -> None:
        self._sequences = sequences
        self.random = random.Random()  # noqa: S311 - data for tests, no secrets
        self._clock = clock
        self._threads = {threading.get_ident()}
        self.late = False
        self._own: list[tuple[str, random.Random]] = []
        self._undo: list[Undo] = []
        self._adopted: set[int] = set()
        self._taken_over: set[str] = set()
        self._sources: Mapping[str, Callable[[Any], None]] = {
            "factory.random": self._keep_factory_random,
            "faker.generator": self._keep_faker_random,
            "faker.factory": self._watch_new_fakers,
            "factory.faker": self._adopt_factory_fakers,
            "factory.base": self._restart_factories,
        }

    def reseed(self, seed: int) -> None:
        """Start every generator from a seed."""
        self.check_late()
        self._take_over_loaded()
        self.random.seed(seed)
        for name, own in self._own:
            own.seed(derived_seed(seed, name))
        random.seed(seed)
        _on_loaded("factory.random", lambda module: module.randgen.seed(seed))
        _on_loaded("faker.generator", lambda module: module.random.seed(seed))

    def sequences(self) -> dict[str, int]:
        """The next number of each factory that has built something or was told where to begin."""
        next_numbers = dict(self._sequences)
        module = sys.modules.get("factory.base")
        for kind in _subclasses(module.BaseFactory) if module is not None else ():
            if _counts_itself(kind) and kind._meta._counter is not None:
                next_numbers[_name(kind)] = kind._meta._counter.seq
        return next_numbers

    def check_late(self) -> None:
        """See whether something was imported that ought to have been taken over before."""
        self.late = self.late or any(
            name in sys.modules and name not in self._taken_over for name in self._sources
        )

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """Let `uuid.uuid4` be deterministic in the calling thread too."""
        thread = threading.get_ident()
        self._threads.add(thread)
        try:
            yield
        finally:
            self._threads.discard(thread)

    def start(self, namespaces: Iterable[Mapping[str, Any]]) -> None:
        """Remember the state of everything and take it over.

        Args:
            namespaces: the names of the packs' modules, whose own generators count too, as do
                those of modules with factories.
        """
        state = random.getstate()
        self._undo.append(lambda: random.setstate(state))
        self._set(uuid, "os", _SteadyOs(self.random, self._threads))
        self._take_over_loaded()
        for names in namespaces:
            self._take_over_own(names)

    def end(self) -> None:
        """Put everything back, last change first."""
        while self._undo:
            self._undo.pop()()

    def faker(self, locale: str) -> Any:
        """A Faker of a scenario's own, fed by the run's generator."""
        self.check_late()
        import faker

        self._take_over_loaded()
        if locale not in _FAKERS:
            _FAKERS[locale] = faker.Faker(locale)
        self._adopt(_FAKERS[locale], weights=False)
        return _FAKERS[locale]

    def _adopt(self, faker: Any, *, weights: bool) -> None:
        # Without weights every value of a list is equally likely, and a name costs 2 to 15
        # microseconds; with them Faker sums up the whole list each time, 60 to 170 for a name.
        if id(faker) in self._adopted:
            return
        self._adopted.add(id(faker))
        self._set(faker.unique, "_seen", {})
        for part in faker.factories:
            if hasattr(part, "factories"):
                self._adopt(part, weights=weights)
                continue
            self._set(part, "random", self.random)
            for provider in () if weights else part.providers:
                self._set(provider, "__use_weighting__", False)

    def _take_over_own(self, names: Mapping[str, Any]) -> None:
        """Generators that a module made for itself: they go on from run to run otherwise."""
        proxy = sys.modules.get("faker.proxy")
        # By file name: a module's own name may hold a path, or be __main__.
        module = Path(str(names.get("__file__"))).name
        for name, value in list(names.items()):
            if proxy is not None and isinstance(value, proxy.Faker):
                self._adopt(value, weights=True)
            elif type(value) is random.Random and id(value) not in self._adopted:
                self._adopted.add(id(value))
                self._undo.append(partial(value.setstate, value.getstate()))
                self._own.append((f"{module}.{name}", value))

    def _take_over_loaded(self) -> None:
        for name, take_over in self._sources.items():
            module = sys.modules.get(name)
            if module is not None and name not in self._taken_over:
                self._taken_over.add(name)
                take_over(module)

    def _adopt_factory_fakers(self, module: Any) -> None:
        # In the registry, a locale that is used for the first time during a run is a Faker that
        # nobody has prepared; so the lookup itself is watched.
        get = module.Faker.__dict__["_get_faker"]

        def adopted(cls: type, locale: str | None = None) -> Any:
            faker = get.__func__(cls, locale)
            self._adopt(faker, weights=False)
            return faker

        module.Faker._get_faker = classmethod(adopted)
        self._undo.append(lambda: setattr(module.Faker, "_get_faker", get))

    def _set(self, owner: Any, name: str, value: object) -> None:
        before = getattr(owner, name)
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, before))

    def _keep_factory_random(self, module: Any) -> None:
        state, was_set = module.randgen.getstate(), module.randgen.state_set

        def put_back() -> None:
            module.randgen.setstate(state)
            module.randgen.state_set = was_set

        module.randgen.state_set = True
        self._undo.append(put_back)

    def _keep_faker_random(self, module: Any) -> None:
        state = module.random.getstate()
        self._undo.append(lambda: module.random.setstate(state))

    def _watch_new_fakers(self, module: Any) -> None:
        # A locale that is used for the first time brings modules whose clock still runs.
        create = module.Factory.__dict__["create"]

        def frozen_create(cls: type, *args: Any, **kwargs: Any) -> Any:
            generator = create.__func__(cls, *args, **kwargs)
            self._clock.freeze()
            return generator

        module.Factory.create = classmethod(frozen_create)
        self._undo.append(lambda: setattr(module.Factory, "create", create))

    def _restart_factories(self, module: Any) -> None:
        kinds = list(_subclasses(module.BaseFactory))
        counters = [(kind._meta, kind._meta._counter) for kind in kinds]
        known = set(kinds)

        def put_back() -> None:
            for kind in _subclasses(module.BaseFactory):
                if kind not in known:
                    kind._meta._counter = None
            for meta, counter in counters:
                meta._counter = counter

        for kind in kinds:
            first = self._sequences.get(_name(kind)) if _counts_itself(kind) else None
            kind._meta._counter = None if first is None else module._Counter(first)
        self._undo.append(put_back)
        for kind in kinds:
            for declaration in _iterators(kind._meta):
                self._restart_iterator(declaration)
        for name in dict.fromkeys(kind.__module__ for kind in kinds):
            if name in sys.modules and name.partition(".")[0] != "factory":
                self._take_over_own(vars(sys.modules[name]))

    def _restart_iterator(self, declaration: Any) -> None:
        values = declaration.iterator
        if values is None:
            self._undo.append(declaration.reset)
            return
        past, waiting = len(values.past_elements), list(values.next_elements)

        def put_back() -> None:
            drawn = list(values.past_elements)[past:]
            values.next_elements.clear()
            values.next_elements.extend([*waiting, *drawn])

        values.reset()
        self._undo.append(put_back)


class _SteadyOs:
    """The `os` module for `uuid`, with bytes from the seed in the threads of a run.

    `uuid.uuid4` is the usual default of an id and asks the operating system. Other threads go on
    asking it: two runs of one scenario draw the same numbers, which must stay in its data.
    """

    def __init__(self, source: random.Random, threads: set[int]) -> None:
        self._source = source
        self._threads = threads

    def urandom(self, size: int) -> bytes:
        if threading.get_ident() in self._threads:
            return self._source.randbytes(size)
        return os.urandom(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


@contextmanager
def steady(
    clock: FrozenNames, namespaces: Iterable[Mapping[str, Any]], sequences: Mapping[str, int]
) -> Iterator[Randomness]:
    """Make all randomness come from `Randomness.reseed`, and put it back at the end."""
    randomness = Randomness(clock, sequences)
    try:
        randomness.start(namespaces)
        clock.freeze()
        yield randomness
    finally:
        clock.thaw()
        randomness.end()


def _on_loaded(name: str, use: Callable[[Any], object]) -> None:
    module = sys.modules.get(name)
    if module is not None:
        use(module)


def _subclasses(kind: Any) -> Iterator[Any]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def _counts_itself(kind: Any) -> bool:
    """Whether a factory has a counter of its own; others share that of a parent."""
    return kind._meta.counter_reference is kind._meta


def _name(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _iterators(meta: Any) -> Iterator[Any]:
    module = sys.modules["factory.declarations"]
    declared = [*meta.declarations.values(), *meta.parameters.values()]
    while declared:
        declaration = declared.pop()
        if isinstance(declaration, module.Iterator):
            yield declaration
        elif isinstance(declaration, module.Maybe):
            declared += [declaration.yes, declaration.no]
