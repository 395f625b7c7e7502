"""The hashes that make a seeded random score: the same as a real node's."""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def _mixed(value: int) -> int:
    """MurmurHash3's last step."""
    value ^= value >> 16
    value = (value * 0x85EBCA6B) & _MASK
    value ^= value >> 13
    value = (value * 0xC2B2AE35) & _MASK
    return value ^ (value >> 16)


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK


def murmur3(data: bytes, seed: int) -> int:
    """MurmurHash3 for 32 bits, public domain by Austin Appleby; an unsigned number."""
    found = seed & _MASK
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        block = int.from_bytes(data[at : at + 4], "little")
        block = (_rotated((block * 0xCC9E2D51) & _MASK, 15) * 0x1B873593) & _MASK
        found = (_rotated(found ^ block, 13) * 5 + 0xE6546B64) & _MASK
    if len(data) > whole:
        rest = int.from_bytes(data[whole:], "little")
        found ^= (_rotated((rest * 0xCC9E2D51) & _MASK, 15) * 0x1B873593) & _MASK
    return _mixed(found ^ len(data))


def java_hash(text: str) -> int:
    """A text's hash code in Java, as an unsigned number."""
    found = 0
    units = text.encode("utf-16-be")
    for at in range(0, len(units), 2):
        found = (found * 31 + int.from_bytes(units[at : at + 2], "big")) & _MASK
    return found


def seed_number(seed: object) -> int:
    """The 32 bits of a seed as JSON writes it: a number that fits, a longer one, or a text."""
    if isinstance(seed, str):
        return java_hash(seed)
    number = int(str(seed)) & 0xFFFFFFFFFFFFFFFF
    if -(2**31) <= int(str(seed)) < 2**31:
        return number & _MASK
    return (number ^ (number >> 32)) & _MASK


def salted(seed: int, index: str, shard: int = 0) -> int:
    """The seed of one shard of an index."""
    return _mixed(seed ^ ((java_hash(index) << 10) & _MASK | shard))


def fraction(hashed: int) -> float:
    """The number from 0 to 1 that a hash stands for."""
    return (hashed & 0x00FFFFFF) / (1 << 24)
