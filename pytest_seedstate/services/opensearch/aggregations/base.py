"""What an aggregation is, where aggregations register, and how their JSON is read.

A bucket's documents are `Slice`s, one for each index: so an aggregation sees all documents at once,
and nothing has to be merged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..plain import plain
from ..queries import Context

Result = dict[str, Any]


@dataclass
class Slice:
    """Documents of one index (or objects of one nested path of it)."""

    context: Context
    ordinals: Sequence[int]
    scores: Mapping[int, float] = field(default_factory=dict)

    def only(self, ordinals: Sequence[int]) -> Slice:
        return Slice(self.context, ordinals, self.scores)


@plain
class Run:
    """What is the same for all aggregations of a search."""

    contexts: Sequence[Context]


class AnyAggregation:
    """What a name in ``aggs`` stands for, with those below it.

    Attributes:
        typed: its name in answers with ``typed_keys``.
    """

    typed: str = ""
    children: Mapping[str, AnyAggregation]
    meta: Mapping[str, Any] | None = None
    parent: str | None = None  # the name of the one around it
    parent_kind: str = ""

    def value(self, result: Result, path: str) -> Any:
        """The number that a ``buckets_path`` or an order means by a property of the result."""
        if path in ("", "value"):
            return result.get("value")
        return result.get(path)

    def typed_name(self, result: Result) -> str:
        return self.typed


class Aggregation(AnyAggregation, ABC):
    """An aggregation of documents."""

    @abstractmethod
    def run(self, slices: list[Slice], run: Run) -> Result:
        """The answer for the documents of a bucket."""

    def below(self, slices: list[Slice], run: Run) -> Result:
        """The answers of the aggregations below for one of this one's buckets."""
        return run_all(self.children, slices, run)


class Sibling(AnyAggregation, ABC):
    """An aggregation of the answers of others beside it."""

    @abstractmethod
    def reduce(self, siblings: Result, owners: Mapping[str, AnyAggregation]) -> Result | None:
        """The answer; None where there is nothing to make it of."""


class BucketChange(AnyAggregation, ABC):
    """An aggregation that changes the buckets around it."""

    @abstractmethod
    def change(
        self, name: str, buckets: list[Result], owners: Mapping[str, AnyAggregation]
    ) -> list[Result]:
        """The parent's buckets with this aggregation's part added."""


Maker = Callable[[str, "Options"], AnyAggregation]
_MAKERS: dict[str, Maker] = {}
_ELSEWHERE = frozenset(
    "adjacency_matrix auto_date_histogram boxplot diversified_sampler geo_bounds geo_centroid"  # noqa: SIM905
    " geo_distance geohash_grid geotile_grid ip_range matrix_stats median_absolute_deviation"
    " multi_terms rare_terms sampler scripted_metric significant_terms significant_text"
    " variable_width_histogram weighted_avg children parent bucket_script bucket_selector"
    " moving_fn moving_avg percentiles_bucket extended_stats_bucket".split()
)


def aggregation(name: str) -> Callable[[Maker], Maker]:
    """Register a function that makes an aggregation from its options."""

    def register(maker: Maker) -> Maker:
        _MAKERS[name] = maker
        return maker

    return register


class Options:
    """The options of an aggregation; those that nobody asked for are refused by `close`."""

    def __init__(self, kind: str, name: str, members: Mapping[str, Any]) -> None:
        self.kind, self.name = kind, name
        self._members = members
        self._asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        value = self._members.get(name)
        return default if value is None else value

    def has(self, name: str) -> bool:
        self._asked.add(name)
        return self._members.get(name) is not None

    def members(self) -> Mapping[str, Any]:
        """All, for aggregations whose body is something else, such as a query."""
        self._asked.update(self._members)
        return self._members

    def field(self) -> str:
        value = self.get("field")
        if self._members.get("script") is not None:
            raise unsupported(f"[script] of [{self.kind}]")
        if value is None:
            raise illegal_argument(
                "Required one of fields [field, script], but none were specified. "
            )
        return str(value)

    def text(self, name: str) -> str | None:
        value = self.get(name)
        return None if value is None else str(value)

    def integer(self, name: str, default: int) -> int:
        value = self.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise parsing_error(f"[{self.kind}] failed to parse field [{name}]") from None

    def flag(self, name: str, default: bool) -> bool:
        value = self.get(name, default)
        if value in (True, "true"):
            return True
        if value in (False, "false"):
            return False
        raise parsing_error(f"[{self.kind}] failed to parse field [{name}]")

    def close(self) -> None:
        for member in self._members:
            if member not in self._asked:
                if member in ("script", "value_type", "execution_hint", "collect_mode"):
                    raise unsupported(f"[{member}] of [{self.kind}]")
                raise ApiError(
                    400,
                    "x_content_parse_exception",
                    f"[1:1] [{self.kind}] unknown field [{member}]",
                )


def parse_aggregations(body: Any) -> dict[str, AnyAggregation]:
    """The aggregations that an ``aggs`` member describes.

    Raises:
        ApiError: one is wrong or not supported.
    """
    if not isinstance(body, dict):
        raise parsing_error("[aggs] must be an object")
    made = {}
    for name, definition in body.items():
        if any(char in name for char in "[]>"):
            raise parsing_error(
                f"Invalid aggregation name [{name}]. Aggregation names can contain any character"
                " except '[', ']', and '>'"
            )
        made[name] = _parse_one(name, definition)
    return made


