"""Synonyms in Solr's notation."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ApiError, illegal_argument, unsupported
from .parts import Parameters, token_filter
from .tokens import Token, TokenFilter

Words = tuple[str, ...]
Rules = dict[Words, tuple[bool, list[Words]]]  # input -> (keep it, outputs)


def _sides(rule: str, analyze: Callable[[str], Words]) -> tuple[list[Words], list[Words] | None]:
    left, arrow, right = rule.partition("=>")
    sides = []
    for side in (left, right) if arrow else (left,):
        parts = [analyze(part.strip()) for part in side.split(",") if part.strip()]
        if not parts or not all(parts):
            raise ApiError(
                400,
                "illegal_argument_exception",
                "failed to build synonyms",
                caused_by={
                    "type": "parse_exception",
                    "reason": f"Invalid synonym rule at line 1: [{rule}] has a term without tokens",
                },
            )
        sides.append(parts)
    return sides[0], sides[1] if arrow else None


def _rules(lines: list[str], expand: bool, analyze: Callable[[str], Words]) -> Rules:
    rules: Rules = {}

    def add(source: Words, target: Words, keep: bool) -> None:
        kept, targets = rules.get(source, (False, []))
        rules[source] = (kept or keep, targets if target in targets else [*targets, target])

    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        sources, targets = _sides(line, analyze)
        if targets is not None:
            for source in sources:
                for target in targets:
                    add(source, target, False)
        elif expand:
            for source in sources:
                for target in sources:
                    if target != source:
                        add(source, target, True)
        else:
            for source in sources:
                add(source, sources[0], False)
    return rules


def _synonyms(parameters: Parameters, graph: bool) -> TokenFilter:
    parameters.no_file("synonyms_path")
    if parameters.text("format", "solr") != "solr":
        raise unsupported(f"[format] other than solr of {parameters.what}")
    if parameters.get("synonyms") is None:
        raise illegal_argument(
            "synonym requires either `synonyms` or `synonyms_path` to be configured"
        )
    if parameters.boolean("lenient", False):
        raise unsupported(f"[lenient] of {parameters.what}")
    lines = [str(line) for line in parameters.get("synonyms")]
    rules = _rules(lines, parameters.boolean("expand", True), parameters.before)
    several = any(len(target) > 1 for _, targets in rules.values() for target in targets)
    if graph and (several or any(len(source) > 1 for source in rules)):
        raise unsupported("synonym_graph with terms of several words")
    longest = max(map(len, rules), default=0)

    def apply(tokens: list[Token]) -> list[Token]:
        result: list[Token] = []
        at = 0
        while at < len(tokens):
            for size in range(min(longest, len(tokens) - at), 0, -1):
                found = tokens[at : at + size]
                rule = rules.get(tuple(t.term for t in found))
                if rule and found[-1].position - found[0].position == size - 1:
                    result += _replaced(found, *rule, tokens[at:], graph)
                    at += size
                    break
            else:
                result.append(tokens[at])
                at += 1
        return result

    return apply


def _replaced(
    found: list[Token], keep: bool, targets: list[Words], following: list[Token], graph: bool
) -> list[Token]:
    """The synonyms of some tokens; each word of several stands where one of the text stood."""
    first, last = found[0], found[-1]
    added: list[Token] = []
    for target in targets:
        for place, term in enumerate(target):
            start, end = first.start, last.end
            if len(target) > 1 and place < len(following):
                start, end = following[place].start, following[place].end
            added.append(Token(term, first.position + place, start, end, "SYNONYM"))
    kept = found if keep else []
    return sorted(added + kept if graph else kept + added, key=lambda t: t.position)


@token_filter("synonym")
def synonym(parameters: Parameters) -> TokenFilter:
    return _synonyms(parameters, False)


@token_filter("synonym_graph")
def synonym_graph(parameters: Parameters) -> TokenFilter:
    return _synonyms(parameters, True)
