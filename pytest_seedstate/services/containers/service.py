"""A service that runs in a container of ours, seen from the pytest process."""

from __future__ import annotations

import atexit
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.cache import Note, log_note
from pytest_seedstate.services.containers.docker_engine import (
    DockerEngine,
    End,
    Found,
    PortInUseError,
)
from pytest_seedstate.services.containers.faults import has_ended, is_silent
from pytest_seedstate.services.containers.guarding import Guard
from pytest_seedstate.services.containers.images import fetch_image
from pytest_seedstate.services.containers.labels import (
    MACHINE,
    PROJECT,
    RECIPE,
    REUSABLE,
    RUN,
    SERVICE,
    TOKEN,
    run_label,
    this_machine,
)
from pytest_seedstate.services.containers.reaper import have_reaper
from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.containers.spots import KeptSpot, OwnSpot, Spot
from pytest_seedstate.services.containers.sweeping import remove_other_recipes, sweep
from pytest_seedstate.services.rundir import RunDir

#: Seconds between two attempts to reach a service that is starting.
_POLL_SECONDS = 0.005
#: How often a port that was snatched from us is tried again, and the seconds between.
_PORT_TRIES = 5
_PORT_PAUSE_SECONDS = 0.1


def silent(words: str) -> None:
    """Tell nobody how far it is."""


