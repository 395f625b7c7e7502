"""The analyzers and normalizers of an index, built from its settings."""

# ruff: noqa: SIM905  # a long list reads better as a sentence
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ApiError, illegal_argument, unsupported
from . import char_filters, filters, stemming, synonyms, tokenizers  # noqa: F401  # they register
from .filters import stop_words
from .parts import CHAR_FILTERS, FILTERS, NORMALIZING, TOKENIZERS, Parameters
from .patterns import java_pattern
from .porter import porter
from .stemming import english_possessive
from .tokenizers import pattern_tokens
from .tokens import Analyzer, CharFilter, TokenFilter, Tokenizer

_NO_TOKENIZER_OPTIONS: Mapping[str, Any] = {}
_KINDS: dict[str, Mapping[str, Callable[[Parameters], Any]]] = {
    "tokenizer": TOKENIZERS,
    "filter": FILTERS,
    "char_filter": CHAR_FILTERS,
}
_LANGUAGES = frozenset(
    "arabic armenian basque bengali brazilian bulgarian catalan cjk czech danish dutch estonian"
    " finnish french galician german greek hindi hungarian indonesian irish italian latvian"
    " lithuanian norwegian persian portuguese romanian russian sorani spanish swedish turkish thai"
    " fingerprint snowball".split()
)
_ELSEWHERE = {  # parts that a real node has
    "tokenizer": frozenset(
        "uax_url_email char_group simple_pattern simple_pattern_split thai classic PathHierarchy"
        " nGram edgeNGram".split()
    ),
    "filter": frozenset(
        "apostrophe arabic_normalization cjk_bigram cjk_width classic common_grams condition"
        " decimal_digit delimited_payload dictionary_decompounder elision fingerprint flatten_graph"
        " german_normalization hunspell hyphenation_decompounder keep keep_types keyword_marker"
        " keyword_repeat kstem min_hash multiplexer persian_normalization predicate_token_filter"
        " remove_duplicates scandinavian_folding scandinavian_normalization stemmer_override"
        " type_as_synonym".split()
    ),
    "char_filter": frozenset(),
}
_LIMITS = ("index.max_ngram_diff", "index.max_shingle_diff")


def _stopped(name: str, tokenizer: str, parameters: Parameters, default: str) -> Analyzer:
    parameters.no_file("stopwords_path")
    words = stop_words(parameters.get("stopwords", default))
    longest = parameters.integer("max_token_length", 255)
    options = {"max_token_length": longest} if tokenizer == "standard" else {}
    parts: list[TokenFilter] = [FILTERS["lowercase"](Parameters("lowercase", {}))]
    if words:
        parts.append(lambda tokens: [t for t in tokens if t.term not in words])
    return Analyzer(name, TOKENIZERS[tokenizer](Parameters(tokenizer, options)), parts)


def _english(name: str, parameters: Parameters) -> Analyzer:
    words = stop_words(parameters.get("stopwords", "_english_"))
    kept = frozenset(parameters.listed("stem_exclusion"))

    def stop(tokens: list[Any]) -> list[Any]:
        return [t for t in tokens if t.term not in words]

    def stem(tokens: list[Any]) -> list[Any]:
        return [t if t.term in kept else t._replace(term=porter(t.term)) for t in tokens]

    lower = FILTERS["lowercase"](Parameters("lowercase", {}))
    standard = TOKENIZERS["standard"](Parameters("standard", {}))
    return Analyzer(name, standard, [english_possessive, lower, stop, stem])


def _pattern(name: str, parameters: Parameters) -> Analyzer:
    compiled = java_pattern(parameters.text("pattern", r"\W+"), parameters.text("flags", ""))
    words = stop_words(parameters.get("stopwords", "_none_"))
    parts: list[TokenFilter] = []
    if parameters.boolean("lowercase", True):
        parts.append(FILTERS["lowercase"](Parameters("lowercase", {})))
    if words:
        parts.append(lambda tokens: [t for t in tokens if t.term not in words])
    return Analyzer(name, pattern_tokens(compiled), parts)


def _plain(name: str, tokenizer: str) -> Analyzer:
    return Analyzer(name, TOKENIZERS[tokenizer](Parameters(tokenizer, {})))


BUILT_IN: dict[str, Callable[[str, Parameters], Analyzer]] = {
    "standard": lambda name, p: _stopped(name, "standard", p, "_none_"),
    "default": lambda name, p: _stopped(name, "standard", p, "_none_"),
    "simple": lambda name, p: _plain(name, "lowercase"),
    "stop": lambda name, p: _stopped(name, "lowercase", p, "_english_"),
    "whitespace": lambda name, p: _plain(name, "whitespace"),
    "keyword": lambda name, p: _plain(name, "keyword"),
    "english": _english,
    "pattern": _pattern,
}


