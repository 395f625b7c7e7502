"""What a rewind does not bring back."""

from __future__ import annotations

import pytest

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal

from .cases_tables import with_stream
from .helpers import Clients, item, make_client


def test_an_open_iterator_is_gone(filled: HostJournal, clients: Clients, aws: EmbeddedAws) -> None:
    """An iterator over a stream is the server's own: a rewind ends it, and a new one works."""
    with_stream(clients)
    filled.keep("streaming")
    streams = make_client(aws, "dynamodbstreams")
    arn = clients.dynamodb.describe_table(TableName="shop")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]

    def iterator() -> str:
        told = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )
        return str(told["ShardIterator"])

    open_one = iterator()
    assert filled.is_clean()
    clients.dynamodb.put_item(TableName="shop", Item=item(70))
    assert len(streams.get_records(ShardIterator=open_one)["Records"]) == 1
    filled.rewind()
    with pytest.raises(streams.exceptions.ClientError):
        streams.get_records(ShardIterator=open_one)
    assert streams.get_records(ShardIterator=iterator())["Records"] == []
