"""Packs: one domain's records, factories, scenarios, reset states and schema."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records import declared as declarations
from pytest_seedstate.records.cache.manifest import imports_watched
from pytest_seedstate.records.importing import import_beside, unload
from pytest_seedstate.records.problems import import_failure
from pytest_seedstate.records.scenario import COLLECTION_WORDS, STORES, Scenario
from pytest_seedstate.records.schema import Schema, is_called, read_folder

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record
    from pytest_seedstate.records.reset_state import ResetState


@dataclass(eq=False)
class Pack:
    """One domain.

    Attributes:
        name: its name; None for what a conftest or test module declares.
        path: its module, its folder, or the conftest or test module.
        scenarios: its scenarios, in order.
        states: its reset states, in order.
        records: its kinds of record that are stored somewhere.
        namespaces: the names of its modules.
    """

    name: str | None
    path: Path
    scenarios: list[Scenario] = field(default_factory=list)
    states: list[ResetState] = field(default_factory=list)
    records: list[type[Record]] = field(default_factory=list)
    schemas: list[Schema] = field(default_factory=list)
    namespaces: list[dict[str, Any]] = field(default_factory=list)

    def declared(self, store: str) -> list[Any] | None:
        """What it declares for a store, None where its records shall tell."""
        found = [schema.declared[store] for schema in self.schemas if store in schema.declared]
        return [one for group in found for one in group] if found else None

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores that its records live in or its scenarios write to."""
        used = {place.store for record in self.records for place in record.placements()}
        used.update(store for scenario in self.scenarios for store in scenario.stores)
        return tuple(store for store in STORES if store in used)

    def is_visible_from(self, path: Path | None) -> bool:
        """Whether its names mean something in a file: packs everywhere, a conftest in its folder.

        Args:
            path: the file that asks; None for the command line.
        """
        if self.name is not None:
            return True
        if path is None:
            return False
        if self.path.name == "conftest.py":
            return path.resolve().is_relative_to(self.path.parent)
        return path.resolve() == self.path


def find_packs(root: Path, folders: Sequence[Path] = ()) -> list[Pack]:
    """Import all packs.

    Args:
        root: the project's root directory.
        folders: where packs are, relative to it; ``scenarios`` need not exist.

    Raises:
        SeedstateError: a folder that does not exist, a pack that cannot be imported, two of one
            name, two scenarios or reset states of one name in a pack, a schema that cannot be
            read, a record stored where the declared schema has nothing.
    """
    packs: dict[str, Pack] = {}
    usual = (root / "scenarios").resolve()
    found = list(dict.fromkeys((root / one).resolve() for one in folders or (usual,)))
    for folder in found:
        if not folder.is_dir():
            if folder == usual:
                continue
            raise SeedstateError(
                "a folder of packs does not exist", where=str(folder), fix="see seedstate_scenarios"
            )
        for path in sorted(folder.iterdir()):
            name = _pack_name(path)
            if name is None:
                continue
            if name in packs:
                raise SeedstateError(
                    f"two packs are called '{name}'",
                    where=f"{packs[name].path} and {path}",
                    fix="rename one of them",
                )
            packs[name] = _load(name, path, folder, found)
    return list(packs.values())


def loose_packs(packs: Sequence[Pack]) -> list[Pack]:
    """What files outside of packs have declared so far: conftests, test modules, helpers."""
    homes = [pack.path for pack in packs]
    found = []
    for declared in declarations.all_declared():
        adopted = any(one.pack and one.pack.name for one in declared.scenarios)
        if not adopted and not _is_in(declared.path, homes):
            pack = Pack(None, declared.path)
            _take(pack, declared)
            _take_records(pack, homes)
            found.append(pack)
    return found


def _pack_name(path: Path) -> str | None:
    if path.name[0] in "._" or path.name == "conftest.py":
        return None
    if path.is_dir():
        is_pack = (path / "schema").is_dir() or any(path.glob("*.py"))
        return path.name if is_pack else None
    return path.stem if path.suffix == ".py" and not path.stem.startswith("test_") else None


