"""Ratings come from reviews: the mean of the stars, to one decimal, halves rounded up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from random import Random

TENTH = Decimal("0.1")

LOWEST = Decimal("1.0")
HIGHEST = Decimal("5.0")


def mean(stars: Sequence[int]) -> Decimal:
    """The rating that reviews make: 1.0 to 5.0 for stars from 1 to 5.

    Raises:
        ValueError: there are no reviews.
    """
    if not stars:
        raise ValueError("no reviews make no rating")
    return (Decimal(sum(stars)) / len(stars)).quantize(TENTH, ROUND_HALF_UP)


def stars_between(lowest: Decimal, highest: Decimal, count: int, random: Random) -> list[int]:
    """Stars of so many reviews whose mean lies within bounds.

    Raises:
        ValueError: so few reviews cannot have such a mean.
    """
    sums = [
        total
        for total in range(count, 5 * count + 1)
        if lowest <= (Decimal(total) / count).quantize(TENTH, ROUND_HALF_UP) <= highest
    ]
    if not sums:
        raise ValueError(f"no {count} reviews have a mean from {lowest} to {highest}")
    each, more = divmod(random.choice(sums), count)
    stars = [each + 1] * more + [each] * (count - more)
    # Opinions differ: one client's star less is another one's star more.
    for _ in range(count // 2):
        one, other = random.sample(range(count), 2)
        if stars[one] > 1 and stars[other] < 5:
            stars[one] -= 1
            stars[other] += 1
    random.shuffle(stars)
    return stars
