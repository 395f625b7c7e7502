"""The registered kinds of analysis parts, and the typed reading of their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..errors import ApiError, illegal_argument, unsupported
from .tokens import CharFilter, Token, TokenFilter, Tokenizer


class Parameters:
    """Settings of one part; what nobody asked for is told as unsupported by `close`.

    `before` gives the terms of a text as the parts before this one make them: synonyms need it.
    """

    def __init__(
        self,
        what: str,
        values: Mapping[str, Any],
        before: Callable[[str], tuple[str, ...]] | None = None,
    ) -> None:
        self.what = what
        self.before = before or (lambda text: tuple(text.split()))
        self._values = dict(values)
        self._asked = {"type"}

    @property
    def empty(self) -> bool:
        """Whether the part is a predefined one, without settings."""
        return not self._values

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        value = self._values.get(name)
        return default if value is None else value

    def integer(self, name: str, default: int) -> int:
        value = self.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise illegal_argument(
                f"Failed to parse value [{value}] for setting [{name}]"
            ) from None

    def boolean(self, name: str, default: bool) -> bool:
        value = self.get(name, default)
        if value in (True, "true"):
            return True
        if value in (False, "false"):
            return False
        raise illegal_argument(
            f"Failed to parse value [{value}] as only [true] or [false] are allowed."
        )

    def text(self, name: str, default: str) -> str:
        return str(self.get(name, default))

    def listed(self, name: str) -> list[str]:
        """A list, or one string with commas."""
        value = self.get(name, [])
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise illegal_argument(f"[{name}] of {self.what} must be a list")
        return [str(part) for part in value]

    def no_file(self, name: str) -> None:
        """Refuse the variant of a setting that names a file on the node."""
        value = self.get(name)
        if value is not None:
            raise unsupported(f"[{name}] of {self.what} (a file: {PurePosixPath(str(value)).name})")

    def close(self) -> None:
        for name in self._values:
            if name not in self._asked:
                raise unsupported(f"[{name}] of {self.what}")


def grams_refused(kind: str, limit_name: str, limit: int, difference: int) -> ApiError:
    """The error for grams of too many sizes."""
    if kind == "shingle":
        subject = (
            "In Shingle TokenFilter the difference between max_shingle_size and min_shingle_size"
            " (and +1 if outputting unigrams)"
        )
    else:
        subject = "The difference between max_gram and min_gram in NGram Tokenizer"
    return illegal_argument(
        f"{subject} must be less than or equal to: [{limit}] but was [{difference}]. This limit"
        f" can be set by changing the [index.{limit_name}] index level setting."
    )


CharFilterMaker = Callable[[Parameters], CharFilter]
TokenizerMaker = Callable[[Parameters], Tokenizer]
FilterMaker = Callable[[Parameters], TokenFilter]

CHAR_FILTERS: dict[str, CharFilterMaker] = {}
TOKENIZERS: dict[str, TokenizerMaker] = {}
FILTERS: dict[str, FilterMaker] = {}
NORMALIZING: set[str] = set()  # parts that work on characters, allowed in normalizers


def char_filter(name: str, *, normalizing: bool = False) -> Callable[[CharFilterMaker], Any]:
    def register(maker: CharFilterMaker) -> CharFilterMaker:
        CHAR_FILTERS[name] = maker
        if normalizing:
            NORMALIZING.add(f"char_filter {name}")
        return maker

    return register


def tokenizer(name: str) -> Callable[[TokenizerMaker], Any]:
    def register(maker: TokenizerMaker) -> TokenizerMaker:
        TOKENIZERS[name] = maker
        return maker

    return register


def token_filter(name: str, *, normalizing: bool = False) -> Callable[[FilterMaker], Any]:
    def register(maker: FilterMaker) -> FilterMaker:
        FILTERS[name] = maker
        if normalizing:
            NORMALIZING.add(f"filter {name}")
        return maker

    return register


def each_term(change: Callable[[str], str]) -> TokenFilter:
    """A filter that changes terms and leaves out those that become empty."""

    def apply(tokens: list[Token]) -> list[Token]:
        changed = []
        for token in tokens:
            old, position, start, end, kind = token
            term = change(old)
            changed.append(token if term == old else Token(term, position, start, end, kind))
        return changed

    return apply
