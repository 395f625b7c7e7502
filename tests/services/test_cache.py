"""The user's cache folder: useful where it can be had, never a reason to fail."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pytest_seedstate.services.cache import cache_dir, forget_old, write_atomically


def test_the_cache_lies_where_the_user_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_CACHE_HOME if it is an absolute path, else ~/.cache; for this user only."""
    notes: list[str] = []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir(None, notes.append) == tmp_path / "xdg" / "pytest-seedstate"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    folder = cache_dir(None, notes.append)
    assert folder == tmp_path / ".cache" / "pytest-seedstate"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert notes == []


def test_a_folder_that_cannot_be_made_is_one_note(tmp_path: Path) -> None:
    """The run goes on without a cache."""
    notes: list[str] = []
    (tmp_path / "file").write_text("no folder")
    assert cache_dir(tmp_path / "file" / "cache", notes.append) is None
    assert notes == [
        f"seedstate: nothing is cached for the next run: {tmp_path}/file/cache: Not a directory"
    ]


def test_a_cache_that_strangers_could_fill_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server is started from what lies there."""
    notes: list[str] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "pytest-seedstate").mkdir()
    (tmp_path / "pytest-seedstate").chmod(0o777)
    assert cache_dir(None, notes.append) is None
    assert len(notes) == 1
    assert "another user may write there" in notes[0]


def test_a_file_is_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    """What could not be written leaves nothing behind, and one note."""
    notes: list[str] = []
    path = tmp_path / "thing"
    path.write_bytes(b"old")
    assert write_atomically(path, [b"ne", b"w"], notes.append)
    assert path.read_bytes() == b"new"
    assert notes == []
    # A folder cannot be replaced by a file: the last step fails.
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    assert not write_atomically(blocked, [b"new"], notes.append)
    assert len(notes) == 1
    assert str(blocked) in notes[0]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["blocked", "thing"]


def test_only_the_files_used_last_are_kept(tmp_path: Path) -> None:
    """And half-written ones go once nobody can still be writing them."""
    for age in range(6):
        (tmp_path / f"{age}.cluster").touch()
        os.utime(tmp_path / f"{age}.cluster", (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "other").touch()
    (tmp_path / ".a.cluster-1-ff").touch()
    (tmp_path / ".b.cluster-1-ff").touch()
    os.utime(tmp_path / ".b.cluster-1-ff", (1_000_000, 1_000_000))
    forget_old(tmp_path, ".cluster", keep=2)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        ".a.cluster-1-ff",
        "0.cluster",
        "1.cluster",
        "other",
    ]
