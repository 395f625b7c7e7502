"""Quantiles as a real node estimates them: a merging t-digest (Ted Dunning), size-limited by K2.

Values are kept in order as groups, each with a mean and a weight; groups are small at both ends and
larger in the middle. Few values are groups of one, and then nothing is an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


class Digest:
    """A summary of numbers.

    Args:
        values: the numbers, in the order of documents.
        compression: how fine the summary is.
    """

    def __init__(self, values: Iterable[float], compression: float = 100.0) -> None:
        self._means: list[float] = []
        self._weights: list[float] = []
        self.low, self.high = math.inf, -math.inf
        self._backwards = False
        buffered: list[float] = []
        room = 5 * int(2 * compression + 10)  # values that are collected before they are merged
        for value in values:
            if len(buffered) >= room - len(self._means) - 1:
                self._merge(buffered, 2 * compression)
                buffered = []
            buffered.append(value)
        if buffered:
            self._merge(buffered, compression)
        self.total = sum(self._weights)

    def _merge(self, values: list[float], compression: float) -> None:
        groups = [(value, 1.0) for value in values]
        groups += zip(self._means, self._weights, strict=True)
        groups.sort(key=lambda group: group[0])
        # Every other time from the end, so that errors do not add up on one side.
        if self._backwards:
            groups.reverse()
        total = sum(weight for _, weight in groups)
        spread = compression / (4 * math.log(total / compression) + 24)
        mean, weight = groups[0]
        means, weights = [], []
        before = 0.0
        for place, (value, more) in enumerate(groups[1:], 1):
            start, end = before / total, (before + weight + more) / total
            most = total * min(start * (1 - start), end * (1 - end)) / spread
            if 1 < place < len(groups) - 1 and weight + more <= most:
                weight += more
                mean += (value - mean) * more / weight
                continue
            means.append(mean)
            weights.append(weight)
            before += weight
            mean, weight = value, more
        self._means, self._weights = [*means, mean], [*weights, weight]
        if self._backwards:
            self._means.reverse()
            self._weights.reverse()
        self._backwards = not self._backwards
        self.low = min(self.low, self._means[0])
        self.high = max(self.high, self._means[-1])

    def quantile(self, share: float) -> float:
        """The number below which a share (0 to 1) of all numbers is; nan where there are none."""
        means, weights = self._means, self._weights
        if len(means) < 2:
            return means[0] if means else math.nan
        index = share * self.total
        if index < 1:
            return self.low
        if index > self.total - 1:
            return self.high
        before = weights[0] / 2
        for place in range(len(means) - 1):
            step = (weights[place] + weights[place + 1]) / 2
            if before + step > index:
                return self._between(place, index - before, before + step - index)
            before += step
        return self.high

    def _between(self, place: int, after: float, until: float) -> float:
        """The number between two groups; a group of one is a number, not a stretch."""
        left, right = self._means[place], self._means[place + 1]
        if self._weights[place] == 1:
            if after < 0.5:
                return left
            after -= 0.5
        if self._weights[place + 1] == 1:
            if until <= 0.5:
                return right
            until -= 0.5
        found = (left * until + right * after) / (after + until)
        return max(left, min(found, right))

    def share(self, number: float) -> float:
        """The share (0 to 1) of all numbers that is below a number, half of the equal ones too."""
        means, weights = self._means, self._weights
        if not means:
            return math.nan
        if number < self.low:
            return 0.0
        if number > self.high:
            return 1.0
        if len(means) == 1:
            return 0.5
        before = 0.0
        for place in range(len(means) - 1):
            if means[place] == number:
                same = sum(
                    weight for mean, weight in zip(means, weights, strict=True) if mean == number
                )
                return (before + same / 2) / self.total
            if number < means[place + 1]:
                return (before + self._part(place, number)) / self.total
            before += weights[place]
        return 1 - 0.5 / self.total

    def _part(self, place: int, number: float) -> float:
        """How much of two groups is below a number between them."""
        weight, following = self._weights[place], self._weights[place + 1]
        if weight == 1 and following == 1:
            return 1.0
        left = 0.5 if weight == 1 else 0.0
        right = 0.5 if following == 1 else 0.0
        start, end = self._means[place], self._means[place + 1]
        stretch = (weight + following) / 2 - left - right
        return weight / 2 + left + stretch * (number - start) / (end - start)
