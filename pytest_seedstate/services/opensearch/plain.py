"""Classes that are their annotated members: what of a dataclass a clause or a request needs.

A dataclass compiles five methods when its module is imported: half a millisecond each, and the
hundred of them were half of the engine's start. Where nothing compares, prints or copies the
objects, one initializer that serves all classes does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, field
from typing import Any, TypeVar, dataclass_transform

Made = TypeVar("Made", bound=type)


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def plain(cls: Made) -> Made:
    """Give a class an initializer that takes its members, in their order, those of bases first.

    Members are written as for a dataclass: a default is the class's attribute, ``field`` has
    factories. A type checker checks calls as it does a dataclass's. Objects are equal only to
    themselves.

    Raises:
        TypeError: (by the initializer) a member is missing, unknown or given twice.
    """
    names: dict[str, None] = {}
    factories: dict[str, Callable[[], Any]] = {}
    for base in reversed(cls.__mro__):
        made: tuple[list[str], dict[str, Callable[[], Any]]] | None = base.__dict__.get("_plain")
        if made is not None:
            names.update(dict.fromkeys(made[0]))
            factories.update(made[1])
    for name in cls.__dict__.get("__annotations__", {}):  # noqa: RUF063  # inspect is slow to import
        names[name] = None
        default = cls.__dict__.get(name)
        if isinstance(default, Field):
            assert callable(default.default_factory)
            factories[name] = default.default_factory
            delattr(cls, name)
    order = list(names)
    required = [name for name in order if name not in factories and not hasattr(cls, name)]
    cls._plain = (order, factories)  # type: ignore[attr-defined]  # read above, of bases

    def initialize(self: Any, *given: Any, **named: Any) -> None:
        members = self.__dict__
        members.update(zip(order, given, strict=False))
        if len(given) > len(order) or not (named.keys() <= names.keys() - members.keys()):
            raise TypeError(f"{cls.__name__} takes its members {order} once each")
        members.update(named)
        for name in required:
            if name not in members:
                raise TypeError(f"{cls.__name__} needs its member [{name}]")
        for name, make in factories.items():
            if name not in members:
                members[name] = make()

    setattr(cls, "__init__", initialize)  # noqa: B010  # mypy: no assignment to it
    return cls
