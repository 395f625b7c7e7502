"""A dataset as a file, and back; whatever is broken or foreign is not taken for one.

Lines of UTF-8. The first names the format and has the SHA-256 of all that follows. The second is
the manifest, the third the head: title, clock, progress, the classes that the values need, and how
many lines follow for what. Then a line for each collection's entries, and one for each record.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, overload

from pytest_seedstate.records.cache.exact import NotExactError, Reader, Writer, found, place_of
from pytest_seedstate.records.cache.manifest import Manifest
from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.progress import Progress
from pytest_seedstate.records.record import Record

_FORMAT = b"seedstate-dataset 2 "


def written(dataset: Dataset, manifest: Manifest) -> list[bytes]:
    """A dataset as the content of a file.

    Raises:
        NotExactError: it holds something that would not come back as it was.
    """
    with _without_garbage_collection():
        return _written(dataset, manifest)


def _written(dataset: Dataset, manifest: Manifest) -> list[bytes]:
    writer = Writer()
    number = {id(record): n for n, record in enumerate(dataset.records)}
    named = [
        [name, number.get(id(thing)), None if id(thing) in number else thing]
        for name, thing in dataset.named.items()
    ]
    named_line = writer.text(named)
    entries = [
        writer.text(list(collection))
        for collections in dataset.entries.values()
        for collection in collections.values()
    ]
    records = [writer.text(record) for record in dataset.records]
    head = Writer().text(
        {
            "title": dataset.title,
            "now": dataset.now,
            "sequences": dict(dataset.progress.sequences),
            "runs": dict(dataset.progress.runs),
            "entries": [[store, list(names)] for store, names in dataset.entries.items()],
            "classes": [place_of(kind) for kind in writer.classes],
        }
    )
    body = b"\n".join([_manifest_line(manifest), head, named_line, *entries, *records])
    return [_FORMAT, hashlib.sha256(body).hexdigest().encode(), b"\n", body]


class StoredDataset:
    """A dataset's file that was read whole.

    Args:
        content: the file.

    Attributes:
        manifest: what it was made from.

    Raises:
        ValueError, LookupError, TypeError: it is none, or is damaged.
    """

    def __init__(self, content: bytes) -> None:
        first, _, body = content.partition(b"\n")
        if first != _FORMAT + hashlib.sha256(body).hexdigest().encode():
            raise ValueError("the file is damaged")
        manifest, self._head, *self._lines = body.split(b"\n")
        self.manifest: Manifest = json.loads(manifest.decode("utf-8", "surrogatepass"))

    def dataset(self) -> Dataset:
        """The dataset; its records are made when they are asked for.

        Raises:
            ValueError, LookupError, TypeError: it does not fit the code that is loaded.
        """
        head = Reader(()).value(self._head)
        classes = []
        for place in head["classes"]:
            kind = found(*place)
            if kind is None:
                raise LookupError(f"there is no {'.'.join(place)}")
            classes.append(kind)
        reader = Reader(classes)
        lines = iter(self._lines)
        with _without_garbage_collection():
            named = reader.value(next(lines))
            entries = {
                store: {name: reader.value(next(lines)) for name in names}
                for store, names in head["entries"]
            }
        records = StoredRecords(reader, list(lines))
        return Dataset(
            head["title"],
            head["now"],
            records,
            _Named(records, named),
            entries,
            Progress(head["sequences"], head["runs"]),
        )


class StoredRecords(Sequence[Record]):
    """Records that are made of their lines when they are asked for."""

    def __init__(self, reader: Reader, lines: list[bytes]) -> None:
        self._reader = reader
        self._lines = lines
        self._made: dict[int, Record] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Record]:
        with _without_garbage_collection():
            made = [self[n] for n in range(len(self))]
        return iter(made)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        n = range(len(self))[index]
        if n not in self._made:
            self._made[n] = self._reader.value(self._lines[n])
        return self._made[n]


class _Named(Mapping[str, Any]):
    def __init__(self, records: Sequence[Record], named: list[list[Any]]) -> None:
        self._records = records
        self._named = {name: (number, thing) for name, number, thing in named}

    def __getitem__(self, name: str) -> Any:
        number, thing = self._named[name]
        return thing if number is None else self._records[number]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


def _manifest_line(manifest: Manifest) -> bytes:
    try:
        return json.dumps(manifest, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except ValueError as error:
        raise NotExactError(str(error)) from None


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    # Nothing that is read is garbage: looking for some among it takes as long as reading it.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
