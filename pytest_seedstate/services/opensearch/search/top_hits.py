"""The aggregation ``top_hits``: a search of its own in every bucket."""

from __future__ import annotations

from ..aggregations.base import Aggregation, Options, Result, Run, Slice, aggregation
from ..plain import plain
from ..storage.limits import check
from .execute import Found, Hit, Place, order
from .fetch import Fetcher, nested_hits
from .numbers import shown_score
from .request import Search, read_search


@plain
class TopHits(Aggregation):
    name: str
    search: Search
    typed: str = ""

    def run(self, slices: list[Slice], run: Run) -> Result:
        search = self.search
        for one in slices:
            settings, end = one.context.settings, search.page()
            check(settings, "max_inner_result_window", end, " of top_hits", where=self.name)
        hits = []
        for number, one in enumerate(slices):
            criteria = [criterion.bind(one.context) for criterion in search.sort]
            for ordinal in one.ordinals:
                score = one.scores.get(ordinal, 1.0)
                pairs = [criterion(ordinal, score) for criterion in criteria]
                hits.append(
                    Hit(number, ordinal, score, tuple(p[0] for p in pairs), [p[1] for p in pairs])
                )
        order(hits, search)
        contexts = [one.context for one in slices]
        if contexts and contexts[0].path:
            return {"hits": nested_hits(contexts[0], search, hits)}
        scored = not search.sort or search.track_scores
        best = max((hit.score for hit in hits), default=None) if scored else None
        places = [Place(context.reader, context.uuid) for context in contexts]
        fetcher = Fetcher(None, search, places, Found(contexts, hits, len(hits), best))  # type: ignore[arg-type]
        return {
            "hits": {
                "total": {"value": len(hits), "relation": "eq"},
                "max_score": None if best is None else shown_score(best),
                "hits": fetcher.hits(hits[search.start : search.page()]),
            }
        }


@aggregation("top_hits")
def top_hits(name: str, options: Options) -> Aggregation:
    return TopHits(name, read_search(options.members(), Search(size=3)))
