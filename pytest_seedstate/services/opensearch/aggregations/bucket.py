"""Groups by queries, and steps into and out of nested objects."""

from __future__ import annotations

from ..errors import ApiError, illegal_argument, parsing_error
from ..plain import plain
from ..queries import Context, Query, parse
from ..queries.base import as_set
from ..queries.nested import above
from .base import Aggregation, Options, Result, Run, Slice, aggregation, total
from .values import Source


def matching(one: Slice, query: Query) -> Slice:
    docs = as_set(query.docs(one.context))
    return one.only([ordinal for ordinal in one.ordinals if ordinal in docs])


class _Single(Aggregation):
    def bucket(self, slices: list[Slice], run: Run) -> Result:
        return {"doc_count": total(slices), **self.below(slices, run)}


@plain
class Filter(_Single):
    query: Query

    def run(self, slices: list[Slice], run: Run) -> Result:
        return self.bucket([matching(one, self.query) for one in slices], run)


@aggregation("filter")
def filter_aggregation(name: str, options: Options) -> Aggregation:
    return Filter(parse(options.members()))


@plain
class Filters(_Single):
    queries: list[tuple[str | None, Query]]
    other: str | None

    def run(self, slices: list[Slice], run: Run) -> Result:
        keyed: Result = {}
        listed: list[Result] = []
        seen: list[set[int]] = [set() for _ in slices]
        for key, query in self.queries:
            found = [matching(one, query) for one in slices]
            for known, one in zip(seen, found, strict=True):
                known.update(one.ordinals)
            bucket = self.bucket(found, run)
            listed.append(bucket)
            keyed[str(key)] = bucket
        if self.other is not None:
            rest = [
                one.only([ordinal for ordinal in one.ordinals if ordinal not in known])
                for known, one in zip(seen, slices, strict=True)
            ]
            bucket = self.bucket(rest, run)
            listed.append(bucket)
            keyed[self.other] = bucket
        is_keyed = bool(self.queries) and self.queries[0][0] is not None
        return {"buckets": keyed if is_keyed else listed}


@aggregation("filters")
def filters(name: str, options: Options) -> Aggregation:
    given = options.get("filters")
    if not given:
        raise illegal_argument("[filters] cannot be empty.")
    queries: list[tuple[str | None, Query]]
    if isinstance(given, dict):
        queries = [(key, parse(body)) for key, body in given.items()]
    elif isinstance(given, list):
        queries = [(None, parse(body)) for body in given]
    else:
        raise parsing_error("[filters] must be an object or an array")
    key = options.get("other_bucket_key")
    wanted = options.flag("other_bucket", key is not None)
    return Filters(queries, (str(key) if key else "_other_") if wanted else None)


@plain
class Missing(_Single):
    source: Source

    def run(self, slices: list[Slice], run: Run) -> Result:
        self.source.field(run)
        kept = []
        for one in slices:
            values = self.source.values(one.context)
            kept.append(one.only([ordinal for ordinal in one.ordinals if not values(ordinal)]))
        return self.bucket(kept, run)


@aggregation("missing")
def missing(name: str, options: Options) -> Aggregation:
    return Missing(Source(options))


@plain
class Global(_Single):
    name: str

    def run(self, slices: list[Slice], run: Run) -> Result:
        if self.parent is not None:
            raise ApiError(
                400,
                "aggregation_execution_exception",
                f"Aggregation [{self.parent}] cannot have a global sub-aggregation [{self.name}]."
                " Global aggregations can only be defined as top level aggregations",
            )
        everything = []
        for context in run.contexts:
            ordinals = list(context.reader.ordinals)
            if context.visible is not None:
                seen = as_set(context.visible.docs(context))
                ordinals = [ordinal for ordinal in ordinals if ordinal in seen]
            everything.append(Slice(context, ordinals, dict.fromkeys(ordinals, 1.0)))
        return self.bucket(everything, run)


@aggregation("global")
def global_aggregation(name: str, options: Options) -> Aggregation:
    return Global(name)


@plain
class Nested(_Single):
    path: str

    def run(self, slices: list[Slice], run: Run) -> Result:
        stepped = []
        for one in slices:
            context = one.context
            if not context.reader.mapping.is_nested(self.path):
                continue
            inside = context.inside(self.path)
            wanted = set(one.ordinals)
            children = [
                child
                for child in sorted(inside.universe())
                if above(context, child, context.path) in wanted
            ]
            stepped.append(Slice(inside, children, dict.fromkeys(children, 1.0)))
        return self.bucket(stepped, run)


@aggregation("nested")
def nested(name: str, options: Options) -> Aggregation:
    path = options.get("path")
    if path is None:
        raise parsing_error(f"Missing [path] field for nested aggregation [{name}]")
    return Nested(str(path))


@plain
class ReverseNested(_Single):
    name: str
    path: str

    def run(self, slices: list[Slice], run: Run) -> Result:
        stepped = []
        for one in slices:
            context = one.context
            if not context.path:
                raise illegal_argument(
                    f"Reverse nested aggregation [{self.name}] can only be used inside a [nested]"
                    " aggregation"
                )
            if self.path and not context.reader.mapping.is_nested(self.path):
                raise ApiError(
                    400,
                    "aggregation_execution_exception",
                    f"[reverse_nested] nested path [{self.path}] is not nested",
                )
            outer = context.inside(self.path) if self.path else self._root(run, context)
            found = dict.fromkeys(above(context, child, self.path) for child in one.ordinals)
            stepped.append(Slice(outer, sorted(found), dict.fromkeys(found, 1.0)))
        return self.bucket(stepped, run)

    @staticmethod
    def _root(run: Run, context: Context) -> Context:
        return next(one for one in run.contexts if one.reader is context.reader)


@aggregation("reverse_nested")
def reverse_nested(name: str, options: Options) -> Aggregation:
    return ReverseNested(name, str(options.get("path", "")))
