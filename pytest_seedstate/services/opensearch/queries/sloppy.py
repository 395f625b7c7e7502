"""How often words stand near each other, counted as Lucene's sloppy phrase matcher counts."""

from __future__ import annotations

from collections.abc import Sequence

from .base import f32

# Of a slot of a phrase: its relative position, the terms that may stand there, and where they do.
Filled = tuple[int, Sequence[str], Sequence[int]]


class _Slot:
    """One slot's place while a document is read; `at` is the position less the slot's offset."""

    def __init__(self, order: int, filled: Filled) -> None:
        self.order = order
        self.offset, self.terms, self.positions = filled
        self.next = 0
        self.at = 0
        self.group: list[_Slot] = []  # slots with a term of this one's, itself included

    def advance(self) -> bool:
        if self.next >= len(self.positions):
            return False
        self.at = self.positions[self.next] - self.offset
        self.next += 1
        return True

    @property
    def real(self) -> int:
        return self.at + self.offset

    @property
    def key(self) -> tuple[int, int, int]:
        return self.at, self.offset, self.order


class _Exhausted(Exception):  # noqa: N818 - ends the reading of a document, is no error
    pass


class _Matcher:
    def __init__(self, filled: Sequence[Filled]) -> None:
        self.slots = [_Slot(order, one) for order, one in enumerate(filled)]
        self.end = -(2**31)
        self._group()

    def _group(self) -> None:
        """Find slots that share terms: one word of the text must not fill two of them."""
        groups: list[tuple[set[str], list[_Slot]]] = []
        for slot in self.slots:
            terms, members = set(slot.terms), [slot]
            rest = []
            for known, others in groups:
                if known & terms:
                    terms, members = terms | known, [*others, *members]
                else:
                    rest.append((known, others))
            groups = [*rest, (terms, members)]
        self.groups = [
            sorted(members, key=lambda slot: slot.offset)
            for _, members in groups
            if len(members) > 1
        ]
        for members in self.groups:
            for slot in members:
                slot.group = members

    def _advance(self, slot: _Slot) -> None:
        if not slot.advance():
            raise _Exhausted
        self.end = max(self.end, slot.at)

    def _collision(self, slot: _Slot) -> _Slot | None:
        for other in slot.group:
            if other is not slot and other.real == slot.real:
                return other
        return None

    def _resolve(self, slot: _Slot) -> None:
        """Move slots on until none stands on the same word as another of its group."""
        while (other := self._collision(slot)) is not None:
            slot = min(slot, other, key=lambda one: (one.at, one.offset))
            self._advance(slot)

    def _start(self) -> None:
        for slot in self.slots:
            self._advance(slot)
        for group in self.groups:
            if any(len(slot.terms) > 1 for slot in self.slots):
                for slot in group:
                    self._resolve(slot)
            else:
                for number, slot in enumerate(group):
                    for _ in range(number):
                        self._advance(slot)
        self.end = max(slot.at for slot in self.slots)

    def _next_match(self, slop: int) -> int | None:
        """The length of the next match; None where there is none."""
        slot, *others = sorted(self.slots, key=lambda one: one.key)
        length = self.end - slot.at
        following = others[0].at if others else slot.at
        try:
            while True:
                self._advance(slot)
                self._resolve(slot)
                if slot.at > following:
                    if length <= slop:
                        return length
                    slot, *others = sorted(self.slots, key=lambda one: one.key)
                    following = others[0].at if others else slot.at
                    length = self.end - slot.at
                else:
                    length = min(length, self.end - slot.at)
        except _Exhausted:
            self.slots = []
            return length if length <= slop else None

    def frequency(self, slop: int) -> float:
        """The sum over all matches of 1 / (1 + how far its words are moved)."""
        try:
            self._start()
        except _Exhausted:
            return 0.0
        total = 0.0
        while self.slots:
            length = self._next_match(slop)
            if length is None:
                break
            total = f32(total + 1 / (1 + length))
        return total


def sloppy_frequency(filled: Sequence[Filled], slop: int) -> float:
    """How often a phrase stands in a document, closer matches counting more.

    Args:
        filled: each slot of the phrase, with positions in the document, ascending.
        slop: how far words may be moved together.
    """
    return _Matcher(filled).frequency(slop)
