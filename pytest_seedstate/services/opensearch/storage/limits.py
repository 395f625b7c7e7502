"""Index settings that limit what one request may ask for, and what a real node says beyond them."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_seedstate.services.opensearch.errors import ApiError

DEFAULTS: Mapping[str, int] = {  # of OpenSearch 3.8
    "max_result_window": 10_000,
    "max_inner_result_window": 100,
    "max_docvalue_fields_search": 100,
    "max_terms_count": 65_536,
    "max_regex_length": 1_000,
    "highlight.max_analyzed_offset": 1_000_000,
    "analyze.max_token_count": 10_000,
}
MOST_CLAUSES = 1024  # of one bool query
MOST_BUCKETS = 65_535


def limit(settings: Mapping[str, object], name: str) -> int:
    """Return a limit, named without ``index.``, from an index's flat settings."""
    return int(str(settings.get(f"index.{name}", DEFAULTS[name])))


_BY = "can be set by changing the [index.{name}] index level setting"
_INNER = (
    f"from + size must be less than or equal to: [{{most}}] but was [{{count}}]. This limit {_BY}."
)
# What a real node says, by setting; by setting and situation where there are several.
_TOLD: Mapping[str, str] = {
    "max_terms_count": "The number of terms [{count}] used in the Terms Query request has exceeded"
    f" the allowed maximum of [{{most}}]. This maximum {_BY}.",
    "max_regex_length": "The length of regex [{count}] used in the {where} has exceeded the allowed"
    f" maximum of [{{most}}]. This maximum {_BY}.",
    "max_docvalue_fields_search": "Trying to retrieve too many docvalue_fields. Must be less than or"
    f" equal to: [{{most}}] but was [{{count}}]. This limit {_BY}.",
    "max_result_window": "Result window is too large, from + size must be less than or equal to:"
    " [{most}] but was [{count}]. See the scroll api for a more efficient way to request large data"
    f" sets. This limit {_BY}.",
    "max_result_window of a scroll": "Batch size is too large, size must be less than or equal to:"
    " [{most}] but was [{count}]. Scroll batch sizes cost as much memory as result windows so they"
    " are controlled by the [index.{name}] index level setting.",
    "max_inner_result_window": "Inner result window is too large, the inner hit definition's"
    f" [{{where}}]'s {_INNER}",
    "max_inner_result_window of top_hits": "Top hits result window is too large, the top hits"
    f" aggregator [{{where}}]'s {_INNER}",
    "highlight.max_analyzed_offset": "The length of [{where}] field of [0] doc of [{index}] index has"
    " exceeded [{most}] - maximum allowed to be analyzed for highlighting. This maximum"
    f" {_BY}. For large texts, indexing with offsets or term vectors{{better}}",
    "analyze.max_token_count": "The number of tokens produced by calling _analyze has exceeded the"
    f" allowed maximum of [{{most}}]. This limit {_BY}.",
}


_KINDS = {"analyze.max_token_count": "illegal_state_exception"}  # a 500 on a real node


def check(
    settings: Mapping[str, object], name: str, count: int, situation: str = "", **words: str
) -> None:
    """Check a request against a limit of its index.

    Args:
        settings: the index's, flat.
        name: of the setting, without ``index.``.
        count: what the request asks for.
        situation: which of several messages applies.
        words: what the message says besides.

    Raises:
        ApiError: it is too much.
    """
    most = limit(settings, name)
    if count > most:
        told = _TOLD[name + situation].format(name=name, count=count, most=most, **words)
        raise ApiError(400, _KINDS.get(name, "illegal_argument_exception"), told)


def check_clauses(count: int) -> None:
    """Check how many clauses a bool query has.

    Raises:
        ApiError: too many.
    """
    if count > MOST_CLAUSES:
        raise ApiError(400, "too_many_clauses", f"maxClauseCount is set to {MOST_CLAUSES}")


def check_buckets(count: int) -> None:
    """Check how many buckets an aggregation makes.

    Raises:
        ApiError: too many.
    """
    if count > MOST_BUCKETS:
        raise ApiError(
            503,
            "too_many_buckets_exception",
            f"Trying to create too many buckets. Must be less than or equal to: [{MOST_BUCKETS}]"
            f" but was [{count}]. This limit can be set by changing the [search.max_buckets]"
            " cluster level setting.",
            max_buckets=MOST_BUCKETS,
        )
