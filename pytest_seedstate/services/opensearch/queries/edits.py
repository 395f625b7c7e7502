"""The distance of two words."""

from __future__ import annotations


def distance_within(one: str, other: str, limit: int, transpositions: bool = True) -> int | None:
    """How many edits lead from one word to the other; None if more than `limit`.

    An edit inserts, deletes or replaces a character or, with `transpositions`, swaps two
    neighbours (each part of a word is edited once, as in Lucene's automata).
    """
    if one == other:
        return 0
    if abs(len(one) - len(other)) > limit:
        return None
    # An edit takes away or brings at most one letter: most words of an index end here.
    if len(set(one).difference(other)) > limit or len(set(other).difference(one)) > limit:
        return None
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        row = [at]
        for place, letter in enumerate(other, 1):
            cost = 0 if char == letter else 1
            value = min(row[-1] + 1, previous[place] + 1, previous[place - 1] + cost)
            if (
                transpositions
                and at > 1
                and place > 1
                and char == other[place - 2]
                and letter == one[at - 2]
            ):
                value = min(value, before[place - 2] + 1)
            row.append(value)
        if min(row) > limit:
            return None
        before, previous = previous, row
    return previous[-1] if previous[-1] <= limit else None
