"""The cache of datasets: made once, read from disk by later runs while nothing has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from pytest_seedstate.records.cache.exact import NotExactError
from pytest_seedstate.records.cache.file import StoredDataset, written
from pytest_seedstate.records.cache.manifest import (
    file_digest,
    manifest,
    remember,
    still_true,
    surroundings,
)
from pytest_seedstate.records.cache.watch import watching
from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.generate import SCENARIO_THREAD
from pytest_seedstate.records.plan import Plan
from pytest_seedstate.records.progress import Progress
from pytest_seedstate.services.cache import Note, forget_old, log_note, write_atomically
from pytest_seedstate.services.platform import FileLock
from pytest_seedstate.stores.canonical import encode

SUFFIX = ".dataset"
_LOCK = "writer.lock"
WORTH_SECONDS = 0.02
"""What takes less to make is not kept: reading a file and its manifest takes a tenth of that."""
MOST_BYTES = 512 * 1024 * 1024
MOST_DAYS = 30
_MOST_FILES = 1000
_VARIANTS = 4
"""Files for one key: so many branches of the project's code can be gone to and fro between."""


@dataclass(frozen=True)
class Request:
    """What a dataset is made from, as far as it is known before.

    Attributes:
        plan: what runs.
        seed_number: the run's seed.
        now: the run's clock.
        after: what it goes on from.
    """

    plan: Plan
    seed_number: int
    now: dt.datetime
    after: Progress

    def key(self) -> str:
        """A file name for it."""
        steps = [
            [
                step.scenario.full_name,
                str(step.scenario.site.path),
                dict(step.params),
                [step.copy, step.round, step.stores],
                sorted(below.full_name for below in step.below),
                [[str(path), file_digest(str(path))] for path in step.scenario.inputs],
            ]
            for step in self.plan.steps
        ]
        parts = [
            surroundings(),
            [self.plan.title, str(self.plan.root), sorted(self.plan.derived_tables), steps],
            [self.seed_number, self.now, dict(self.after.sequences), dict(self.after.runs)],
        ]
        return hashlib.sha256(encode(parts)).hexdigest()


class DatasetCache:
    """Datasets in a folder, for all runs of a user.

    Nothing that goes wrong here fails a run: a file that cannot be used is thrown away, a folder
    that cannot be written to is left alone.

    Args:
        folder: the folder; made when something is kept.
        note: is told why something cannot be kept.
        worth: seconds that making a dataset must take for it to be kept.
        most_bytes: how large the folder may become; what was used longest ago goes.
        most_days: how long what is not used is kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        note: Note = log_note,
        worth: float = WORTH_SECONDS,
        most_bytes: int = MOST_BYTES,
        most_days: float = MOST_DAYS,
    ) -> None:
        self._folder = folder
        self._note = note
        self._worth = worth
        self._most_bytes = most_bytes
        self._most_days = most_days

    def find(self, request: Request) -> Dataset | None:
        """The dataset that an earlier run made, None if there is none or something has changed.

        What is found must not be changed: its records are made of the file when asked for.
        """
        for path in self._files(request.key()):
            dataset = self._read(path)
            if dataset is not None:
                with suppress(OSError):
                    os.utime(path)  # used last
                return dataset
        return None

    def make(self, request: Request, generate: Callable[[], Dataset]) -> Dataset:
        """Generate a dataset and keep it, if it is worth that and can be told from its sources.

        Raises:
            BaseException: whatever `generate` raises.
        """
        modules = _modules(request.plan)
        loaded, began, start = set(sys.modules), time.time_ns(), perf_counter()
        try:
            with watching(own_thread=SCENARIO_THREAD) as seen:
                dataset = generate()
                seconds = perf_counter() - start
                seen.files |= _bodies(dataset)
        finally:
            # Not while watching: the digests open files themselves.
            remember(seen, modules)
        if seconds >= self._worth and seen.beyond is None:
            with suppress(NotExactError, OSError, SyntaxError, ValueError):
                made_from = manifest(seen, modules, loaded, began)
                self._keep(request.key(), written(dataset, made_from))
        return dataset

    def forget(self, request: Request) -> None:
        """Throw away what is kept for a request, whether it could be used or not."""
        for path in self._files(request.key()):
            _remove(path)

    def _files(self, key: str) -> list[Path]:
        try:
            found = self._folder.glob(f"{key}-*{SUFFIX}")
            return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
        except OSError:
            return []

    def _read(self, path: Path) -> Dataset | None:
        try:
            stored = StoredDataset(path.read_bytes())
            return stored.dataset() if still_true(stored.manifest) else None
        except OSError:
            return None
        except (ValueError, LookupError, TypeError, AttributeError):
            _remove(path)
            return None

    def _keep(self, key: str, chunks: list[bytes]) -> None:
        if sum(map(len, chunks)) > self._most_bytes:
            return
        lock = FileLock(self._folder / _LOCK)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if not lock.acquire(create=True):
                # Another run keeps something just now; this one can be made again.
                return
        except OSError as error:
            self._note(f"seedstate: datasets are not cached: {self._folder}: {error.strerror}")
            return
        try:
            self._write(key, chunks)
        finally:
            lock.path.unlink(missing_ok=True)
            lock.release()

    def _write(self, key: str, chunks: list[bytes]) -> None:
        for path in self._files(key)[_VARIANTS - 1 :]:
            _remove(path)
        manifest_line = chunks[-1].partition(b"\n")[0]
        variant = hashlib.sha256(manifest_line).hexdigest()[:16]
        if write_atomically(self._folder / f"{key}-{variant}{SUFFIX}", chunks, self._note):
            forget_old(
                self._folder,
                SUFFIX,
                keep=_MOST_FILES,
                most_bytes=self._most_bytes,
                most_days=self._most_days,
            )


def _modules(plan: Plan) -> list[str]:
    """The files of the packs' modules; all have one, because declaring a scenario needs it."""
    named = (names.get("__file__") for names in plan.namespaces)
    return [str(step.scenario.site.path) for step in plan.steps] + [
        file for file in named if isinstance(file, str)
    ]


def _bodies(dataset: Dataset) -> set[str]:
    """The files that objects will be loaded from."""
    bodies = (
        getattr(entry, "body", None)
        for entries in dataset.entries.get("s3", {}).values()
        for entry in entries
    )
    return {str(body.absolute()) for body in bodies if isinstance(body, Path)}


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
