"""Scripts, read: from text to closures over a script's variables."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.scripts.operators import (
    ASSIGNING,
    BINARY,
    METHODS,
    ScriptProblem,
    add,
    number,
    text,
)

Scope = dict[str, Any]
Expression = Callable[[Scope], Any]
Statement = Callable[[Scope], None]

_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[lLfFdD]?)
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>\+\+|--|[-+*/%]=|==|!=|<=|>=|&&|\|\||\?\.|[-+*/%=<>!(){}\[\].,;?:])""",
    re.VERBOSE | re.DOTALL,
)


class Return(Exception):  # noqa: N818 - no error: ends a script
    """A script is done."""


def unsupported_part(what: str) -> str:
    """Return what a message says of a part that is not supported."""
    return f"{what} is not supported in scripts of the embedded OpenSearch"


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            raise ScriptProblem(unsupported_part(f"[{source[position : position + 20]}]"))
        if found.lastgroup is not None:
            tokens.append((found.lastgroup, found[0]))
        position = found.end()
    return [*tokens, ("end", "")]


@plain
class _Place:
    """Something that can be assigned to: a member of an object or an element of a list."""

    owner: Expression
    key: Expression

    def get(self, scope: Scope) -> Any:
        owner, key = self.owner(scope), self.key(scope)
        if isinstance(owner, dict):
            return owner.get(key)
        if isinstance(owner, list) and isinstance(key, int):
            return owner[key]
        if isinstance(owner, (list, str)) and key == "length":
            return len(owner)
        raise ScriptProblem(f"cannot access [{key}] of [{text(owner)}]")

    def set(self, scope: Scope, value: Any) -> None:
        self.owner(scope)[self.key(scope)] = value


