"""A large dictionary that somebody else holds, with changes of our own.

To copy it when the first change comes would make each test pay for all documents. The copy is made
when somebody reads the whole of it, who goes through all of it anyway; until then changes stand
beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_SMALL = 16
"""Entries; fewer are copied at once, which is quicker."""
_MISSING: Any = object()


class Late(MutableMapping[_Key, _Value]):
    """Behaves as a copy would, the order of its keys included.

    Args:
        base: what is never changed.
    """

    __slots__ = ("_added", "_base", "_gone", "_size", "_whole")

    def __init__(self, base: Mapping[_Key, _Value]) -> None:
        self._base = base
        self._added: dict[_Key, _Value] = {}
        self._gone: set[_Key] = set()
        self._size = len(base)
        self._whole: dict[_Key, _Value] | None = None

    def whole(self) -> dict[_Key, _Value]:
        """The dictionary; later changes show in it."""
        if self._whole is None:
            self._whole = dict(whole(self._base))
            for key in self._gone:
                del self._whole[key]
            self._whole.update(self._added)
        return self._whole

    def __getitem__(self, key: _Key) -> _Value:
        found: _Value = self.get(key, _MISSING)
        if found is _MISSING:
            raise KeyError(key)
        return found

    def get(self, key: _Key, default: Any = None) -> Any:
        """As a dictionary's."""
        if self._whole is not None:
            return self._whole.get(key, default)
        found = self._added.get(key, _MISSING)
        if found is _MISSING:
            found = default if key in self._gone else self._base.get(key, default)
        return found

    def __setitem__(self, key: _Key, value: _Value) -> None:
        if self._whole is not None:
            self._whole[key] = value
            return
        self._size += key not in self
        self._added[key] = value

    def __delitem__(self, key: _Key) -> None:
        if self._whole is not None:
            del self._whole[key]
            return
        if key not in self:
            raise KeyError(key)
        self._size -= 1
        self._added.pop(key, None)
        if key in self._base:
            self._gone.add(key)

    def __contains__(self, key: object) -> bool:
        return self.get(key, _MISSING) is not _MISSING  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[_Key]:
        return iter(self.whole())

    def __len__(self) -> int:
        return self._size if self._whole is None else len(self._whole)


def whole(mapping: Mapping[_Key, _Value]) -> Mapping[_Key, _Value]:
    """All of a mapping that may be a late copy, as a plain one, which is read more quickly."""
    return mapping.whole() if isinstance(mapping, Late) else mapping


def copied(mapping: Mapping[_Key, _Value]) -> MutableMapping[_Key, _Value]:
    """A copy of what may never change, to be changed: now if it is small, late if it is large."""
    return dict(mapping) if len(mapping) < _SMALL else Late(whole(mapping))


def settled(mapping: MutableMapping[_Key, _Value]) -> MutableMapping[_Key, _Value]:
    """The same mapping with all changes carried out; the one before is used no more."""
    return mapping.whole() if isinstance(mapping, Late) else mapping
