"""One clock for all generated data: Faker's "today" is the run's frozen instant.

Faker's providers ask `datetime.now` and `date.today` through names of their own modules. While a
scenario runs, those names mean the classes below; so no test library has to be present, and no
other code's clock stands still.
"""

from __future__ import annotations

import datetime as dt
import sys
import types
from collections.abc import Mapping
from typing import Any


class FrozenNames:
    """Swaps the clock in Faker's modules, and back.

    Args:
        now: the instant, with a zone.
    """

    def __init__(self, now: dt.datetime) -> None:
        frozen_datetime, frozen_date = _frozen_classes(
            now.astimezone(dt.UTC), _real(dt.datetime), _real(dt.date)
        )
        module = types.ModuleType("datetime")
        vars(module).update(vars(dt), datetime=frozen_datetime, date=frozen_date)
        self._frozen: Mapping[int, Any] = {
            id(dt.datetime): frozen_datetime,
            id(dt.date): frozen_date,
            id(_real(dt.datetime)): frozen_datetime,
            id(_real(dt.date)): frozen_date,
            id(dt): module,
        }
        self._seen: set[str] = set()
        self._replaced: list[tuple[dict[str, Any], str, Any]] = []

    def freeze(self) -> None:
        """Swap the clock in all Faker modules that are loaded and were not seen yet."""
        for name, module in list(sys.modules.items()):
            if name.startswith("faker.") and name not in self._seen:
                self._seen.add(name)
                names = vars(module)
                for key, value in list(names.items()):
                    frozen = self._frozen.get(id(value))
                    if frozen is not None:
                        self._replaced.append((names, key, value))
                        names[key] = frozen

    def thaw(self) -> None:
        """Put every name back."""
        while self._replaced:
            names, key, value = self._replaced.pop()
            names[key] = value


class _InstancesOf(type):
    """Makes a stand-in recognise the instances of the class that it stands in for."""

    real: type

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.real)


def _real(kind: type) -> Any:
    """The class itself where a test has put another in its place, as freezegun does."""
    return next(base for base in kind.__mro__ if base.__module__ == "datetime")


def _frozen_classes(now: dt.datetime, real_datetime: Any, real_date: Any) -> tuple[type, type]:
    # A stand-in makes and answers with instances of the real classes, so that nothing of it
    # gets into records.
    class FrozenDatetime(real_datetime, metaclass=_InstancesOf):  # type: ignore[misc]
        real = real_datetime

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return real_datetime(*args, **kwargs)

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return now.astimezone(tz) if tz else now.replace(tzinfo=None)

        @classmethod
        def utcnow(cls) -> Any:
            return now.replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return now.replace(tzinfo=None)

    class FrozenDate(real_date, metaclass=_InstancesOf):  # type: ignore[misc]
        real = real_date

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return real_date(*args, **kwargs)

        @classmethod
        def today(cls) -> Any:
            return now.date()

    return FrozenDatetime, FrozenDate