class Parser:
    """Reads one script.

    Args:
        source: its text.
    """

    def __init__(self, source: str) -> None:
        self._tokens = _tokens(source)
        self._position = 0

    def script(self) -> Statement:
        """Return the whole script.

        Raises:
            ScriptProblem: it cannot be read.
        """
        statements = []
        while self._kind != "end":
            statements.append(self._statement())
        return _sequence(statements)

    @property
    def _kind(self) -> str:
        return self._tokens[self._position][0]

    @property
    def _word(self) -> str:
        return self._tokens[self._position][1]

    def _next(self) -> str:
        word = self._word
        self._position += 1
        return word

    def _accept(self, *words: str) -> str | None:
        if self._kind in ("sign", "name") and self._word in words:
            return self._next()
        return None

    def _expect(self, word: str) -> None:
        if self._accept(word) is None:
            shown = self._word or "the end"
            raise ScriptProblem(f"unexpected token ['{shown}'] was expecting one of ['{word}'].")

    def _block(self) -> Statement:
        if self._accept("{") is None:
            return self._statement()
        statements = []
        while self._accept("}") is None:
            if self._kind == "end":
                raise ScriptProblem("unexpected end of script.")
            statements.append(self._statement())
        return _sequence(statements)

    def _statement(self) -> Statement:
        if self._accept(";"):
            return _sequence([])
        if self._accept("if"):
            return self._if()
        if self._accept("return"):
            if self._word not in (";", "}", ""):
                self._expression()
            self._end()
            return _end_script
        if self._kind == "name" and self._word in ("for", "while", "do", "try", "throw", "new"):
            raise ScriptProblem(unsupported_part(f"[{self._word}]"))
        following = self._tokens[self._position + 1 : self._position + 3]
        if self._kind == "name" and [kind for kind, _ in following] == ["name", "sign"]:
            return self._declaration()
        statement = self._assignment()
        self._end()
        return statement

    def _end(self) -> None:
        if self._kind != "end" and self._word != "}":
            self._expect(";")

    def _if(self) -> Statement:
        self._expect("(")
        condition = self._expression()
        self._expect(")")
        then = self._block()
        otherwise = self._block() if self._accept("else") else _sequence([])
        return lambda scope: then(scope) if condition(scope) else otherwise(scope)

    def _declaration(self) -> Statement:
        self._next()
        name = self._next()
        self._expect("=")
        value = self._expression()
        self._end()
        return lambda scope: scope.__setitem__(name, value(scope))

    def _assignment(self) -> Statement:
        place = self._postfix()
        if sign := self._accept("++", "--"):
            change = 1 if sign == "++" else -1
            return self._assigned(place, lambda scope, old: add(old(scope), change))
        if self._accept("="):
            value = self._expression()
            return self._assigned(place, lambda scope, _: value(scope))
        if sign := self._accept(*ASSIGNING):
            operand, function = self._expression(), ASSIGNING[sign]
            return self._assigned(place, lambda scope, old: function(old(scope), operand(scope)))
        expression = _getter(place)

        def evaluate(scope: Scope) -> None:
            expression(scope)

        return evaluate

    def _assigned(
        self, place: _Place | Expression, value: Callable[[Scope, Expression], Any]
    ) -> Statement:
        if not isinstance(place, _Place):
            raise ScriptProblem(unsupported_part("an assignment to anything but a member"))
        return lambda scope: place.set(scope, value(scope, place.get))

    def _expression(self) -> Expression:
        condition = self._either()
        if self._accept("?") is None:
            return condition
        then = self._expression()
        self._expect(":")
        otherwise = self._expression()
        return lambda scope: then(scope) if condition(scope) else otherwise(scope)

    def _either(self) -> Expression:
        left = self._both()
        while self._accept("||"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._binary(0)
        while self._accept("&&"):
            left = _and(left, self._binary(0))
        return left

    def _binary(self, level: int) -> Expression:
        if level == len(BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while sign := self._accept(*BINARY[level]):
            left = _applied(BINARY[level][sign], left, self._binary(level + 1))
        return left

    def _unary(self) -> Expression:
        if self._accept("!"):
            operand = self._unary()
            return lambda scope: not operand(scope)
        if self._accept("-"):
            operand = self._unary()
            return lambda scope: -number(operand(scope))
        return _getter(self._postfix())

    def _postfix(self) -> _Place | Expression:
        value: _Place | Expression = self._primary()
        while sign := self._accept(".", "?.", "["):
            if sign == "[":
                key = self._expression()
                self._expect("]")
                value = _Place(_getter(value), key)
                continue
            if self._kind != "name":
                raise ScriptProblem(f"unexpected token ['{self._word}']")
            name = self._next()
            if self._accept("("):
                value = self._call(_getter(value), name)
            else:
                value = _Place(_getter(value), _constant(name))
        return value

    def _call(self, target: Expression, name: str) -> Expression:
        arguments = []
        while self._accept(")") is None:
            arguments.append(self._expression())
            if self._word != ")":
                self._expect(",")
        method = METHODS.get((name, len(arguments)))
        if method is None:
            raise ScriptProblem(unsupported_part(f"method [{name}/{len(arguments)}]"))
        return lambda scope: method(target(scope), *(each(scope) for each in arguments))

    def _primary(self) -> _Place | Expression:
        kind, word = self._kind, self._next()
        if kind == "number":
            digits = word.rstrip("lLfFdD")
            return _constant(int(digits) if digits.isdigit() else float(digits))
        if kind == "text":
            return _constant(re.sub(r"\\(.)", r"\1", word[1:-1]))
        if word == "(":
            inner = self._expression()
            self._expect(")")
            return inner
        if word == "[":
            return self._list()
        if kind == "name":
            return self._name(word)
        raise ScriptProblem(f"unexpected token ['{word}']" if word else "unexpected end of script.")

    def _list(self) -> Expression:
        elements = []
        while self._accept("]") is None:
            elements.append(self._expression())
            if self._word != "]":
                self._expect(",")
        return lambda scope: [each(scope) for each in elements]

    def _name(self, word: str) -> _Place | Expression:
        constants = {"true": True, "false": False, "null": None}
        if word in constants:
            return _constant(constants[word])
        if word in ("doc", "new", "Math", "Integer", "String", "Instant"):
            raise ScriptProblem(unsupported_part(f"[{word}]"))
        if word in ("ctx", "params"):
            return lambda scope: scope[word]
        return _Place(lambda scope: scope, _constant(word))


def _constant(value: Any) -> Expression:
    return lambda _: value


def _getter(place: _Place | Expression) -> Expression:
    return place.get if isinstance(place, _Place) else place


def _or(left: Expression, right: Expression) -> Expression:
    return lambda scope: bool(left(scope) or right(scope))


def _and(left: Expression, right: Expression) -> Expression:
    return lambda scope: bool(left(scope) and right(scope))


def _applied(
    function: Callable[[Any, Any], Any], left: Expression, right: Expression
) -> Expression:
    return lambda scope: function(left(scope), right(scope))


def _sequence(statements: list[Statement]) -> Statement:
    def run(scope: Scope) -> None:
        for statement in statements:
            statement(scope)

    return run


def _end_script(_: Scope) -> None:
    raise Return
