"""The parameters of a scenario: from its signature, checked before anything runs."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pytest_seedstate.errors import SeedstateError, unknown_name

RESERVED = ("scope", "readonly", "seed")
"""Names that the marker, or a scenario's first parameter, has taken."""

_REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One parameter of a scenario.

    Attributes:
        name: its name.
        default: its default, `inspect.Parameter.empty` for one that must be given.
    """

    name: str
    default: Any

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is _REQUIRED

    def __str__(self) -> str:
        return self.name if self.required else f"{self.name}={self.default!r}"


@dataclass(frozen=True)
class Parameters:
    """All parameters of a scenario, without the seed.

    Attributes:
        known: by name, in order.
        open: whether the scenario takes any other name (``**kwargs``) too.
    """

    function: Callable[..., Any]
    known: Mapping[str, Parameter]
    open: bool

    def bind(self, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The values to call with: given ones and defaults.

        Raises:
            SeedstateError: an unknown name, or one without a default that is not given.
        """
        for name in given:
            if name not in self.known and not self.open:
                raise unknown_name("parameter", name, list(self.known), where=where)
        for parameter in self.known.values():
            if parameter.required and parameter.name not in given:
                raise SeedstateError(
                    f"the parameter '{parameter.name}' is missing",
                    where=where,
                    fix=f"give {parameter.name}=..., or a default in the scenario's signature",
                )
        defaults = {name: one.default for name, one in self.known.items() if not one.required}
        return {**defaults, **given}

    def parse(self, texts: Mapping[str, str], where: str) -> dict[str, Any]:
        """Values from a command line, by annotation or, without one, the default's type.

        Args:
            texts: the texts by parameter; lists, mappings and the like are JSON.
            where: the scenario, for messages.

        Raises:
            SeedstateError: an unknown name, or a text that the parameter's type does not take.
        """
        self.bind({**dict.fromkeys(self.known), **texts}, where)
        hints = self._hints()
        return {name: self._parsed(name, text, hints, where) for name, text in texts.items()}

    def _hints(self) -> dict[str, Any]:
        try:
            return get_type_hints(self.function)
        except (NameError, TypeError):
            # Names that only a type checker can see; the defaults' types remain.
            return {}

    def _parsed(self, name: str, text: str, hints: Mapping[str, Any], where: str) -> Any:
        from pydantic import TypeAdapter, ValidationError

        default = self.known[name].default if name in self.known else _REQUIRED
        kind = hints.get(name)
        if kind is None:
            if default is _REQUIRED or default is None:
                return text
            kind = type(default)
        value: Any = text
        if text[:1] in ("[", "{"):
            try:
                value = json.loads(text)
            except ValueError:
                value = text
        try:
            return TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            raise SeedstateError(
                f"the parameter {name}={text} is not valid: {error.errors()[0]['msg']}",
                where=where,
            ) from None


def read_parameters(function: Callable[..., Any], where: str) -> Parameters:
    """The parameters of a scenario's function.

    Raises:
        SeedstateError: no parameter for the seed, a reserved name, or ``*args``.
    """
    parameters = list(inspect.signature(function).parameters.values())
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    if not parameters or parameters[0].kind not in positional:
        raise SeedstateError(
            "a scenario's first parameter is the seed, and this one has none",
            where=where,
            fix="write def name(seed, ...)",
        )
    known: dict[str, Parameter] = {}
    takes_any = False
    for parameter in parameters[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            takes_any = True
        elif parameter.kind in (
            inspect.Parameter.VAR_POSITIONAL,
            inspect.Parameter.POSITIONAL_ONLY,
        ):
            raise SeedstateError(
                f"the parameter '{parameter.name}' cannot be given by name", where=where
            )
        elif parameter.name in RESERVED:
            raise SeedstateError(
                f"a scenario may not have a parameter called '{parameter.name}'",
                where=where,
                fix="the marker or the seed uses that name: choose another",
            )
        else:
            known[parameter.name] = Parameter(parameter.name, parameter.default)
    return Parameters(function, known, takes_any)
