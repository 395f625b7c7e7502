r"""An empty database cluster in one file: made once by initdb, unpacked by every later run.

Not a tar, because reading 1 200 headers takes Python longer than writing the files. Files of equal
content, which a cluster of several fresh databases mostly consists of, are kept once.

    seedstate-cluster-1 <crc32> <bytes>\\n     of all that follows
    {"server": ..., "folders": [...], "files": [[path, offset, length], ...]}\\n
    content
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from pathlib import Path
from typing import TypedDict

_MAGIC = "seedstate-cluster-1"

Cluster = tuple[list[str], dict[str, bytes]]


class _Index(TypedDict):
    server: str
    folders: list[str]
    files: list[tuple[str, int, int]]


class BadImageError(ValueError):
    """The file is no whole image: cut off, changed, or of another layout."""


def read(folder: Path) -> Cluster:
    """The content of a cluster that was shut down cleanly.

    Args:
        folder: the data directory.

    Returns:
        The names of its folders, parents first, and its files by name.
    """
    folders: list[str] = []
    files: dict[str, bytes] = {}
    top = os.fspath(folder)
    # Strings, not Path objects, as in `_write`.
    for parent, names, leaves in os.walk(top):
        below = parent[len(top) + 1 :]
        prefix = f"{below}/" if below else ""
        folders.extend(prefix + name for name in names)
        for leaf in leaves:
            # The server's user may not be ours: no link of his leads us to other files.
            descriptor = os.open(f"{parent}/{leaf}", os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                files[prefix + leaf] = file.readall()
    return folders, files


def pack(cluster: Cluster, server: str) -> list[bytes]:
    """The image of a cluster, in parts to be written one after another.

    Args:
        cluster: what `read` returned.
        server: the version line of the server that made it.
    """
    folders, contents = cluster
    files: list[tuple[str, int, int]] = []
    parts: list[bytes] = []
    # A table of the catalogue has the same name in each database; comparing is quicker than hashing.
    kept: dict[tuple[str, int], list[tuple[bytes, int]]] = {}
    end = 0
    for name, content in contents.items():
        alike = kept.setdefault((name.rpartition("/")[2], len(content)), [])
        offset = next((offset for known, offset in alike if known == content), None)
        if offset is None:
            offset = end
            end += len(content)
            alike.append((content, offset))
            parts.append(content)
        files.append((name, offset, len(content)))
    index: _Index = {"server": server, "folders": folders, "files": files}
    parts.insert(0, json.dumps(index, separators=(",", ":")).encode() + b"\n")
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return [f"{_MAGIC} {checksum} {sum(map(len, parts))}\n".encode(), *parts]


def unpack(image: Path, folder: Path, server: str) -> None:
    """Make a data directory from an image.

    Args:
        image: the file.
        folder: the data directory to be made; its parent exists.
        server: the version line of the server that will run on it.

    Raises:
        BadImageError: the file is damaged, or was made by another server.
        FileNotFoundError: there is no such file.
        OSError: the data directory cannot be written.
    """
    with image.open("rb") as file:
        start = file.readline(100)
        if os.fstat(file.fileno()).st_size == len(start):
            raise BadImageError(f"{image} is empty")
        with (
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as whole,
            whole[len(start) :] as rest,
        ):
            _check(start, rest, image)
            end = mapped.find(b"\n", len(start)) - len(start)
            index: _Index = json.loads(bytes(rest[:end]))
            if index["server"] != server:
                raise BadImageError(f"{image} was made by {index['server']}")
            _write(index, rest[end + 1 :], folder)


def _check(start: bytes, rest: memoryview, image: Path) -> None:
    try:
        magic, checksum, size = start.decode("ascii").split()
        whole = magic == _MAGIC and int(size) == len(rest) and zlib.crc32(rest) == int(checksum)
    except ValueError:
        whole = False
    if not whole:
        raise BadImageError(f"{image} is damaged")


def _write(index: _Index, content: memoryview, folder: Path) -> None:
    with content:
        folder.mkdir(mode=0o700)
        top = os.fspath(folder)
        for name in index["folders"]:
            os.mkdir(f"{top}/{name}", 0o700)  # noqa: PTH102  # see below
        for name, offset, length in index["files"]:
            # 1 300 files: Path objects and file objects would take longer than the writing.
            descriptor = os.open(f"{top}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                end = offset + length
                while offset < end:
                    # A disk that fills up takes a part first, and fails at the next part.
                    offset += os.write(descriptor, content[offset:end])
            finally:
                os.close(descriptor)