class Analyzers:
    """The analyzers and normalizers that the fields of an index may name."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        analysis, self._limits = _analysis(settings)
        self._parts: dict[str, Mapping[str, Any]] = {
            kind: _section(analysis, kind) for kind in _KINDS
        }
        self._check_sections(analysis)
        self._built: dict[str, Analyzer] = {}
        self._normalizers: dict[str, Analyzer] = {"lowercase": self._lowercase()}
        for kind, configured in self._parts.items():
            for name, values in configured.items():
                self._check_type(kind, name, values)
        for name, values in _section(analysis, "analyzer").items():
            self._built[name] = self._configured(name, values)
        for name, values in _section(analysis, "normalizer").items():
            self._normalizers[name] = self._normalizer(name, values)

    def has(self, name: str) -> bool:
        """Whether there is an analyzer of that name, the index's own or a built-in one.

        Raises:
            ApiError: a real node has it, and this one does not.
        """
        if name in _LANGUAGES and name not in self._built:
            raise unsupported(f"the analyzer [{name}]")
        return name in self._built or name in BUILT_IN

    def analyzer(self, name: str) -> Analyzer:
        """The analyzer of that name.

        Raises:
            ApiError: there is none.
        """
        if not self.has(name):
            raise illegal_argument(f"failed to find global analyzer [{name}]")
        if name not in self._built:
            self._built[name] = BUILT_IN[name](name, Parameters(f"analyzer [{name}]", {}))
        return self._built[name]

    def has_normalizer(self, name: str) -> bool:
        return name in self._normalizers

    def normalizer(self, name: str) -> Analyzer:
        """The normalizer of that name; `has_normalizer` tells whether there is one."""
        return self._normalizers[name]

    def custom(self, body: Mapping[str, Any], scope: str = "global") -> Analyzer:
        """The analyzer of an ``_analyze`` request that names its parts, or defines them."""
        name = "__custom__"
        tokenizer = self._part("tokenizer", body.get("tokenizer", "keyword"), name, scope, None)
        return self._assembled(name, tokenizer, body, scope)

    def _check_sections(self, analysis: Mapping[str, Any]) -> None:
        for section in analysis:
            if section not in (*_KINDS, "analyzer", "normalizer"):
                raise unsupported(f"[index.analysis.{section}]")

    def _check_type(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        chosen = values.get("type")
        if chosen is None:
            raise illegal_argument(
                f"{kind} [{name}] must specify either an analyzer type, or a tokenizer"
            )
        _check_known(kind, chosen)
        if chosen not in _KINDS[kind]:
            raise illegal_argument(f"Unknown {kind} type [{chosen}] for [{name}]")
        if not (kind == "filter" and str(chosen).startswith("synonym")):
            self._made(kind, f"{kind} [{name}]", str(chosen), values, None)

    def _made(
        self,
        kind: str,
        what: str,
        chosen: str,
        values: Mapping[str, Any],
        before: Callable[[str], tuple[str, ...]] | None,
    ) -> Any:
        parameters = Parameters(what, {**values, **self._limits}, before)
        made = _KINDS[kind][chosen](parameters)
        for limit in self._limits:
            parameters.get(limit)
        parameters.close()
        return made

    def _part(
        self,
        kind: str,
        asked: Any,
        owner: str,
        scope: str | None,
        before: Callable[[str], tuple[str, ...]] | None,
    ) -> Any:
        if isinstance(asked, Mapping):
            chosen = asked.get("type")
            if chosen is None:
                raise illegal_argument(
                    f"Missing [type] setting for anonymous {kind}:"
                    f" {json.dumps(asked, separators=(',', ':'))}"
                )
            _check_known(kind, chosen)
            if chosen not in _KINDS[kind]:
                raise illegal_argument(f"failed to find global {kind} under [{chosen}]")
            return self._made(kind, f"anonymous {kind}", str(chosen), asked, before)
        name = str(asked)
        if name in self._parts[kind]:
            values = self._parts[kind][name]
            return self._made(kind, f"{kind} [{name}]", str(values["type"]), values, before)
        if name in _KINDS[kind]:
            return self._made(kind, f"{kind} [{name}]", name, _NO_TOKENIZER_OPTIONS, before)
        _check_known(kind, name)
        if scope is not None:
            raise illegal_argument(f"failed to find {scope} {kind} under [{name}]")
        reason = f"Custom Analyzer [{owner}] failed to find {kind} under name [{name}]"
        raise _analyzer_failed(owner, reason)

    def _assembled(
        self, name: str, tokenizer: Tokenizer, values: Mapping[str, Any], scope: str | None
    ) -> Analyzer:
        chars: list[CharFilter] = [
            self._part("char_filter", part, name, scope, None)
            for part in _listed(values.get("char_filter"))
        ]
        parts: list[TokenFilter] = []
        for part in _listed(values.get("filter")):
            so_far = Analyzer(name, tokenizer, tuple(parts), tuple(chars))
            parts.append(self._part("filter", part, name, scope, so_far.term_tuple))
        return Analyzer(name, tokenizer, parts, chars)

    def _configured(self, name: str, values: Mapping[str, Any]) -> Analyzer:
        kind = values.get("type")
        if kind is None:
            if "tokenizer" not in values:
                raise illegal_argument(
                    f"analyzer [{name}] must specify either an analyzer type, or a tokenizer"
                )
            kind = "custom"
        if not isinstance(kind, str):
            raise illegal_argument(f"analyzer [{name}] must have a type that is a string")
        if kind == "custom":
            return self._custom(name, values)
        if kind not in BUILT_IN or kind == "default":
            if kind in _LANGUAGES:
                raise unsupported(f"the analyzer type [{kind}]")
            raise illegal_argument(f"Unknown analyzer type [{kind}] for [{name}]")
        parameters = Parameters(f"analyzer [{name}]", values)
        made = BUILT_IN[kind](name, parameters)
        parameters.close()
        return made

    def _custom(self, name: str, values: Mapping[str, Any]) -> Analyzer:
        parameters = Parameters(f"analyzer [{name}]", values)
        for known in ("tokenizer", "filter", "char_filter"):
            parameters.get(known)
        gap = parameters.integer("position_increment_gap", 100)
        parameters.close()
        if "tokenizer" not in values:
            raise _analyzer_failed(
                name, f"Custom Analyzer [{name}] must be configured with a tokenizer"
            )
        tokenizer = self._part("tokenizer", values["tokenizer"], name, None, None)
        made = self._assembled(name, tokenizer, values, None)
        return Analyzer(name, made.tokenizer, made.filters, made.char_filters, gap)

    def _normalizer(self, name: str, values: Mapping[str, Any]) -> Analyzer:
        if values.get("type", "custom") not in ("custom", "lowercase"):
            raise illegal_argument(f"Unknown normalizer type [{values['type']}] for [{name}]")
        if values.get("type") == "lowercase":
            return self._lowercase()
        for key in values:
            if key not in ("type", "filter", "char_filter"):
                raise unsupported(f"[{key}] of normalizer [{name}]")
        for kind in ("char_filter", "filter"):
            for part in _listed(values.get(kind)):
                if not isinstance(part, str):
                    raise illegal_argument(f"[{kind}] of normalizer [{name}] must be names")
                configured = self._parts[kind].get(part, {"type": part})
                if configured["type"] not in _KINDS[kind]:
                    raise illegal_argument(
                        f"Custom Analyzer [{name}] failed to find {kind} under name [{part}]"
                    )
                if f"{kind} {configured['type']}" not in NORMALIZING:
                    shown = kind.replace("_", " ")
                    raise illegal_argument(
                        f"Custom normalizer [{name}] may not use {shown} [{part}]"
                    )
        whole = TOKENIZERS["keyword"](Parameters("keyword", {}))
        return self._assembled(name, whole, values, None)

    def _lowercase(self) -> Analyzer:
        whole = TOKENIZERS["keyword"](Parameters("keyword", {}))
        return Analyzer("lowercase", whole, [FILTERS["lowercase"](Parameters("lowercase", {}))])


def registry(settings: Mapping[str, Any]) -> Analyzers:
    """The analyzers of an index.

    Args:
        settings: the index's settings, nested or with dotted keys, with or without ``index``.

    Raises:
        ApiError: for an unknown or unsupported part, in OpenSearch's words.
    """
    return Analyzers(settings)


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with dotted keys taken apart."""
    result: dict[str, Any] = {}
    for key, value in settings.items():
        inner = _nested(value) if isinstance(value, Mapping) else value
        *path, last = str(key).split(".")
        place = result
        for step in path:
            place = place.setdefault(step, {})
        if isinstance(inner, dict) and isinstance(place.get(last), dict):
            place[last].update(inner)
        else:
            place[last] = inner
    return result


