"""What a dataset was made from, as it is written beside it, and whether that is still so."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest_seedstate
from pytest_seedstate.records.cache.modules import (
    imported_since,
    is_first_party,
    is_installed,
    reachable,
)
from pytest_seedstate.records.cache.watch import Seen, watching

Manifest = Mapping[str, Any]
"""``files``, ``folders`` and ``variables``: each by its name with a digest, see `still_true`."""

_NOT_DATA = frozenset({".py", ".pyc", ".pyi", ".so"})
_MOST_NEIGHBOURS = 256
_NOTHING = "-"
_ENDLESS = "a device or a pipe"

_IMPORTS = Seen()
_imported: set[str] = set()


@contextmanager
def imports_watched() -> Iterator[None]:
    """Watch what modules read while they are imported, for the manifests of later datasets."""
    before = set(sys.modules)
    with watching(reads_variables=is_first_party) as seen:
        yield
    _imported.update(imported_since(before))
    _IMPORTS.files |= seen.files
    _IMPORTS.folders |= seen.folders
    _IMPORTS.variables |= seen.variables


def manifest(seen: Seen, modules: Iterable[str], loaded_before: set[str]) -> Manifest:
    """What was read and run to make a dataset.

    Args:
        seen: what was seen meanwhile.
        modules: the source files of the packs that took part.
        loaded_before: the names of the modules that were loaded before.

    Raises:
        OSError, SyntaxError, ValueError: something of it cannot be read.
    """
    sources = reachable({*modules, *imported_since(loaded_before)})
    files = {path for path in seen.files | _IMPORTS.files if is_first_party(path)} | sources
    for source in sources - _imported:
        # Imported before anybody watched: what it read then lies beside it, if anywhere.
        files |= _neighbours(Path(source).parent)
    folders = {path for path in seen.folders | _IMPORTS.folders if is_first_party(path)}
    return {
        "files": {path: file_digest(path) for path in sorted(files)},
        "folders": {path: _listing(path) for path in sorted(folders)},
        "variables": {
            name: _variable(value)
            for name, value in sorted({**_IMPORTS.variables, **seen.variables}.items())
        },
    }


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


@cache
def surroundings() -> str:
    """Digest of what every dataset depends on: Python, all installed distributions, and us."""
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


def _neighbours(folder: Path) -> set[str]:
    found = [str(one) for one in folder.iterdir() if one.suffix not in _NOT_DATA and one.is_file()]
    if len(found) > _MOST_NEIGHBOURS:
        raise ValueError(f"{folder} has too many files to watch")
    return set(found)


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
