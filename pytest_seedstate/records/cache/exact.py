"""An exact text form for everything a dataset holds, and the way back. Never a pickle.

JSON's own types stand for themselves. Everything else is an object with a single key that begins
with ``$`` and names the type; a mapping that would look like one is written as pairs. What has no
form here is refused, so that nothing comes back as something that only resembles it.
"""

from __future__ import annotations

import base64
import datetime as dt
import importlib
import ipaddress
import json
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, cast
from zoneinfo import ZoneInfo


class NotExactError(Exception):
    """A value cannot be written so that it comes back as it was; says which type it is."""


class Writer:
    """Writes values, and remembers the classes that are needed to read them again.

    Attributes:
        classes: the classes of models, data classes and enums, in the order of their numbers.
    """

    def __init__(self) -> None:
        self.classes: dict[type, int] = {}

    def text(self, value: Any) -> bytes:
        """A value as one line of JSON in UTF-8, without the line's end.

        Raises:
            NotExactError: it holds something that has no exact form.
        """
        try:
            text = _JSON.encode(self._form(value))
        except (RecursionError, ValueError, AttributeError) as error:
            raise NotExactError(f"{type(value).__qualname__} ({error})") from None
        return text.encode("utf-8", "surrogatepass")

    def _form(self, value: Any) -> Any:
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind is dict:
            return self._mapping(value)
        if kind is list:
            return self._members(value)
        if kind in _SEVERAL:
            return {_SEVERAL[kind]: self._members(value)}
        write = _WRITERS.get(kind)
        if write is not None:
            return write(value)
        if isinstance(value, Enum):
            return self._enum(value)
        if is_dataclass(value):
            names = [one.name for one in fields(value)]
            if not getattr(value, "__dict__", {}).keys() <= set(names):
                raise NotExactError(kind.__qualname__)
            return {"$data": [self._class(kind), *(self._form(getattr(value, n)) for n in names)]}
        if _is_model(kind):
            return self._model(value)
        if _is_pydantics(kind):
            return self._wrapped(value)
        raise NotExactError(f"{kind.__module__}.{kind.__qualname__}")

    def _wrapped(self, value: Any) -> Any:
        kind = type(value)
        content = str(value)
        if kind(content) != value:
            raise NotExactError(f"{kind.__module__}.{kind.__qualname__}")
        return {"$wrapped": [self._class(kind), content]}

    def _members(self, value: Iterable[Any]) -> list[Any]:
        # Most members stand for themselves, and a call for each is half of the time.
        form = self._form
        return [one if type(one) in _AS_THEY_ARE else form(one) for one in value]

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        if {type(key) for key in value} <= _TEXT and not (
            len(value) == 1 and next(iter(value)).startswith("$")
        ):
            form = self._form
            return {
                key: one if type(one) in _AS_THEY_ARE else form(one) for key, one in value.items()
            }
        return {"$map": [[self._form(key), self._form(member)] for key, member in value.items()]}

    def _enum(self, value: Enum) -> Any:
        kind = type(value)
        if kind(value.value) is not value:
            raise NotExactError(kind.__qualname__)
        return {"$enum": [self._class(kind), self._form(value.value)]}

    def _model(self, value: Any) -> Any:
        kind = type(value)
        state = value.__getstate__()
        written = set(state.pop("__pydantic_fields_set__"))
        values = state.pop("__dict__")
        rest = {name: member for name, member in state.items() if member is not None}
        # All fields given, no private attributes: the usual record takes the short form.
        of_model = [self._class(kind), self._mapping(values)]
        if written == values.keys() and not rest:
            return {"$model": of_model}
        return {"$model": [*of_model, sorted(written), self._mapping(rest)]}

    def _class(self, kind: type) -> int:
        if kind not in self.classes:
            if found(*place_of(kind)) is not kind:
                raise NotExactError(f"{kind.__module__}.{kind.__qualname__}")
            self.classes[kind] = len(self.classes)
        return self.classes[kind]


class Reader:
    """Reads what a `Writer` has written.

    Args:
        classes: the writer's classes.
    """

    def __init__(self, classes: Sequence[type]) -> None:
        self._classes = classes
        self._readers: Mapping[str, Callable[[Any], Any]] = {
            **_READERS,
            "$enum": self._called,
            "$wrapped": self._called,
            "$data": self._data,
            "$model": self._model,
        }

    def value(self, text: bytes) -> Any:
        """The value of one line.

        Raises:
            ValueError, LookupError, TypeError: it is no line of a writer's.
        """
        return json.loads(text.decode("utf-8", "surrogatepass"), object_hook=self._object)

    def _object(self, form: dict[str, Any]) -> Any:
        if len(form) == 1:
            ((key, content),) = form.items()
            if key[:1] == "$":
                return self._readers[key](content)
        return form

    def _called(self, form: Any) -> Any:
        number, value = form
        kind = self._classes[number]
        # Nothing else is called, whatever the text says.
        if not (issubclass(kind, Enum) or _is_pydantics(kind)):
            raise TypeError(kind)
        return kind(value)

    def _data(self, form: Any) -> Any:
        number, *values = form
        kind: Any = self._classes[number]
        if not is_dataclass(kind):
            raise TypeError(kind)
        made: Any = object.__new__(cast(type, kind))
        for field, value in zip(fields(kind), values, strict=True):
            object.__setattr__(made, field.name, value)
        return made

    def _model(self, form: Any) -> Any:
        number, values, *more = form
        written, rest = more or (values.keys(), {})
        kind: Any = self._classes[number]
        if not _is_model(kind):
            raise TypeError(kind)
        made = kind.__new__(kind)
        # The model's own way to come back from a copy: nothing is checked or changed again.
        made.__setstate__(
            {
                "__pydantic_extra__": None,
                "__pydantic_private__": None,
                **rest,
                "__dict__": values,
                "__pydantic_fields_set__": set(written),
            }
        )
        return made


