"""What is seen of code that runs in a watched block, and what is left when it ends."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_seedstate.records.cache.watch import Seen, watching
from pytest_seedstate.records.registry import Registry
from tests.records.cached import Cached
from tests.records.conftest import SHOP, Project

LOADED = {
    "pkgutil": "import pkgutil; text = pkgutil.get_data(__name__, 'notes.json').decode()",
    "its own loader": (
        "from pathlib import Path; "
        "text = __loader__.get_data(str(Path(__file__).with_name('notes.json'))).decode()"
    ),
    "importlib.resources": (
        "from importlib.resources import files; "
        "text = files(__package__).joinpath('notes.json').read_text()"
    ),
}


@pytest.mark.parametrize("line", LOADED.values(), ids=LOADED)
@pytest.mark.parametrize("when", ["when it runs", "when it is imported"])
def test_a_file_that_the_import_system_reads_for_a_pack_counts(
    project: Project, tmp_path: Path, line: str, when: str
) -> None:
    """It is a file that the data depends on, unlike the sources of modules that are imported."""
    (tmp_path / "cache").mkdir()
    cached = Cached(tmp_path / "cache" / "datasets")
    runs = when == "when it runs"
    noted = f"""
{"" if runs else line}

@scenario("noted")
def noted(seed):
    {line if runs else ""}
    yield ProductFactory.build(name=text)
"""
    registry = project(
        {
            "scenarios/shop/__init__.py": "",
            "scenarios/shop/notes.json": "one",
            "scenarios/shop/scenarios.py": SHOP + noted,
        }
    )
    assert cached.get(registry, "noted").records[0].name == "one"
    cached.get(registry, "noted")
    (tmp_path / "scenarios/shop/notes.json").write_text("two", "utf-8")
    cached.get(registry, "noted")
    assert cached.hits == [False, True, False]


def test_a_module_that_is_run_by_hand_counts_by_its_source(
    shop: Callable[[str], Registry], tmp_path: Path
) -> None:
    """Nothing else tells of it afterwards; its compiled file does not change with the source."""
    (tmp_path / "cache").mkdir()
    cached = Cached(tmp_path / "cache" / "datasets")
    registry = shop(
        """
        from importlib.util import module_from_spec, spec_from_file_location
        from pathlib import Path

        @scenario("by-hand")
        def by_hand(seed):
            spec = spec_from_file_location("by_hand", Path(__file__).parent / "further" / "name.py")
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            yield ProductFactory.build(name=module.NAME)
        """
    )
    source = tmp_path / "scenarios/further/name.py"
    source.parent.mkdir()
    source.write_text("NAME = 'one'", "utf-8")
    cached.get(registry, "by-hand")
    cached.get(registry, "by-hand")
    source.write_text("NAME = 'another'", "utf-8")
    cached.get(registry, "by-hand")
    cached.get(registry, "by-hand")
    assert cached.hits == [False, True, False, True]


def test_an_import_reads_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the module's source nor its compiled file, which it also writes."""
    (tmp_path / "seedstate_test_imported.py").write_text("", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    with watching() as seen:
        import seedstate_test_imported
    del sys.modules[seedstate_test_imported.__name__]
    assert list(tmp_path.glob("__pycache__/*.pyc"))
    assert not seen.files
    assert seen.beyond is None


@pytest.mark.parametrize(
    "read",
    [lambda name: os.environb.get(name), lambda name: os.getenvb(name)],
    ids=["environb", "getenvb"],
)
@pytest.mark.parametrize("value", ["caf\N{LATIN SMALL LETTER E WITH ACUTE}", None])
def test_a_variable_that_is_read_as_bytes_counts(
    read: Callable[[bytes], bytes | None], value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted as the same variable as if it was read as text."""
    monkeypatch.setenv("SEEDSTATE_TEST", "")
    if value is None:
        monkeypatch.delenv("SEEDSTATE_TEST")
    else:
        monkeypatch.setenv("SEEDSTATE_TEST", value)
    with watching() as seen:
        found = read(b"SEEDSTATE_TEST")
    assert found == (None if value is None else os.fsencode(value))
    assert seen.variables == {"SEEDSTATE_TEST": value}


def test_blocks_of_two_threads_may_overlap() -> None:
    """Each sees its own until it ends, also when the other ended before; nothing stays patched."""
    kind = type(os.environ)
    before = (kind.__getitem__, kind.__iter__, threading.Thread.start)
    began, overlaps = threading.Event(), threading.Event()
    seen_by_other: list[Seen] = []

    def read_and_start(variable: str) -> None:
        os.environ.get(variable)
        thread = threading.Thread(target=int, name="allowed to the other")
        thread.start()
        thread.join()

    def begin_first_and_end_first() -> None:
        with watching(own_thread="allowed to the other") as seen:
            began.set()
            overlaps.wait()
            read_and_start("SEEDSTATE_FIRST")
        seen_by_other.append(seen)

    other = threading.Thread(target=begin_first_and_end_first, daemon=True)
    other.start()
    began.wait()
    with watching() as seen:
        overlaps.set()
        other.join()
        read_and_start("SEEDSTATE_SECOND")
    assert (kind.__getitem__, kind.__iter__, threading.Thread.start) == before
    assert seen_by_other[0].variables.keys() == {"SEEDSTATE_FIRST"}
    assert seen_by_other[0].beyond is None
    assert seen.variables.keys() == {"SEEDSTATE_SECOND"}
    assert "threads" in str(seen.beyond)
