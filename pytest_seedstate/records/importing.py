"""Importing pack modules so that each runs once, whatever name it is imported by.

A module in ``scenarios/`` goes by its natural name (``scenarios.shop``) where Python would find
the same file under it, and by a name of ours elsewhere; so two projects in one process never
meet. Should the natural name become importable later, because a test or conftest changes the
path, it means the module that already ran: its classes and scenarios exist once.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import types
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.resources.abc import TraversableResources
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

_PREFIX = "_seedstate_packs_"

_OURS: dict[Path, str] = {}
"""The names of ours that folders have got in this process."""


def import_beside(folder: Path, name: str) -> types.ModuleType:
    """Import ``folder/name.py`` or the package ``folder/name/``, once.

    Args:
        folder: a folder of packs.
        name: the module's name, with dots for modules inside of a package.

    Raises:
        BaseException: whatever the module raises.
    """
    importlib.invalidate_caches()
    return importlib.import_module(f"{_package_of(folder)}.{name}")


def unload(path: Path) -> None:
    """Forget all modules of a file or folder, so that they run again when they are imported."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and Path(file).resolve().is_relative_to(path):
            del sys.modules[name]


def _package_of(folder: Path) -> str:
    known = _OURS.get(folder)
    if known in sys.modules:
        return str(known)
    if _leads_to(folder.name, folder):
        return folder.name
    ours = _OURS[folder] = _PREFIX + hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    _make_package(ours, folder)
    if not any(isinstance(finder, _SameModule) for finder in sys.meta_path):
        sys.meta_path.insert(0, _SameModule())
    return ours


def _make_package(name: str, folder: Path) -> None:
    init = folder / "__init__.py"
    has_code = init.is_file()
    loader = SourceFileLoader(name, str(init)) if has_code else _Folder(folder)
    spec = ModuleSpec(name, loader, origin=str(init) if has_code else None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    spec.has_location = has_code
    module = sys.modules[name] = module_from_spec(spec)
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


class _Folder(Loader, TraversableResources):
    """Loads a package without ``__init__``, and has its files for `importlib.resources`.

    Python's own loader for such packages refuses search paths that it has not made itself.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""

    def get_resource_reader(self, _name: str) -> TraversableResources:
        return self

    def files(self) -> Path:
        return self._folder


def _leads_to(package: str, folder: Path) -> bool:
    """Whether Python looks into a folder first for the modules of a package."""
    if not package.isidentifier():
        return False
    loaded = sys.modules.get(package)
    if loaded is not None:
        return _first_folder(getattr(loaded, "__path__", ())) == folder
    spec = PathFinder.find_spec(package)
    return spec is not None and _first_folder(spec.submodule_search_locations) == folder


def _first_folder(path: Iterable[str] | None) -> Path | None:
    # A package without __init__ may lie in several folders of the same name.
    return next((Path(one).resolve() for one in path or ()), None)


class _SameModule(MetaPathFinder):
    """Answers a natural name with the module that runs under a name of ours."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> ModuleSpec | None:
        parent, dot, last = fullname.rpartition(".")
        if not dot:
            return self._top(fullname)
        owner = getattr(sys.modules.get(parent), "__name__", "")
        if not owner.startswith(_PREFIX) or parent.startswith(_PREFIX):
            return None
        ours = f"{owner}.{last}"
        if PathFinder.find_spec(ours, path) is None:
            return None
        return ModuleSpec(fullname, _Known(ours))

    def _top(self, name: str) -> ModuleSpec | None:
        if all(folder.name != name for folder in _OURS):
            return None
        spec = PathFinder.find_spec(name)
        folder = _first_folder(spec.submodule_search_locations if spec else ())
        ours = _OURS.get(folder) if folder else None
        return ModuleSpec(name, _Known(ours), is_package=True) if ours in sys.modules else None


class _Known(Loader):
    """Loads a module by handing out the one that exists, importing it first where needed."""

    def __init__(self, ours: str) -> None:
        self._ours = ours
        self._spec: Any = None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = importlib.import_module(self._ours)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        # Importing has put the alias's spec on the module; its own says where it came from.
        module.__spec__ = self._spec
