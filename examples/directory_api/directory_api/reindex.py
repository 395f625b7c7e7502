"""Build the search index anew from the table: ``python -m directory_api.reindex``."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.conditions import Key
from opensearchpy import helpers

from directory_api import db, settings, storage
from directory_api.index import REBUILDING, client, document, style_names

KEPT_SETTINGS = ("analysis", "number_of_shards", "number_of_replicas")


def rebuild() -> int:
    """Replace the index by a new one of the same settings and mappings; how many artists it has.

    Searches find the old index until the new one is complete. Afterwards the index's name is an
    alias, and the old index is gone. The indexing worker waits meanwhile.

    Raises:
        NotFoundError: there is no index to take settings and mappings from.
    """
    name = settings.ARTISTS_INDEX
    with db.transaction() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (REBUILDING,))
        [(old, made)] = client.indices.get(index=name).items()
        new = f"{name}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        kept = {key: made["settings"]["index"].get(key) for key in KEPT_SETTINGS}
        body = {
            "settings": {key: value for key, value in kept.items() if value is not None},
            "mappings": made["mappings"],
        }
        client.indices.create(index=new, body=body)
        try:
            count, _ = helpers.bulk(client, _actions(new), refresh=True)
            swap = [{"remove_index": {"index": old}}, {"add": {"index": new, "alias": name}}]
            client.indices.update_aliases(body={"actions": swap})
        except BaseException:
            client.indices.delete(index=new)
            raise
    return int(count)


def _actions(index: str) -> Iterator[dict[str, Any]]:
    profiles = storage.query(Key("entityType").eq("artist"), IndexName="entity-index")
    names = style_names(sorted({style for profile in profiles for style in profile["styles"]}))
    for profile in profiles:
        yield {
            "_index": index,
            "_id": profile["artistId"],
            "_source": document(profile, names),
        }


if __name__ == "__main__":
    db.pool.open()
    print(f"{rebuild()} artists")
