"""Datasets' files: damaged ones, full and closed folders, several writers, and limits."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_seedstate.records.registry import Registry
from tests.records.cached import Cached

Shop = Callable[[str], Registry]


@pytest.fixture
def cached(tmp_path: Path) -> Cached:
    """A cache beside the project."""
    (tmp_path / "cache").mkdir()
    return Cached(tmp_path / "cache" / "datasets")


def sealed(body: bytes) -> bytes:
    """A file whose digest is right, whatever it says."""
    return b"seedstate-dataset 2 " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def without_classes(content: bytes) -> bytes:
    """A whole file that names a class which is not there."""
    body = content.partition(b"\n")[2].replace(b'"Product"', b'"Produce"')
    assert body != content.partition(b"\n")[2]
    return sealed(body)


class Harm:
    """What must never be loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.putenv, ("SEEDSTATE_HARM", "done")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "one byte is another": lambda content: content[:-9] + b"?" + content[-8:],
    "cut off": lambda content: content[: len(content) // 2],
    "cut off after a line": lambda content: content.rpartition(b"\n")[0],
    "empty": lambda _: b"",
    "of another program": lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a pickle": lambda _: pickle.dumps(Harm()),
    "of the format before": lambda content: content.replace(b"dataset 2", b"dataset 1", 1),
    "the right digest of nothing": lambda _: sealed(b""),
    "the right digest of nonsense": lambda _: sealed(b"{}\n[]\n7"),
    "a class that is gone": without_classes,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_file_that_is_no_good_is_replaced(
    shop: Shop, cached: Cached, damage: Callable[[bytes], bytes]
) -> None:
    """It is thrown away, the dataset is generated, and kept anew."""
    registry = shop("")
    made = cached.get(registry, "products")
    (path,) = cached.files
    good = path.read_bytes()
    path.write_bytes(damage(good))
    again = cached.get(registry, "products")
    assert list(again.records) == list(made.records)
    assert cached.hits == [False, False]
    assert path.read_bytes() == good
    assert cached.notes == []


def test_nothing_that_a_file_names_is_called(
    shop: Shop, cached: Cached, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forged file makes no more than models, data classes and enums."""
    registry = shop("")
    cached.get(registry, "products")
    (path,) = cached.files
    body = path.read_bytes().partition(b"\n")[2]
    called: list[object] = []
    monkeypatch.setattr(subprocess.Popen, "__init__", lambda *given: called.append(given))
    manifest, head, _, *lines = body.split(b"\n")
    place = json.loads(head)["classes"][0]
    forged_head = head.replace(
        json.dumps(place, separators=(",", ":")).encode(), b'["subprocess","Popen"]'
    )
    assert forged_head != head
    for form in ("$enum", "$wrapped", "$data", "$model"):
        named = json.dumps([["evil", None, {form: [0, ["true"]]}]]).encode()
        path.write_bytes(sealed(b"\n".join([manifest, forged_head, named, *lines])))
        cached.get(registry, "products")
    assert cached.hits == [False] * 5
    assert called == []


def test_a_closed_folder_is_left_alone(shop: Shop, cached: Cached, tmp_path: Path) -> None:
    """The dataset is made; why it is not kept is told once."""
    registry = shop("")
    blocked = Cached(Path("/proc/seedstate-datasets"))
    assert len(blocked.get(registry, "products").records) == 3
    assert len(blocked.get(registry, "products").records) == 3
    assert blocked.hits == [False, False]
    (note,) = set(blocked.notes)
    assert "/proc/seedstate-datasets" in note


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def test_what_lies_in_a_read_only_folder_is_used(shop: Shop, cached: Cached) -> None:
    """Nothing is put there, and what could not be is told once."""
    registry = shop("")
    code = """
import sys
from pathlib import Path
from tests.records.cached import Cached
from pytest_seedstate.records.registry import Registry
cached = Cached(Path(sys.argv[1]) / "cache" / "datasets")
registry = Registry.find(Path(sys.argv[1]))
for count in (3, 4):
    cached.get(registry, "products", count=count)
print(*cached.hits, len(cached.files), len(cached.notes))
"""
    mapped = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    closed = ("unshare", "--mount", *mapped, "sh", "-c", READ_ONLY, str(cached.folder.parent))
    try:
        subprocess.run([*closed, "true"], capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    run = [sys.executable, "-c", code, str(registry.root)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = [
        subprocess.run([*way, *run], capture_output=True, text=True, env=env, check=True).stdout
        for way in (closed, (), closed)
    ]
    assert told == [
        "False False 0 2\n",
        "False False 2 0\n",
        "True True 2 0\n",
    ]


def test_a_full_disk_fails_no_run(shop: Shop, tmp_path: Path) -> None:
    """A file that cannot be written whole is not there at all."""
    registry = shop("")
    code = """
import resource, sys
from pathlib import Path
from tests.records.cached import Cached
from pytest_seedstate.records.registry import Registry
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
cached = Cached(Path(sys.argv[1]) / "full")
assert len(cached.get(Registry.find(Path(sys.argv[1])), "products").records) == 3
print(len(cached.notes), sorted(p.name for p in cached.folder.iterdir()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(registry.root)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    assert done.stdout.split(maxsplit=1) == ["1", "[]\n"]


def test_writers_at_the_same_time_do_not_disturb_each_other(shop: Shop, cached: Cached) -> None:
    """Several processes make, keep and read one dataset again and again; all get the same."""
    registry = shop("")
    code = """
import sys
from pathlib import Path
from tests.records.cached import Cached
from pytest_seedstate.records.registry import Registry
cached = Cached(Path(sys.argv[2]))
registry = Registry.find(Path(sys.argv[1]))
found = set()
for turn in range(30):
    found.add(cached.get(registry, "products", count=50).fingerprint)
    if turn % 3 == 0:
        for path in cached.files:
            path.unlink(missing_ok=True)
print(*found, cached.notes, sum(cached.hits))
"""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(registry.root), str(cached.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for _ in range(2)
    ]
    told = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    fingerprints = {out.split()[0] for out, _ in told}
    assert fingerprints == {cached.get(registry, "products", count=50).fingerprint}
    assert all(out.split()[1] == "[]" and int(out.split()[2]) > 0 for out, _ in told)
    assert [path for path in cached.folder.iterdir() if path not in cached.files] == []


def test_what_was_used_longest_ago_goes_first(shop: Shop, tmp_path: Path) -> None:
    """The folder never grows beyond its limit; being read counts as being used."""
    registry = shop("")
    (tmp_path / "cache").mkdir()
    one = Cached(tmp_path / "cache" / "one")
    one.get(registry, "products", count=50)
    size = one.files[0].stat().st_size
    cached = Cached(tmp_path / "cache" / "datasets", limits={"most_bytes": int(size * 2.5)})
    for count in (50, 51):
        cached.get(registry, "products", count=count)
        for path in cached.files:
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**10))
    cached.get(registry, "products", count=50)
    cached.get(registry, "products", count=52)
    assert len(cached.files) == 2
    for count in (50, 52, 51):
        cached.get(registry, "products", count=count)
    assert cached.hits == [False, False, True, False, True, True, False]


def test_what_is_larger_than_the_cache_is_not_kept(shop: Shop, tmp_path: Path) -> None:
    """And nothing else has to go for it."""
    registry = shop("")
    (tmp_path / "cache").mkdir()
    cached = Cached(tmp_path / "cache" / "datasets", limits={"most_bytes": 20_000})
    cached.get(registry, "products")
    cached.get(registry, "products", count=500)
    cached.get(registry, "products")
    assert cached.hits == [False, False, True]


def test_what_nobody_uses_goes(shop: Shop, tmp_path: Path) -> None:
    """After the days that the cache keeps it."""
    registry = shop("")
    (tmp_path / "cache").mkdir()
    cached = Cached(tmp_path / "cache" / "datasets", limits={"most_days": 3})
    cached.get(registry, "products")
    (old,) = cached.files
    four_days_ago = time.time() - 4 * 86400
    os.utime(old, (four_days_ago, four_days_ago))
    cached.get(registry, "products", count=4)
    assert old not in cached.files
    assert len(cached.files) == 1


def test_only_a_few_variants_of_one_dataset_are_kept(shop: Shop, cached: Cached) -> None:
    """Each edit of a module would leave one otherwise."""
    registry = shop(
        """
        from pathlib import Path

        @scenario("text")
        def text(seed):
            yield ProductFactory.build(name=(Path(__file__).parent / "text.txt").read_text())
        """
    )
    text = registry.root / "scenarios/text.txt"
    for number in range(8):
        text.write_text(f"text {number}", "utf-8")
        cached.get(registry, "text")
    assert len(cached.files) == 4
    assert cached.get(registry, "text").records[0].name == "text 7"
    assert cached.hits == [False] * 8 + [True]


def test_files_are_for_their_user_only(shop: Shop, cached: Cached) -> None:
    """They hold what scenarios hold, which may not be meant for others."""
    cached.get(shop(""), "products")
    assert cached.folder.stat().st_mode & 0o777 == 0o700
    assert cached.files[0].stat().st_mode & 0o777 == 0o600