def _load(name: str, path: Path, folder: Path, folders: Sequence[Path]) -> Pack:
    pack = Pack(name, path)
    modules = [_import(pack, path, folder)] if path.is_file() else []
    if path.is_dir():
        modules = [_import(pack, file, folder) for file in _module_files(path)]
    for module in modules:
        pack.namespaces.append(vars(module))
    for declared in declarations.all_declared():
        if declared.path.is_relative_to(path):
            _take(pack, declared)
    _take_records(pack, folders)
    _adopt_imported(pack, folders)
    if (path / "schema").is_dir():
        pack.schemas.append(_schema_of(pack))
    check(pack)
    return pack


def _module_files(folder: Path) -> list[Path]:
    files = [
        file
        for file in sorted(folder.glob("*.py"))
        if file.name == "__init__.py" or not file.name.startswith(("_", ".", "test_", "conftest"))
    ]
    packages = sorted(file.parent for file in folder.glob("*/__init__.py"))
    return [*files, *packages]


def _import(pack: Pack, path: Path, folder: Path) -> ModuleType:
    relative = path.relative_to(folder)
    parts = relative.parent.parts if path.name == "__init__.py" else relative.with_suffix("").parts
    try:
        with imports_watched():
            return import_beside(folder, ".".join(parts))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the pack's code may raise anything
        for declared in declarations.all_declared():
            if declared.path.is_relative_to(pack.path):
                declarations.forget(declared.path)
        unload(pack.path)
        raise import_failure(error, pack=str(pack.name), path=path) from None


def _take(pack: Pack, declared: declarations.Declared) -> None:
    pack.scenarios += declared.scenarios
    pack.states += declared.states
    pack.schemas += declared.schemas
    for scenario in declared.scenarios:
        scenario.pack = pack
    for state in declared.states:
        state.pack = pack
    if all(names is not declared.names for names in pack.namespaces):
        pack.namespaces.append(declared.names)


def _adopt_imported(pack: Pack, folders: Sequence[Path]) -> None:
    """Take scenarios that the pack imports from code that is no pack."""
    for names in pack.namespaces:
        for value in list(names.values()):
            is_new = isinstance(value, Scenario) and value not in pack.scenarios
            if is_new and not _is_in(value.site.path, folders):
                value.pack = pack
                pack.scenarios.append(value)


def _take_records(pack: Pack, folders: Sequence[Path]) -> None:
    """Take the kinds of record that its modules define, or import from code that is no pack."""
    module = sys.modules.get("pytest_seedstate.records.record")
    if module is None:
        return
    for names in pack.namespaces:
        kinds = [one for one in list(names.values()) if isinstance(one, type)]
        for kind in (one for one in kinds if issubclass(one, module.Record)):
            record: type[Record] = kind
            home = Path(getattr(sys.modules.get(kind.__module__), "__file__", None) or pack.path)
            is_own = home.resolve().is_relative_to(pack.path) or not _is_in(home, folders)
            if is_own and record.placements() and record not in pack.records:
                pack.records.append(record)


def _is_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.resolve().is_relative_to(folder) for folder in folders)


def _schema_of(pack: Pack) -> Schema:
    try:
        return read_folder(pack.path / "schema")
    except OSError as error:
        raise SeedstateError(
            f"the schema of the pack '{pack.name}' cannot be read: {error.strerror}",
            where=str(error.filename),
        ) from None


def check(pack: Pack) -> None:
    """Refuse what contradicts itself.

    Raises:
        SeedstateError: two scenarios or reset states of one name, a record stored in a table,
            bucket or index that the declared schema lacks.
    """
    for kind, things in (("scenario", pack.scenarios), ("reset state", pack.states)):
        seen: dict[str, Any] = {}
        for thing in things:
            if thing.name in seen:
                raise SeedstateError(
                    f"two {kind}s are called '{thing.name}'",
                    where=f"{seen[thing.name].site} and {thing.site}",
                    fix="rename one of them",
                )
            seen[thing.name] = thing
    known: dict[str, set[str]] = {}
    for schema in pack.schemas:
        for store in STORES:
            collections = schema.collections(store)
            if collections is not None:
                known.setdefault(store, set()).update(collections)
    for record in pack.records:
        for place in record.placements():
            names = known.get(place.store)
            if names is not None and not is_called(place.collection, names):
                raise unknown_name(
                    COLLECTION_WORDS[place.store],
                    place.collection,
                    sorted(names),
                    where=f"{record.__name__}.stored_in, and the schema of {pack.path}",
                )
