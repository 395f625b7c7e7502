"""Small update scripts: assignments, conditions and a few methods, in Painless's words.

A script is compiled to closures over its variables. What is outside of this subset is refused when
the script is read, with the part that is not supported.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.mapping.values import as_text

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


class ScriptProblem(Exception):  # noqa: N818 - becomes an ApiError that shows the script
    """A script cannot be read or run."""


class _Return(Exception):  # noqa: N818 - no error: ends a script
    """A script is done."""


@dataclass(frozen=True)
class Script:
    """A script that was read.

    Attributes:
        source: its text.
        params: what it knows as ``params``.
        body: its statements.
    """

    source: str
    params: Mapping[str, Any]
    body: Statement

    def run(self, context: dict[str, Any]) -> str:
        """Run it.

        Args:
            context: what it knows as ``ctx``; changed in place.

        Returns:
            What is to be done: ``index``, ``create``, ``delete`` or ``none``.

        Raises:
            ApiError: it fails.
        """
        try:
            self.body({"ctx": context, "params": dict(self.params)})
        except _Return:
            pass
        except (ScriptProblem, TypeError, AttributeError, KeyError, IndexError) as problem:
            raise _failed("runtime error", self.source, f"{problem}") from None
        except (ZeroDivisionError, ValueError, OverflowError) as problem:
            raise _failed("runtime error", self.source, f"{problem}") from None
        wanted = context.get("op")
        if wanted in (None, "noop"):
            return "none"
        if wanted not in ("index", "create", "delete", "none"):
            raise ApiError(
                400,
                "illegal_argument_exception",
                f"Operation type [{wanted}] not allowed, only [noop, index, delete] are allowed",
            )
        return str(wanted)


def read_script(definition: Any) -> Script:
    """Return the script that a request defines.

    Raises:
        ApiError: it is none, or uses what is not supported.
    """
    if isinstance(definition, str):
        definition = {"source": definition}
    if not isinstance(definition, dict):
        raise ApiError(400, "parsing_exception", "[script] expects a text or an object")
    for key in definition.keys() - {"source", "inline", "params", "lang", "id", "options"}:
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [script] unknown field [{key}]")
    source = definition.get("source", definition.get("inline"))
    if not isinstance(source, str) or "id" in definition:
        raise _failed("compile error", str(source), _unsupported("a stored script"))
    lang = definition.get("lang", "painless")
    if lang != "painless":
        raise ApiError(
            400,
            "illegal_argument_exception",
            "failed to execute script",
            caused_by={
                "type": "illegal_argument_exception",
                "reason": f"script_lang not supported [{lang}]",
            },
        )
    try:
        body = _compiled(source)
    except ScriptProblem as problem:
        raise _failed("compile error", source, str(problem)) from None
    return Script(source, definition.get("params") or {}, body)


@lru_cache(maxsize=128)
def _compiled(source: str) -> Statement:
    return _Parser(source).script()


def _unsupported(what: str) -> str:
    return f"{what} is not supported in scripts of the embedded OpenSearch"


def _failed(kind: str, source: str, reason: str) -> ApiError:
    return ApiError(
        400,
        "illegal_argument_exception",
        "failed to execute script",
        caused_by={
            "type": "script_exception",
            "reason": kind,
            "script_stack": [source],
            "script": source,
            "lang": "painless",
            "caused_by": {"type": "illegal_argument_exception", "reason": reason},
        },
    )


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            raise ScriptProblem(_unsupported(f"[{source[position : position + 20]}]"))
        if found.lastgroup is not None:
            tokens.append((found.lastgroup, found[0]))
        position = found.end()
    return [*tokens, ("end", "")]


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, str) or isinstance(b, str):
        return _text(a) + _text(b)
    return operator.add(_number(a), _number(b))


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ScriptProblem(f"Cannot apply an arithmetic operation to [{_text(value)}]")
    return value


def _text(value: Any) -> str:
    return "null" if value is None else as_text(value)


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


def _remainder(a: Any, b: Any) -> Any:
    return a - b * _divide(a, b) if isinstance(a, int) and isinstance(b, int) else a % b


def _equal(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


_BINARY: list[dict[str, Callable[[Any, Any], Any]]] = [
    {"==": _equal, "!=": lambda a, b: not _equal(a, b)},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"+": _add, "-": lambda a, b: _number(a) - _number(b)},
    {
        "*": lambda a, b: _number(a) * _number(b),
        "/": lambda a, b: _divide(_number(a), _number(b)),
        "%": lambda a, b: _remainder(_number(a), _number(b)),
    },
]
_ASSIGNING = {f"{sign}=": function for level in _BINARY[2:] for sign, function in level.items()}


def _remove(target: Any, key: Any) -> Any:
    return target.pop(key, None) if isinstance(target, dict) else target.pop(key)


def _put(target: dict[str, Any], key: str, value: Any) -> None:
    target[key] = value


_METHODS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("add", 1): lambda target, value: target.append(value),
    ("addAll", 1): lambda target, values: target.extend(values),
    ("remove", 1): _remove,
    ("put", 2): _put,
    ("clear", 0): lambda target: target.clear(),
    ("contains", 1): lambda target, value: value in target,
    ("containsKey", 1): lambda target, key: key in target,
    ("get", 1): lambda target, key: target.get(key) if isinstance(target, dict) else target[key],
    ("indexOf", 1): lambda target, value: (
        target.find(value)
        if isinstance(target, str)
        else next((i for i, each in enumerate(target) if each == value), -1)
    ),
    ("size", 0): len,
    ("length", 0): len,
    ("isEmpty", 0): lambda target: not target,
    ("equals", 1): _equal,
    ("toString", 0): _text,
    ("toLowerCase", 0): lambda target: target.lower(),
    ("toUpperCase", 0): lambda target: target.upper(),
    ("trim", 0): lambda target: target.strip(),
    ("startsWith", 1): lambda target, value: target.startswith(value),
    ("endsWith", 1): lambda target, value: target.endswith(value),
    ("replace", 2): lambda target, old, new: target.replace(old, new),
}


@dataclass(frozen=True)
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
        raise ScriptProblem(f"cannot access [{key}] of [{_text(owner)}]")

    def set(self, scope: Scope, value: Any) -> None:
        self.owner(scope)[self.key(scope)] = value


class _Parser:
    def __init__(self, source: str) -> None:
        self._tokens = _tokens(source)
        self._position = 0

    def script(self) -> Statement:
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
            raise ScriptProblem(_unsupported(f"[{self._word}]"))
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
            return self._assigned(place, lambda scope, old: _add(old(scope), change))
        if self._accept("="):
            value = self._expression()
            return self._assigned(place, lambda scope, _: value(scope))
        if sign := self._accept(*_ASSIGNING):
            operand, function = self._expression(), _ASSIGNING[sign]
            return self._assigned(place, lambda scope, old: function(old(scope), operand(scope)))
        expression = _getter(place)

        def evaluate(scope: Scope) -> None:
            expression(scope)

        return evaluate

    def _assigned(
        self, place: _Place | Expression, value: Callable[[Scope, Expression], Any]
    ) -> Statement:
        if not isinstance(place, _Place):
            raise ScriptProblem(_unsupported("an assignment to anything but a member"))
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
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while sign := self._accept(*_BINARY[level]):
            left = _applied(_BINARY[level][sign], left, self._binary(level + 1))
        return left

    def _unary(self) -> Expression:
        if self._accept("!"):
            operand = self._unary()
            return lambda scope: not operand(scope)
        if self._accept("-"):
            operand = self._unary()
            return lambda scope: -_number(operand(scope))
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
        method = _METHODS.get((name, len(arguments)))
        if method is None:
            raise ScriptProblem(_unsupported(f"method [{name}/{len(arguments)}]"))
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
            raise ScriptProblem(_unsupported(f"[{word}]"))
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
    raise _Return
