"""Dates, booleans, ip addresses and base64 texts."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_seedstate.services.opensearch.errors import illegal_argument
from pytest_seedstate.services.opensearch.mapping.dates import (
    DEFAULT_FORMAT,
    NotADateError,
    check_format,
    date_math,
    format_date,
    parse_date,
)
from pytest_seedstate.services.opensearch.mapping.field import Field, ValueProblem, field_type
from pytest_seedstate.services.opensearch.mapping.values import as_text
from pytest_seedstate.services.opensearch.storage.document import Part, Term

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.analysis import Analyzers

_COMMON: Mapping[str, Any] = {
    "index": True,
    "doc_values": True,
    "store": False,
    "null_value": None,
    "boost": 1.0,
}


@field_type("date")
class Date(Field):
    """A moment, in epoch milliseconds."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        **_COMMON,
        "format": DEFAULT_FORMAT,
        "print_format": None,
        "locale": "",
        "ignore_malformed": False,
        "skip_list": False,
    }
    UPDATABLE = frozenset({"ignore_malformed", "boost"})

    def prepare(self, analysis: Analyzers) -> None:
        self.pattern = str(self.parameter("format"))
        self.shown_pattern = str(self.parameter("print_format") or self.pattern)
        check_format(self.pattern, self.name)
        check_format(self.shown_pattern, self.name)

    def parse(self, value: Any) -> int:
        if isinstance(value, (dict, list)):
            token = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
            raise ValueProblem("illegal_state_exception", f"Can't get text on a {token}")
        text = as_text(value) if not isinstance(value, float) else repr(value)
        if not text:
            raise ValueProblem("illegal_argument_exception", "cannot parse empty date")
        try:
            return parse_date(text, self.pattern)
        except NotADateError:
            raise ValueProblem(
                "illegal_argument_exception",
                f"failed to parse date field [{text}] with format [{self.pattern}]",
                {
                    "type": "date_time_parse_exception",
                    "reason": "Failed to parse with all enclosed parsers",
                },
            ) from None

    def term_for(self, value: Any) -> Term:
        return self.bound(value)

    def bound(self, value: Any, *, round_up: bool = False, now: int = 0, **options: Any) -> int:
        pattern = options.get("format") or self.pattern
        return date_math(
            as_text(value),
            now=now,
            round_up=round_up,
            pattern=pattern,
            zone=options.get("time_zone"),
        )

    def format(self, value: Any, pattern: str | None = None, time_zone: str | None = None) -> str:
        return format_date(value, pattern or self.shown_pattern, time_zone)


@field_type("boolean")
class Boolean(Field):
    """True or false."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = dict(_COMMON)
    UPDATABLE = frozenset({"boost"})

    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value in ("true", "false", ""):
                return value == "true"
            raise ValueProblem(
                "illegal_argument_exception",
                f"Failed to parse value [{value}] as only [true] or [false] are allowed.",
            )
        token = {dict: "START_OBJECT", list: "START_ARRAY", int: "VALUE_NUMBER_INT"}.get(
            type(value), "VALUE_NUMBER_FLOAT"
        )
        reason = f"Current token ({token}) not of boolean type"
        raise ValueProblem(
            "input_coercion_exception",
            reason,
            {"type": "input_coercion_exception", "reason": reason},
        )

    def term_for(self, value: Any) -> Term:
        if value in (True, "true") and value != 1.5:
            return True
        if value in (False, "false", ""):
            return False
        raise illegal_argument(
            f"Can't parse boolean value [{as_text(value)}], expected [true] or [false]"
        )


@field_type("ip")
class Ip(Field):
    """An IPv4 or IPv6 address, as the 16 bytes of IPv6."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        **_COMMON,
        "ignore_malformed": False,
        "skip_list": False,
    }
    UPDATABLE = frozenset({"ignore_malformed", "boost"})

    def parse(self, value: Any) -> bytes:
        text = as_text(value)
        try:
            return packed(text)
        except ValueError:
            raise ValueProblem(
                "illegal_argument_exception", f"'{text}' is not an IP string literal."
            ) from None

    def finish(self, part: Part) -> None:
        part.values[self.name] = sorted(set(part.values[self.name]))

    def format(self, value: Any, pattern: str | None = None, time_zone: str | None = None) -> str:
        address = ipaddress.IPv6Address(value)
        return str(address.ipv4_mapped or address)

    def network(self, text: str) -> tuple[bytes, bytes]:
        """Return the first and last address of a CIDR block.

        Raises:
            ApiError: it is none.
        """
        try:
            block = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise illegal_argument(f"Expected [ip/prefix] but was [{text}]") from None
        return packed(str(block[0])), packed(str(block[-1]))


def packed(text: str) -> bytes:
    """Return an address's 16 bytes.

    Raises:
        ValueError: it is none.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return b"\0" * 10 + b"\xff\xff" + address.packed
    return address.packed


@field_type("binary")
class Binary(Field):
    """A base64 text, kept in the source only."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"doc_values": False, "store": False}

    def parse(self, value: Any) -> bytes:
        try:
            return base64.b64decode(as_text(value), validate=True)
        except (binascii.Error, ValueError):
            raise ValueProblem("illegal_argument_exception", "Illegal base64 character") from None

    def prepare(self, analysis: Analyzers) -> None:
        self.indexed = False