def _parse_one(name: str, definition: Any) -> AnyAggregation:
    if not isinstance(definition, dict):
        raise parsing_error(
            f"Aggregation definition for [{name} starts with a [VALUE], expected a [START_OBJECT]."
        )
    kinds = [key for key in definition if key not in ("aggs", "aggregations", "meta")]
    if not kinds:
        raise parsing_error(f"Missing definition for aggregation [{name}]")
    if len(kinds) > 1:
        raise parsing_error(
            f"Found two aggregation type definitions in [{name}]: [{kinds[0]}] and [{kinds[1]}]"
        )
    kind = kinds[0]
    if kind not in _MAKERS:
        if kind in _ELSEWHERE:
            raise unsupported(f"the aggregation [{kind}]")
        raise ApiError(
            400,
            "parsing_exception",
            f"Unknown aggregation type [{kind}]",
            line=1,
            col=1,
            caused_by={
                "type": "named_object_not_found_exception",
                "reason": f"[1:1] unknown field [{kind}]",
            },
        )
    body = definition[kind]
    listed = kind == "filters" and isinstance(body, list)
    if not isinstance(body, dict) and not listed:
        raise parsing_error(
            f"Expected [START_OBJECT] under [{kind}], but got a [VALUE] in [{name}]"
        )
    options = Options(kind, name, body if isinstance(body, dict) else {"filters": body})
    made = _MAKERS[kind](name, options)
    options.close()
    made.typed = made.typed or kind
    made.children = parse_aggregations(definition.get("aggs", definition.get("aggregations")) or {})
    for child in made.children.values():
        child.parent, child.parent_kind = name, kind
    made.meta = definition.get("meta")
    if made.meta is not None and not isinstance(made.meta, dict):
        raise parsing_error(f"[meta] of aggregation [{name}] must be an object")
    return made


def run_all(aggregations: Mapping[str, AnyAggregation], slices: list[Slice], run: Run) -> Result:
    """The answers of some aggregations for the documents of a bucket."""
    result: Result = {}
    for name, one in aggregations.items():
        if isinstance(one, Aggregation):
            answer = one.run(slices, run)
            _change_buckets(one, answer)
            result[name] = answer if one.meta is None else {"meta": dict(one.meta), **answer}
    for name, one in aggregations.items():
        if isinstance(one, Sibling):
            reduced = one.reduce(result, aggregations)
            if reduced is not None:
                result[name] = reduced
    return result


def _change_buckets(one: AnyAggregation, answer: Result) -> None:
    buckets = answer.get("buckets")
    if isinstance(buckets, list):
        for name, child in one.children.items():
            if isinstance(child, BucketChange):
                answer["buckets"] = buckets = child.change(name, buckets, one.children)


def run_aggregations(
    aggregations: Mapping[str, AnyAggregation], slices: list[Slice], contexts: Sequence[Context]
) -> Result:
    """The answers of a search's aggregations."""
    return run_all(aggregations, slices, Run(contexts))


def with_typed_keys(aggregations: Mapping[str, AnyAggregation], result: Result) -> Result:
    """An answer whose names tell the aggregations' types."""
    renamed: Result = {}
    for name, answer in result.items():
        one = aggregations.get(name)
        if one is None:
            renamed[name] = answer
            continue
        kind = one.typed_name(answer)
        shown = dict(answer)
        buckets = shown.get("buckets")
        if isinstance(buckets, list):
            shown["buckets"] = [with_typed_keys(one.children, bucket) for bucket in buckets]
        elif isinstance(buckets, dict):
            shown["buckets"] = {
                key: with_typed_keys(one.children, bucket) for key, bucket in buckets.items()
            }
        elif one.children:
            shown = with_typed_keys(one.children, shown)
        renamed[f"{kind}#{name}"] = shown
    return renamed


def total(slices: list[Slice]) -> int:
    return sum(len(one.ordinals) for one in slices)


def find_field(run: Run, name: str) -> Any:
    """The field of a name, of the first index that has it."""
    for context in run.contexts:
        found = context.field(name)
        if found is not None:
            return found
    return None


def bucket_value(bucket: Result, path: str, owners: Mapping[str, AnyAggregation]) -> Any:
    """What a path such as ``stats.avg``, ``inner>value`` or ``_count`` means in a bucket."""
    if path == "_count":
        return bucket.get("doc_count")
    if path == "_key":
        return bucket.get("key")
    head, _, rest = path.partition(">")
    name, _, metric = head.partition(".")
    if head.endswith("]") and "[" in head:
        name, _, metric = head[:-1].partition("[")
        metric = metric.strip("'\"")
    if name not in owners or name not in bucket:
        raise illegal_argument(f"No aggregation found for path [{path}]")
    owner, answer = owners[name], bucket[name]
    if rest:
        return bucket_value(answer, rest, owner.children)
    if metric == "_count" or ("doc_count" in answer and not metric):
        return answer.get("doc_count")
    return owner.value(answer, metric)
