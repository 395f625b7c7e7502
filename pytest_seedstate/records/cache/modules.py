"""Which of the project's own modules take part in making data, and whose code is whose."""

from __future__ import annotations

import ast
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest_seedstate

_OWN = Path(pytest_seedstate.__file__).resolve().parent
_LONGEST_PATH = 200
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_ENVIRONMENT = frozenset({"environ", "environb"})
_GETENV = frozenset({"getenv", "getenvb"})
_READING = frozenset({"get", "setdefault", "__getitem__", "__contains__"})


def is_first_party(path: str) -> bool:
    """Whether a file belongs to the user's project: not to Python, a distribution or us."""
    file = Path(path)
    return not (is_installed(file) or any(file.is_relative_to(one) for one in _foreign()))


def is_installed(file: Path) -> bool:
    """Whether a file came with an installed distribution."""
    return bool(_INSTALLED & set(file.parts))


@cache
def _foreign() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_path(name) for name in names}
    folders.update([*site.getsitepackages(), site.getusersitepackages(), str(_OWN)])
    return tuple(one for one in {*folders, *(str(Path(f).resolve()) for f in folders)} if one)


def reachable(start: Iterable[str]) -> set[str]:
    """The files of first-party modules that some files import, directly or not, and themselves.

    Imports are read from the source, wherever in a module they stand; of those, the ones that
    have happened count.

    Args:
        start: source files.

    Raises:
        OSError, SyntaxError, ValueError: a source cannot be read.
    """
    names: dict[str, list[ModuleType]] = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            names.setdefault(file, []).append(module)
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        file = waiting.pop()
        if file in found or not is_first_party(file):
            continue
        found.add(file)
        for module in names.get(file, ()):
            waiting += _files(_with_parents(module.__name__))
        if file.endswith(".py"):
            packages = {str(getattr(one, "__package__", "")) for one in names.get(file, ())}
            for package in packages or {""}:
                imports = _imports(file, Path(file).stat().st_mtime_ns)
                waiting += _files(_imported(imports, package))
    return found


def imported_since(before: Iterable[Any]) -> set[str]:
    """The files of first-party modules that were imported since ``set(sys.modules)`` was taken."""
    return {file for file in _files(sys.modules.keys() - set(before)) if is_first_party(file)}


def mentioned(file: str) -> set[str]:
    """The existing files whose paths stand in a source as text, relative to it or as they are.

    Raises:
        OSError, SyntaxError, ValueError: the source cannot be read.
    """
    folder = Path(file).parent
    found: set[str] = set()
    for node in ast.walk(_tree(file, Path(file).stat().st_mtime_ns)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if 0 < len(text) <= _LONGEST_PATH and "\n" not in text and "\0" not in text:
                both = (folder / text, Path(text).absolute())
                found.update(str(path) for path in both if path.is_file())
    return found


def variables_read(file: str) -> set[str]:
    """The environment variables that a source reads, anywhere in it, each by a constant name.

    Raises:
        OSError, SyntaxError: the source cannot be read.
        ValueError: it uses the environment in a way that does not tell which variables it reads,
            or sets one that it reads.
    """
    told: set[ast.AST] = set()
    read: set[str] = set()
    written: set[str] = set()
    nodes = list(ast.walk(_tree(file, Path(file).stat().st_mtime_ns)))
    for node in nodes:
        match node:
            case ast.Subscript(value=mapping, slice=ast.Constant(value=name), ctx=ctx):
                asked = _ENVIRONMENT
                into = read if isinstance(ctx, ast.Load) else written
            case ast.AugAssign(target=ast.Subscript(value=mapping, slice=ast.Constant(value=name))):
                asked, into = _ENVIRONMENT, read
            case ast.Call(func=ast.Attribute(value=mapping, attr=method), args=[first, *_]) if (
                method in _READING and isinstance(first, ast.Constant)
            ):
                asked, name, into = _ENVIRONMENT, first.value, read
            case ast.Call(func=mapping, args=[ast.Constant(value=name), *_]):
                asked, into = _GETENV, read
            case ast.Compare(
                left=ast.Constant(value=name), ops=[ast.In() | ast.NotIn()], comparators=[mapping]
            ):
                asked, into = _ENVIRONMENT, read
            case _:
                continue
        if _last_name(mapping) in asked and isinstance(name, (str, bytes)):
            told.add(mapping)
            into.add(os.fsdecode(name))
    hidden = any(_is_environment(node) and node not in told for node in nodes)
    if hidden or read & written:
        raise ValueError(f"{file} does not tell which environment variables it reads")
    return read


def _last_name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_environment(node: ast.AST) -> bool:
    """Whether a node means the environment, or makes another name mean it."""
    names = _ENVIRONMENT | _GETENV
    match node:
        case ast.alias(name=name, asname=str()):
            return name in names
        case ast.Constant(value=str(text)):
            return text in names
    return _last_name(node) in names


@lru_cache(maxsize=64)
def _tree(file: str, _changed: int) -> ast.Module:
    source = Path(file).read_bytes()
    try:
        return ast.parse(source)
    except SystemError:
        # CPython counts the depth of all threads together (cpython issue 106905), and pytest
        # rewrites what another of them imports.
        return ast.parse(source)


@cache
def _imports(file: str, changed: int) -> list[tuple[str, tuple[str, ...]]]:
    """The names that a source imports, relative ones with their dots, and what it takes of each."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for node in ast.walk(_tree(file, changed)):
        if isinstance(node, ast.Import):
            found += [(alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found.append((base, tuple(alias.name for alias in node.names)))
    return found


def _imported(imports: Iterable[tuple[str, tuple[str, ...]]], package: str) -> Iterator[str]:
    for name, taken in imports:
        try:
            base = resolve_name(name, package)
        except ImportError:
            continue
        yield from _with_parents(base)
        yield from (f"{base}.{one}" for one in taken)


def _with_parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def _files(names: Iterable[str]) -> list[str]:
    found = (getattr(sys.modules.get(name), "__file__", None) for name in names)
    return [file for file in found if isinstance(file, str)]
