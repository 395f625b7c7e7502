"""An empty database cluster in one file: made once by initdb, unpacked by every later run.

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

_MAGIC = "seedstate-cluster-1"


class BadImageError(ValueError):
    """The file is no whole image: cut off, changed, or of another layout."""


def pack(folder: Path, server: str) -> list[bytes]:
    """The image of a cluster that was shut down cleanly, in parts to be written one after another.

    Args:
        folder: the data directory.
        server: the version line of the server that made it.
    """
    folders: list[str] = []
    files: list[tuple[str, int, int]] = []
    contents: dict[bytes, int] = {}
    end = 0
    for parent, names, leaves in os.walk(folder):
        below = os.path.relpath(parent, folder)
        folders.extend(os.path.normpath(os.path.join(below, name)) for name in names)
        for leaf in leaves:
            content = Path(parent, leaf).read_bytes()
            if content not in contents:
                contents[content] = end
                end += len(content)
            path = os.path.normpath(os.path.join(below, leaf))
            files.append((path, contents[content], len(content)))
    index = {"server": server, "folders": sorted(folders), "files": files}
    parts = [json.dumps(index, separators=(",", ":")).encode() + b"\n", *contents]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    size = sum(map(len, parts))
    return [f"{_MAGIC} {checksum} {size}\n".encode(), *parts]


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
    with open(image, "rb") as file:
        start = file.readline(100)
        if os.fstat(file.fileno()).st_size == len(start):
            raise BadImageError(f"{image} is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(
            mapped
        ) as whole, whole[len(start) :] as rest:
            _check(start, rest, image)
            end = mapped.find(b"\n", len(start)) - len(start)
            index = json.loads(bytes(rest[:end]))
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


def _write(index: dict[str, list[list[object]]], content: memoryview, folder: Path) -> None:
    with content:
        folder.mkdir(mode=0o700)
        top = os.fspath(folder)
        for name in index["folders"]:
            os.mkdir(f"{top}/{name}", 0o700)
        for name, offset, length in index["files"]:
            descriptor = os.open(f"{top}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                assert isinstance(offset, int) and isinstance(length, int)
                written = os.write(descriptor, content[offset : offset + length])
                if written != length:
                    # A disk that fills up takes part of a file without an error.
                    os.write(descriptor, content[offset + written : offset + length])
            finally:
                os.close(descriptor)