def _indexed(value: Any) -> Any:
    """A list that flat settings wrote as ``name.0``, ``name.1``, as a list again."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_indexed(value[key]) for key in sorted(value, key=int)]
    return {key: _indexed(inner) for key, inner in value.items()}


def _analysis(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = _indexed(_nested(settings))
    inner = whole.get("index", {})
    whole = {**whole, **(inner if isinstance(inner, dict) else {})}
    analysis = whole.get("analysis", {})
    limits = {
        name: whole[name.removeprefix("index.")]
        for name in _LIMITS
        if name.removeprefix("index.") in whole
    }
    return analysis if isinstance(analysis, dict) else {}, limits


def _section(analysis: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    section = analysis.get(name, {})
    if not isinstance(section, dict) or not all(isinstance(v, dict) for v in section.values()):
        raise illegal_argument(f"[index.analysis.{name}] must be an object of objects")
    return section


def _check_known(kind: str, name: Any) -> None:
    if not isinstance(name, str):
        raise illegal_argument(f"a {kind} must be named by a string")
    if name in _ELSEWHERE[kind]:
        raise unsupported(f"the {kind} [{name}]")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, list) else [value]


def _analyzer_failed(name: str, reason: str) -> ApiError:
    inner = {"type": "illegal_argument_exception", "reason": reason}
    return ApiError(
        400,
        "illegal_argument_exception",
        f"Failed to build analyzers: [{name}]",
        suppressed=[{**inner, "reason": f"[{name}] {reason}", "caused_by": inner}],
    )