def place_of(kind: type) -> tuple[str, str]:
    """The module and the name in it by which `found` finds a class."""
    return kind.__module__, kind.__qualname__


def found(module: str, name: str) -> type | None:
    """The class of that name in a module that is loaded or ours, None where there is none."""
    thing: Any = sys.modules.get(module)
    if thing is None and module.startswith("pytest_seedstate.stores."):
        with suppress(ImportError):
            thing = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part, None)
    return thing if isinstance(thing, type) else None


def _is_model(kind: type) -> bool:
    # Without importing pydantic, which a dataset need not use.
    return "__pydantic_core_schema__" in vars(kind) and hasattr(kind, "model_fields")


def _is_pydantics(kind: type) -> bool:
    """Whether it is pydantic's own, such as an address; no secret, which no file shall hold."""
    own = kind.__module__.partition(".")[0] == "pydantic" and not _is_model(kind)
    return own and not hasattr(kind, "get_secret_value")


def _instant(value: dt.datetime) -> Any:
    zone = value.tzinfo
    if zone is dt.UTC and not value.fold:
        return {"$utc": value.isoformat()}
    if zone is None and not value.fold:
        return {"$datetime": value.isoformat()}
    return {"$zoned": [value.replace(tzinfo=None).isoformat(), value.fold, _zone(zone)]}


def _zone(zone: dt.tzinfo | None) -> Any:
    if zone is None:
        return None
    if type(zone) is dt.timezone:
        # A name is only known to the constructor's arguments.
        return ["timezone", *(_seconds(part) for part in zone.__getinitargs__())]  # type: ignore[attr-defined]
    if type(zone) is ZoneInfo and zone.key:
        return ["ZoneInfo", zone.key]
    if type(zone).__module__.startswith("pydantic_core"):
        return ["pydantic", _seconds(zone.utcoffset(None))]
    raise NotExactError(f"{type(zone).__module__}.{type(zone).__qualname__}")


def _seconds(part: Any) -> Any:
    return _span(part) if isinstance(part, dt.timedelta) else part


def _span(value: dt.timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _zoned(form: Any) -> dt.datetime:
    text, fold, zone = form
    return dt.datetime.fromisoformat(text).replace(tzinfo=_read_zone(zone), fold=fold)


def _read_zone(form: Any) -> dt.tzinfo | None:
    if form is None:
        return None
    kind, first, *more = form
    if kind == "ZoneInfo":
        return ZoneInfo(first)
    offset = dt.timedelta(*first)
    if kind == "timezone":
        return dt.timezone(offset, *more)
    from pydantic_core import TzInfo

    return TzInfo(int(offset.total_seconds()))


def _time(value: dt.time) -> Any:
    return {
        "$time": [value.replace(tzinfo=None).isoformat(), value.fold, _zone(value.tzinfo)],
    }


def _read_time(form: Any) -> dt.time:
    text, fold, zone = form
    return dt.time.fromisoformat(text).replace(tzinfo=_read_zone(zone), fold=fold)


_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_TEXT = frozenset({str})
_AS_THEY_ARE = frozenset({str, int, bool, float, type(None)})
_SEVERAL: Mapping[type, str] = {tuple: "$tuple", set: "$set", frozenset: "$frozenset"}
_IPS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        ipaddress.IPv4Address,
        ipaddress.IPv6Address,
        ipaddress.IPv4Network,
        ipaddress.IPv6Network,
        ipaddress.IPv4Interface,
        ipaddress.IPv6Interface,
    )
}
_WRITERS: dict[type, Callable[[Any], Any]] = {
    Decimal: lambda value: {"$decimal": str(value)},
    bytes: lambda value: {"$bytes": base64.b64encode(value).decode("ascii")},
    bytearray: lambda value: {"$bytearray": base64.b64encode(value).decode("ascii")},
    dt.datetime: _instant,
    dt.date: lambda value: {"$date": value.isoformat()},
    dt.time: _time,
    dt.timedelta: lambda value: {"$timedelta": _span(value)},
    uuid.UUID: lambda value: {"$uuid": value.hex},
    type(Path()): lambda value: {"$path": str(value)},
    type(PurePath()): lambda value: {"$purepath": str(value)},
    **dict.fromkeys(_IPS.values(), lambda value: {"$ip": [type(value).__name__, str(value)]}),
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "$decimal": Decimal,
    "$bytes": base64.b64decode,
    "$bytearray": lambda form: bytearray(base64.b64decode(form)),
    "$utc": dt.datetime.fromisoformat,
    "$datetime": dt.datetime.fromisoformat,
    "$zoned": _zoned,
    "$date": dt.date.fromisoformat,
    "$time": _read_time,
    "$timedelta": lambda form: dt.timedelta(*form),
    "$uuid": uuid.UUID,
    "$path": Path,
    "$purepath": PurePath,
    "$ip": lambda form: _IPS[form[0]](form[1]),
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$map": dict,
}