class ContainerService(ABC):
    """A `Service` in a container, published on 127.0.0.1.

    A service is a subclass with a name, a title, a recipe and the way to see that it answers.

    Args:
        rundir: the run that it belongs to.
        image: the name of its image.
        port: the port to publish it on; None for a free one.
        reuse: whether the container stays for later runs, and one that did is taken.
        alone: with `reuse`, whether no other process may use it meanwhile; None for what fits the
            service.
        note: is told what went wrong without failing the run.
        tell: is told how far a long start is, one line at a time.
    """

    name: str
    title: str
    #: The ini setting that names the image.
    image_setting: str
    #: Whether a kept container is for one process at a time: where workers would meet in it.
    alone_by_default: bool
    #: Seconds after which a service that does not answer is given up.
    start_seconds = 120.0
    #: Seconds that a kept container, which ran before, has for its answer.
    health_seconds = 10.0
    #: Seconds of waiting before a word on it, and between two.
    word_seconds = 5.0

    def __init__(
        self,
        rundir: RunDir,
        *,
        image: str,
        port: int | None = None,
        reuse: bool = False,
        alone: bool | None = None,
        note: Note = log_note,
        tell: Callable[[str], None] = silent,
    ) -> None:
        self._project = rundir.project
        self._image = image
        self._wanted_port = port
        self._reuse = reuse
        self._alone = self.alone_by_default if alone is None else alone
        self._note = note
        self._tell = tell
        self._owner = os.getpid()
        self._announced = False
        self._spot_taken: Spot | None = None
        self._engine: DockerEngine | None = None
        self._guard: Guard | None = None
        self._container: str | None = None

    # -- what a service is ------------------------------------------------------------------------

    @abstractmethod
    def recipe(self) -> Recipe:
        """What all containers of this kind have in common."""

    def particulars(self, spot: Spot) -> Mapping[str, str]:
        """Environment variables of this very container."""
        return {}

    @abstractmethod
    def told(self, spot: Spot) -> Mapping[str, str]:
        """What applications are told."""

    @abstractmethod
    def answers(self, spot: Spot) -> bool:
        """Whether it can be used now, seen over the wire.

        Raises:
            OSError: not yet.
        """

    @property
    def credentials(self) -> Mapping[str, str]:
        """What applications have to know besides its place."""
        return {}

    @abstractmethod
    def empty(self, spot: Spot) -> None:
        """Take away what earlier runs have left in a kept container that nobody else is in.

        Raises:
            OSError: it cannot be done; another container is to take its place.
        """

    def advice(self, end: End) -> str | None:
        """What to do about a container that has ended; None where nothing is known."""
        return None

    # -- Service ----------------------------------------------------------------------------------

    @property
    def variables(self) -> Mapping[str, str]:
        """What applications are told, see `Service.variables`.

        Raises:
            SeedstateError: the configured port is taken.
        """
        self._announced = True
        return self.told(self._spot())

    @property
    def container(self) -> str | None:
        """The engine's name for the container; None before its start and after its end."""
        return self._container

    def start(self) -> None:
        """Start the container and wait until its service answers; harmless when it runs.

        Raises:
            SeedstateError: why it did not start, with the last lines of its log.
            MissingExtraError: testcontainers is not installed.
        """
        if self._container is not None:
            return
        atexit.register(self.stop)
        try:
            engine = self._engine = DockerEngine(self.title)
            sweep(engine, self._note)
            image = fetch_image(engine, self._image, setting=self.image_setting, tell=self._tell)
            spot = self._spot()
            if isinstance(spot, KeptSpot):
                self._start_kept(engine, spot, image)
            else:
                self._guard = self._new_guard(engine, spot, removes=True)
                self._container = self._create(engine, spot)
                self._guard.watch(self._container)
                self._await_answer(engine, spot, self.start_seconds)
                have_reaper(engine)
        except BaseException:
            self.stop()
            raise

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why a container that was started does not run any more; None while it runs.

        Args:
            patience: seconds to wait for news of its end, when something points to one.
        """
        if self._container is None or self._guard is None or self._engine is None:
            return None
        if not self._guard.has_ended(patience):
            return None
        try:
            end = self._engine.end_of(self._container)
        except SeedstateError as error:
            return error
        return None if end is None else self._ended("has ended during the run", end)

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have it outlive this process, see `Service.give_to`."""
        if self._container is None or self._guard is None or self.failure() is not None:
            raise SeedstateError(f"{self.title} does not run")
        atexit.unregister(self.stop)
        if isinstance(self._spot_taken, KeptSpot):
            self._spot_taken.use.leave_to((self._guard.pid, self._guard.start))
        given = [self._guard.descriptor()]
        self._guard = self._container = None
        if self._spot_taken is not None:
            self._spot_taken.close()
        self._close_engine()
        return given

    def stop(self) -> None:
        """Remove the container, or let go of one that stays; harmless when it does not run."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        try:
            if self._container is not None and self._engine is not None and not self._reuse:
                self._engine.remove(self._container)
        finally:
            self._container = None
            if self._guard is not None:
                self._guard.dismiss()
                self._guard = None
            self._close_engine()
            if self._spot_taken is not None:
                self._spot_taken.close()

    def _close_engine(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    # -- starting ---------------------------------------------------------------------------------

    def _spot(self) -> Spot:
        if self._spot_taken is None:
            setting = f"seedstate_{self.name}_port"
            if self._reuse:
                self._spot_taken = KeptSpot(
                    self._project,
                    (self.name, self.recipe().digest),
                    self._wanted_port,
                    alone=self._alone,
                    service=self.title,
                    setting=setting,
                )
            else:
                self._spot_taken = OwnSpot(self._wanted_port, service=self.title, setting=setting)
        return self._spot_taken

    def _new_guard(self, engine: DockerEngine, spot: Spot, *, removes: bool) -> Guard:
        label = f"{TOKEN}={spot.token}"
        return Guard(engine.address, api=engine.api, label=label, removes=removes)

    def _labels(self, spot: Spot) -> dict[str, str]:
        labels = {
            SERVICE: self.name,
            PROJECT: str(self._project),
            TOKEN: spot.token,
            RECIPE: self.recipe().digest,
            MACHINE: this_machine(),
        }
        if isinstance(spot, KeptSpot):
            return {**labels, REUSABLE: str(spot.register.folder)}
        assert self._guard is not None
        own = (self._owner, platform.process_start(self._owner) or "unknown")
        return {**labels, RUN: run_label([own, (self._guard.pid, self._guard.start)])}

    def _create(self, engine: DockerEngine, spot: Spot) -> str:
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                return engine.create(
                    self.recipe(), self.particulars(spot), spot.port, self._labels(spot)
                )
            except PortInUseError:
                if spot.fixed or not tries_left:
                    raise spot.taken() from None
                if self._announced:
                    time.sleep(_PORT_PAUSE_SECONDS)
                else:
                    spot.move()
        raise AssertionError("the last try returns or raises")

    def _await_answer(self, engine: DockerEngine, spot: Spot, seconds: float) -> None:
        assert self._container is not None
        assert self._guard is not None
        began = time.monotonic()
        next_word = began + self.word_seconds
        while not self._answers(spot):
            if self._guard.has_ended():
                end = engine.end_of(self._container)
                if end is not None:
                    raise self._ended("did not start", end)
            now = time.monotonic()
            if now > began + seconds:
                log = engine.log(self._container)
                raise is_silent(self.title, self._image, spot.port, now - began, log)
            if now > next_word:
                next_word = now + self.word_seconds
                last = engine.log(self._container, lines=1)
                self._tell(
                    f"waiting for {self.title} ({self._image}) for "
                    f"{now - began:.0f} s; it says: {last}"
                )
            time.sleep(_POLL_SECONDS)

    def _answers(self, spot: Spot) -> bool:
        try:
            return self.answers(spot)
        except OSError:
            return False

    # -- kept containers --------------------------------------------------------------------------

    def _start_kept(self, engine: DockerEngine, spot: KeptSpot, image: str) -> None:
        remove_other_recipes(engine, self._project, self.name, self.recipe().digest)
        while True:
            with spot.register.locked():
                found = self._find_kept(engine, spot, image)
                self._container = self._create(engine, spot) if found is None else found.id
                self._watch_kept(engine, spot)
            seconds = self.start_seconds
            if found is not None:
                # Another process may have made it a moment ago.
                seconds = max(seconds - (time.time() - found.made_at), self.health_seconds)
            try:
                self._await_answer(engine, spot, seconds)
            except SeedstateError as error:
                self._discard(engine, spot, error)
                if found is None:
                    raise
                why: str | None = "was not well"
            else:
                why = self._enter(engine, spot, is_new=found is None)
                if why is None:
                    return
            self._note(f"seedstate: {self.title}, kept by an earlier run, {why}: replaced")

    def _enter(self, engine: DockerEngine, spot: KeptSpot, *, is_new: bool) -> str | None:
        """See to it that nothing of earlier runs is in it; removed, and told why, if that fails."""
        assert self._container is not None
        with spot.register.locked():
            if not is_new and not spot.others_within():
                try:
                    self.empty(spot)
                except OSError as error:
                    engine.remove(self._container)
                    self._let_go()
                    return f"could not be emptied ({error})"
            spot.use.enter()
        return None

    def _find_kept(self, engine: DockerEngine, spot: KeptSpot, image: str) -> Found | None:
        for found in engine.find(token=spot.token):
            # The name of the image may mean another one by now.
            if found.running and (found.image == image or spot.others_within()):
                return found
            engine.remove(found.id)
        return None

    def _watch_kept(self, engine: DockerEngine, spot: KeptSpot) -> None:
        assert self._container is not None
        self._guard = self._new_guard(engine, spot, removes=False)
        spot.use.lasts_with([(self._guard.pid, self._guard.start)])
        self._guard.watch(self._container)

    def _discard(self, engine: DockerEngine, spot: KeptSpot, error: SeedstateError) -> None:
        """Remove a container that is not well, unless somebody else is in it."""
        assert self._container is not None
        assert self._guard is not None
        with spot.register.locked():
            # Those that only wait for it find the next one, as we do when they have removed it.
            others = spot.others_within()
            is_there = any(one.id == self._container for one in engine.find(token=spot.token))
            if is_there and others:
                raise SeedstateError(
                    f"{self.title}, kept for later runs, does not answer, and other runs use it",
                    checked=f"processes {', '.join(map(str, others))}",
                    fix="end them, then run: seedstate down",
                    detail=error.render(),
                ) from None
            engine.remove(self._container)
        self._let_go()

    def _let_go(self) -> None:
        assert self._guard is not None
        self._container = None
        self._guard.dismiss()
        self._guard = None

    def _ended(self, what: str, end: End) -> SeedstateError:
        return has_ended(self.title, self._image, what, end, self.advice(end))
