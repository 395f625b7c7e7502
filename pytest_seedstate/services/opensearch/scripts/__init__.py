"""Small update scripts: assignments, conditions and a few methods, in Painless's words.

A script is compiled to closures over its variables. What is outside of this subset is refused when
the script is read, with the part that is not supported.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.scripts.operators import ScriptProblem
from pytest_seedstate.services.opensearch.scripts.parser import (
    Parser,
    Return,
    Statement,
    unsupported_part,
)


@plain
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
        except Return:
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
        raise _failed("compile error", str(source), unsupported_part("a stored script"))
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
    return Parser(source).script()


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
