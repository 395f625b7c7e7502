"""The ``highlight`` member of a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..analysis import Token
from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..queries import Context, Query, parse
from ..queries.base import Mark
from ..queries.leaf import simple_match
from ..search.sources import nested_identity, nested_source, values_at
from ..storage.limits import check
from .passages import Passage, Span, beginning, plain, score, unified

if TYPE_CHECKING:
    from ..mapping.field import Field

_BETTER = ", and highlighting with unified or fvh highlighter is recommended!"
_STYLED = [f'<em class="hlt{number}">' for number in range(1, 11)]


@dataclass(frozen=True)
class Options:
    """How one field is highlighted."""

    kind: str = "unified"
    pre_tags: tuple[str, ...] = ("<em>",)
    post_tags: tuple[str, ...] = ("</em>",)
    fragment_size: int = 100
    fragments: int = 5
    no_match_size: int = 0
    by_score: bool = False
    same_field: bool = True
    encode: bool = False
    by_words: bool = False
    query: Query | None = None


@dataclass
class Highlight:
    fields: list[tuple[str, Options]] = field(default_factory=list)


def _tags(name: str, value: Any) -> tuple[str, ...]:
    tags = value if isinstance(value, list) else [value]
    if not tags or not all(isinstance(tag, str) for tag in tags):
        raise parsing_error(f"[{name}] must be an array of strings")
    return tuple(tags)


def _choice(name: str, *known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            raise unsupported(f"[{name}] with [{value}] of [highlight]")
        return str(value)

    return read


def _kind(value: Any) -> str:
    if value == "fvh":
        raise unsupported("[type] with [fvh] of [highlight]")
    if value not in ("unified", "plain"):
        raise illegal_argument(f"unknown highlighter type [{value}] for the field")
    return str(value)


_Change = Callable[[Any], dict[str, Any]]
_order = _choice("order", "score", "none")
_encoder = _choice("encoder", "html", "default")
_scanner = _choice("boundary_scanner", "sentence", "word")
_schema = _choice("tags_schema", "styled", "default")
_READERS: dict[str, _Change] = {
    "type": lambda value: {"kind": _kind(value)},
    "pre_tags": lambda value: {"pre_tags": _tags("pre_tags", value)},
    "post_tags": lambda value: {"post_tags": _tags("post_tags", value)},
    "fragment_size": lambda value: {"fragment_size": int(value)},
    "no_match_size": lambda value: {"no_match_size": int(value)},
    "number_of_fragments": lambda value: {"fragments": int(value)},
    "order": lambda value: {"by_score": _order(value) == "score"},
    "require_field_match": lambda value: {"same_field": value in (True, "true")},
    "encoder": lambda value: {"encode": _encoder(value) == "html"},
    "boundary_scanner": lambda value: {"by_words": _scanner(value) == "word"},
    "highlight_query": lambda value: {"query": parse(value)},
    "tags_schema": lambda value: (
        {"pre_tags": tuple(_STYLED), "post_tags": ("</em>",)} if _schema(value) == "styled" else {}
    ),
    "boundary_max_scan": lambda value: {},  # only the scanner "chars" reads these two
    "boundary_chars": lambda value: {},
    "force_source": lambda value: {},  # it is always read from the source
    "fields": lambda value: {},
}
_ELSEWHERE = frozenset(
    {"max_analyzer_offset", "fragmenter", "phrase_limit", "matched_fields", "options"}
    | {"fragment_offset", "boundary_scanner_locale"}
)


def _options(body: Mapping[str, Any], base: Options) -> Options:
    changes: dict[str, Any] = {}
    if "pre_tags" in body and "post_tags" not in body:
        raise parsing_error("pre_tags are set but post_tags are not set")
    for name, value in body.items():
        if name in _ELSEWHERE:
            raise unsupported(f"[{name}] of [highlight]")
        if name not in _READERS:
            raise ApiError(
                400, "x_content_parse_exception", f"[1:1] [highlight] unknown field [{name}]"
            )
        changes.update(_READERS[name](value))
    return replace(base, **changes)


def parse_highlight(body: Any) -> Highlight:
    """What a search's ``highlight`` asks for.

    Raises:
        ApiError: it is wrong, or asks for what is not supported.
    """
    if not isinstance(body, dict):
        raise parsing_error("[highlight] must be an object")
    base = _options(body, Options())
    fields = body.get("fields", {})
    listed = fields if isinstance(fields, list) else [fields]
    result = Highlight()
    for one in listed:
        for name, options in one.items():
            try:
                result.fields.append((name, _options(options or {}, base)))
            except ApiError as problem:
                if problem.kind != "parsing_exception":
                    raise
                told = "x_content_parse_exception"
                cause = {"type": told, "reason": f"[1:1] [fields] failed to parse field [{name}]"}
                raise ApiError(
                    400,
                    told,
                    "[1:1] [highlight] failed to parse field [fields]",
                    caused_by={**cause, "caused_by": problem.cause()},
                ) from None
    return result


def _spans(tokens: list[Token], marks: list[Mark]) -> list[Span]:
    """What of a text is marked."""
    found: dict[tuple[int, int], str] = {}
    for mark in marks:
        for token in _of_mark(tokens, mark):
            found.setdefault((token.start, token.end), token.term)
    spans: list[Span] = []
    for (start, end), term in sorted(found.items()):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]), spans[-1][2])
        else:
            spans.append((start, end, term))
    return spans


def _of_mark(tokens: list[Token], mark: Mark) -> Iterator[Token]:
    if not mark.phrase:
        test = mark.test
        yield from (
            token for token in tokens if token.term in mark.terms or (test and test(token.term))
        )
    elif mark.slop:
        if all(any(t.term in slot for t in tokens) for slot in mark.phrase if slot):
            yield from _sloppy(tokens, mark)
    else:
        yield from _in_phrase(tokens, mark)


def _in_phrase(tokens: list[Token], mark: Mark) -> Iterator[Token]:
    by_position: dict[int, list[Token]] = {}
    for token in tokens:
        by_position.setdefault(token.position, []).append(token)
    for position in by_position:
        run = [
            next((t for t in by_position.get(position + at, ()) if t.term in slot), None)
            for at, slot in enumerate(mark.phrase)
            if slot
        ]
        if all(run):
            yield from filter(None, run)


def _sloppy(tokens: list[Token], mark: Mark) -> list[Token]:
    reach = len(mark.phrase) - 1 + mark.slop
    found = [token for token in tokens if token.term in mark.terms]
    return [
        token
        for token in found
        if all(
            any(t.term in slot and abs(t.position - token.position) <= reach for t in found)
            for slot in mark.phrase
            if slot
        )
    ]


def _escaped(piece: str) -> str:
    import html  # slow to import, rarely used

    return html.escape(piece).replace("/", "&#x2F;")


def _marked(text: str, passage: Passage, options: Options) -> str:
    parts: list[str] = []
    at = passage.start
    encode = _escaped if options.encode else lambda piece: piece
    for start, end, _ in passage.spans:
        parts.append(encode(text[at:start]))
        parts += (options.pre_tags[0], encode(text[start:end]), options.post_tags[0])
        at = end
    parts.append(encode(text[at : max(at, passage.end)]))
    return "".join(parts)


def _fragments(texts: list[str], found: Field, marks: list[Mark], options: Options) -> list[str]:
    cut: list[tuple[str, list[Passage]]] = []
    size = options.fragment_size if options.fragments else -1
    for text in texts:
        if found.type == "text":
            assert found.analyzer is not None
            tokens = found.analyzer.tokens(text)
        else:
            term = str(found.parse(text))
            tokens = [Token(term, 0, 0, len(text))]
        spans = _spans(tokens, marks)
        if not spans:
            cut.append((text, []))
        elif options.kind == "plain":
            cut.append((text, plain(text, spans, size, [(t.start, t.end) for t in tokens])))
        else:
            cut.append((text, unified(text, spans, size, options.by_words)))
    if options.kind != "plain":
        score(cut)
    whole = options.fragments == 0 or options.kind == "plain"
    shown: list[tuple[float, int, str]] = []
    for text, passages in cut:
        for passage in passages:
            marked = _marked(text, passage, options)
            shown.append((passage.score, len(shown), marked if whole else marked.strip()))
    if options.fragments:
        best = sorted(shown, key=lambda one: -one[0])[: options.fragments]
        shown = best if options.by_score else sorted(best, key=lambda one: one[1])
    if shown or not options.no_match_size or not texts:
        return [text for _, _, text in shown]
    if options.kind == "plain":
        shortened = _whole_tokens(texts[0], found, options.no_match_size)
        return [shortened] if shortened else []  # never encoded
    shortened = beginning(texts[0], options.no_match_size).strip()
    return [_escaped(shortened) if options.encode else shortened]


def _whole_tokens(text: str, found: Field, size: int) -> str:
    """The tokens of a text that fit into its first `size` characters."""
    ends = [len(text)] if found.analyzer is None else [t.end for t in found.analyzer.tokens(text)]
    return text[: max((end for end in ends if end <= size), default=0)]


def highlighted(
    highlight: Highlight, query: Query, context: Context, ordinal: int
) -> dict[str, list[str]]:
    """The highlighted passages of one document (or nested object), by field."""
    reader = context.reader
    source: Any = reader.document(reader.root(ordinal)).source
    prefix = ""
    if context.path:
        source = nested_source(source, nested_identity(context, ordinal))
        prefix = context.path + "."
    result: dict[str, list[str]] = {}
    for pattern, options in highlight.fields:
        marks = _marks(options.query or query, context)
        for name in _names(pattern, context):
            found = context.field(name)
            if found is None or name in result or found.type not in ("text", "keyword"):
                continue
            path = found.name
            parent = path.rpartition(".")[0]
            if parent in reader.mapping.fields:
                path = parent
            if prefix and not path.startswith(prefix):
                continue
            texts = [str(v) for v in values_at(source, path.removeprefix(prefix).split("."))]
            wanted = [m for m in marks if m.field == found.name or not options.same_field]
            for text in texts:
                better = _BETTER if options.kind == "plain" else " is recommended!"
                limit = "highlight.max_analyzed_offset"
                about = {"where": name, "index": reader.index, "better": better}
                check(context.settings, limit, len(text), **about)
            fragments = _fragments(texts, found, wanted, options)
            if fragments:
                result[name] = fragments
    return result


def _marks(query: Query, context: Context) -> list[Mark]:
    key = ("marks", id(query))
    found: list[Mark] | None = context.memory.get(key)
    if found is None:
        found = context.memory[key] = list(query.marks(context))
    return found


def _names(pattern: str, context: Context) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    return [name for name in context.reader.mapping.names() if simple_match(pattern, name)]
