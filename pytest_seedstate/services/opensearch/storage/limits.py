"""Index settings that limit what one request may ask for, and what a real node says beyond them."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument

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


def check_terms(settings: Mapping[str, object], count: int) -> None:
    """Check how many values a terms query has.

    Raises:
        ApiError: too many.
    """
    most = limit(settings, "max_terms_count")
    if count > most:
        raise illegal_argument(
            f"The number of terms [{count}] used in the Terms Query request has exceeded the"
            f" allowed maximum of [{most}]. This maximum can be set by changing the"
            " [index.max_terms_count] index level setting."
        )


def check_regex(settings: Mapping[str, object], pattern: str, what: str) -> None:
    """Check how long a regular expression is; `what` names where it stands.

    Raises:
        ApiError: too long.
    """
    most = limit(settings, "max_regex_length")
    if len(pattern) > most:
        raise illegal_argument(
            f"The length of regex [{len(pattern)}] used in the {what} has exceeded the allowed"
            f" maximum of [{most}]. This maximum can be set by changing the"
            " [index.max_regex_length] index level setting."
        )


def check_inner_window(settings: Mapping[str, object], count: int, whose: str) -> None:
    """Check how many hits a hit or a bucket is asked for.

    Raises:
        ApiError: too many.
    """
    most = limit(settings, "max_inner_result_window")
    if count > most:
        kind = "Top hits" if whose.startswith("the top hits") else "Inner"
        raise illegal_argument(
            f"{kind} result window is too large, {whose}'s from + size must be less than or equal"
            f" to: [{most}] but was [{count}]. This limit can be set by changing the"
            " [index.max_inner_result_window] index level setting."
        )


def check_docvalue_fields(settings: Mapping[str, object], count: int) -> None:
    """Check how many fields a search shows from doc values.

    Raises:
        ApiError: too many.
    """
    most = limit(settings, "max_docvalue_fields_search")
    if count > most:
        raise illegal_argument(
            "Trying to retrieve too many docvalue_fields. Must be less than or equal to:"
            f" [{most}] but was [{count}]. This limit can be set by changing the"
            " [index.max_docvalue_fields_search] index level setting."
        )


def check_batch(settings: Mapping[str, object], size: int) -> None:
    """Check how many documents a scroll gives at once.

    Raises:
        ApiError: too many.
    """
    most = limit(settings, "max_result_window")
    if size > most:
        raise illegal_argument(
            f"Batch size is too large, size must be less than or equal to: [{most}] but was"
            f" [{size}]. Scroll batch sizes cost as much memory as result windows so they are"
            " controlled by the [index.max_result_window] index level setting."
        )


def check_page(settings: Mapping[str, object], end: int) -> None:
    """Check how far down a page of hits ends.

    Raises:
        ApiError: too far.
    """
    most = limit(settings, "max_result_window")
    if end > most:
        raise illegal_argument(
            f"Result window is too large, from + size must be less than or equal to: [{most}] but"
            f" was [{end}]. See the scroll api for a more efficient way to request large data sets."
            " This limit can be set by changing the [index.max_result_window] index level setting."
        )


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


def check_highlighted(
    settings: Mapping[str, object], field: str, length: int, index: str, *, plain: bool
) -> None:
    """Check how long a text to highlight is.

    Raises:
        ApiError: too long.
    """
    most = limit(settings, "highlight.max_analyzed_offset")
    if length > most:
        better = ", and highlighting with unified or fvh highlighter is recommended!"
        raise illegal_argument(
            f"The length of [{field}] field of [0] doc of [{index}] index has exceeded [{most}] -"
            " maximum allowed to be analyzed for highlighting. This maximum can be set by changing"
            " the [index.highlight.max_analyzed_offset] index level setting. For large texts,"
            " indexing with offsets or term vectors" + (better if plain else " is recommended!")
        )


def check_tokens(settings: Mapping[str, object], count: int) -> None:
    """Check how many tokens the analyze API would tell.

    Raises:
        ApiError: too many; a 400 where a real node answers 500.
    """
    most = limit(settings, "analyze.max_token_count")
    if count > most:
        raise ApiError(
            400,
            "illegal_state_exception",
            "The number of tokens produced by calling _analyze has exceeded the allowed maximum of"
            f" [{most}]. This limit can be set by changing the [index.analyze.max_token_count]"
            " index level setting.",
        )
