"""What a dataset was made from, as it is written beside it, and whether that is still so."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest_seedstate
from pytest_seedstate.records.cache.began import BEGAN, ENVIRONMENT
from pytest_seedstate.records.cache.modules import (
    imported_since,
    is_first_party,
    is_installed,
    mentioned,
    reachable,
    variables_read,
)
from pytest_seedstate.records.cache.watch import Seen, watching

Manifest = Mapping[str, Any]
"""``files``, ``folders`` and ``variables``: each by its name with a digest, see `still_true`."""

_NOTHING = "-"
_ENDLESS = "a device or a pipe"

_FOR_C_CODE = ("TZ", "LANG", "LC_ALL", "LC_TIME")
"""Variables that nobody sees being read, because C code does that."""

_past: dict[frozenset[str], _Past] = {}
"""What ran earlier in this process, by the files of its modules."""


@dataclass
class _Past:
    """Imports and generations that were watched earlier in this process.

    What they read may have been remembered by the code, so that nobody opens it again. The digests
    are of then: by the time of a dataset, somebody may have edited a file.

    Attributes:
        imported: the digests of modules that were imported meanwhile.
        read: the manifest of what was read.
    """

    imported: dict[str, str] = field(default_factory=dict)
    read: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"files": {}, "folders": {}, "variables": {}}
    )

    def add(self, imported: Mapping[str, str], seen: Seen) -> None:
        """Something more; where it differs from what was seen earlier, that stays."""
        self.imported = {**imported, **self.imported}
        self.read = {kind: {**new, **self.read[kind]} for kind, new in _digests(seen).items()}


@contextmanager
def imports_watched() -> Iterator[None]:
    """Watch what modules read while they are imported, for the manifests of later datasets."""
    before = set(sys.modules)
    with watching(reads_variables=is_first_party) as seen:
        yield
    imported = {path: file_digest(path) for path in imported_since(before)}
    _past.setdefault(frozenset(imported), _Past()).add(imported, seen)


def remember(seen: Seen, modules: Iterable[str]) -> None:
    """Note what a generation has read, for the manifests of this dataset and later ones.

    Args:
        seen: what was seen meanwhile.
        modules: the source files of the packs that took part.
    """
    _past.setdefault(frozenset(modules), _Past()).add({}, seen)


def manifest(seen: Seen, modules: Iterable[str], loaded: set[str], began: int) -> Manifest:
    """What was read and run to make a dataset, whose reading was remembered just now.

    Args:
        seen: what was seen meanwhile.
        modules: the source files of the packs that took part.
        loaded: the names of the modules that were loaded before.
        began: when it began, in nanoseconds as `time.time_ns` counts.

    Raises:
        OSError, SyntaxError, ValueError: something of it cannot be read, or has been changed
            since it was.
    """
    late = imported_since(loaded)
    sources = reachable({*modules, *late})
    for path in sources:
        if not Path(path).is_file():
            raise ValueError(f"{path} is no file that could be watched")
    loaded_now = len(sys.modules)
    related = [
        past for ran, past in _past.items() if not sources.isdisjoint(_reached(ran, loaded_now))
    ]
    watched = {path: digest for one in related for path, digest in one.imported.items()}
    unwatched = sources - watched.keys()
    # A conftest, or a pack that one has imported: it may have read what it names.
    beside = {file for path in unwatched if path.endswith(".py") for file in mentioned(path)}
    _refuse_younger(unwatched - late | beside, BEGAN)
    _refuse_younger(late | seen.files, began)
    read = _Past().read
    # What was opened just now is as it is now, whatever was seen earlier.
    for part in (*(past.read for past in related), _digests(seen)):
        for kind, digests in part.items():
            read[kind] |= digests
    unseen = {path for path in unwatched - late if path.endswith(".py")}
    for name in {name for path in unseen for name in variables_read(path)}:
        digest = _variable(os.environ.get(name))
        # The module may have run when it was something else.
        if not digest == _variable(ENVIRONMENT.get(name)) == read["variables"].get(name, digest):
            raise ValueError(f"the variable {name} has changed")
        read["variables"][name] = digest
    read["files"] |= {path: watched.get(path) or file_digest(path) for path in sources | beside}
    return read


def still_true(written: Manifest) -> bool:
    """Whether everything that a manifest names is as it was."""
    return (
        all(_variable(os.environ.get(name)) == one for name, one in written["variables"].items())
        and all(file_digest(path) == one for path, one in written["files"].items())
        and all(_listing(path) == one for path, one in written["folders"].items())
    )


def file_digest(path: str) -> str:
    """SHA-256 of a file's content; of a folder's files with their names; ``-`` where is none."""
    try:
        about = Path(path).stat()
        if stat.S_ISREG(about.st_mode):
            return _content(path, about.st_mtime_ns, about.st_size, about.st_ino)
        if not stat.S_ISDIR(about.st_mode):
            return _ENDLESS
        below = sorted(str(one) for one in Path(path).rglob("*") if one.is_file())
    except OSError:
        return _NOTHING
    return _digest(*(f"{os.path.relpath(one, path)}\0{file_digest(one)}" for one in below))


def surroundings() -> str:
    """Digest of what every dataset depends on: the software, the time zone and the locale."""
    return _digest(software(), *(_variable(os.environ.get(name)) for name in _FOR_C_CODE))


@cache
def software() -> str:
    """Digest of Python, all installed distributions, and us."""
    own = Path(pytest_seedstate.__file__).resolve().parent
    # Of an installed distribution the version says it all.
    code = [] if is_installed(own) else [*own.glob("records/**/*.py"), *own.glob("stores/*.py")]
    installed = (
        name
        for folder in dict.fromkeys(sys.path)
        for name in _names(folder or ".")
        if name.endswith((".dist-info", ".egg-info", ".egg-link"))
    )
    return _digest(
        sys.implementation.name,
        sys.version,
        *sorted(installed),
        *(f"{path.relative_to(own)}\0{file_digest(str(path))}" for path in sorted(code)),
    )


@lru_cache(maxsize=16384)
def _content(path: str, _changed: int, _size: int, _number: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1024)
def _reached(ran: frozenset[str], _loaded: int) -> set[str]:
    return reachable(ran)


def _digests(seen: Seen) -> dict[str, dict[str, str]]:
    return {
        "files": {path: file_digest(path) for path in seen.files if is_first_party(path)},
        "folders": {path: _listing(path) for path in seen.folders if is_first_party(path)},
        "variables": {name: _variable(value) for name, value in seen.variables.items()},
    }


def _refuse_younger(paths: Iterable[str], than: int) -> None:
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            if Path(path).stat().st_mtime_ns > than:
                raise ValueError(f"{path} may have been changed since it was read")


def _listing(path: str) -> str:
    names = _names(path)
    return _digest(*sorted(one for one in names if one != "__pycache__")) if names else _NOTHING


def _names(folder: str) -> list[str]:
    try:
        return [one.name for one in Path(folder).iterdir()]
    except OSError:
        return []


def _variable(value: str | None) -> str:
    # Not the value: it may be a secret.
    return _NOTHING if value is None else _digest(value)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()
