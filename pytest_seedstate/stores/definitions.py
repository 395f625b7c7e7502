"""What tables, buckets and indices are, beside what is in them: for comparisons in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError
from pytest_seedstate.stores.canonical import canonical

Definition = tuple[str, str, Any]
"""Collection (empty for what belongs to none), what of it, and that in `canonical` form."""

_NO_DEFINITIONS = {
    "CreationDateTime",
    "IndexSizeBytes",
    "ItemCount",
    "LastDecreaseDateTime",
    "LastIncreaseDateTime",
    "LastUpdateToPayPerRequestDateTime",
    "LatestStreamArn",
    "LatestStreamLabel",
    "NumberOfDecreasesToday",
    "TableId",
    "TableSizeBytes",
}
"""What DescribeTable tells of contents and times, and what the service makes up for each table."""

_OF_BUCKETS = (
    "accelerate",
    "acl",
    "cors",
    "encryption",
    "lifecycle",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "replication",
    "tagging",
    "versioning",
    "website",
)
"""The sub-resources of S3's GET for a bucket."""

_MADE_BY_NODES = (
    "index.creation_date",
    "index.history.",
    "index.provided_name",
    "index.resize.",
    "index.routing.allocation.initial_recovery.",
    "index.uuid",
    "index.verified_before_close",
    "index.version.",
)
"""Settings that the node makes, another one for each index."""

_DEFAULTS = {"index.routing_partition_size": "1"}
"""Settings that the node writes down when it clones, with the value they have anyway."""

_OF_CLUSTERS = {
    "index template": "/_index_template",
    "legacy template": "/_template",
    "component template": "/_component_template",
    "pipeline": "/_ingest/pipeline",
    "cluster setting": "/_cluster/settings",
}


def dynamodb_definitions(endpoint: AwsEndpoint, tables: list[str]) -> Iterator[Definition]:
    """Keys, indexes, throughput, streams, time to live and tags of tables."""
    for table in sorted(tables):
        described = endpoint.dynamodb("DescribeTable", {"TableName": table})["Table"]
        for name, value in sorted(_definition_of_table(described).items()):
            yield table, name, canonical(value)
        with suppress(AwsError):
            told = endpoint.dynamodb("DescribeTimeToLive", {"TableName": table})
            yield table, "TimeToLive", canonical(told["TimeToLiveDescription"])
        with suppress(AwsError):
            arn = {"ResourceArn": described["TableArn"]}
            tags = endpoint.dynamodb("ListTagsOfResource", arn).get("Tags", [])
            yield table, "Tags", canonical(sorted(tags, key=lambda tag: str(tag["Key"])))


def _definition_of_table(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            n: _definition_of_table(each) for n, each in value.items() if n not in _NO_DEFINITIONS
        }
    if isinstance(value, list):
        return [_definition_of_table(each) for each in value]
    return value


def s3_definitions(endpoint: AwsEndpoint, buckets: list[str]) -> Iterator[Definition]:
    """The configuration of buckets, as S3's XML or JSON."""
    for bucket in sorted(buckets):
        yield bucket, "bucket", True
        for name in _OF_BUCKETS:
            # What is not there, or not emulated, is refused.
            with suppress(AwsError):
                answer = endpoint.s3("GET", bucket, query={name: ""})
                yield bucket, name, answer.body.decode("utf-8", "replace")


def opensearch_definitions(
    call: Callable[[str, str], Any], indices: list[str]
) -> Iterator[Definition]:
    """Mappings, settings and aliases of indices; templates, pipelines and cluster settings.

    Args:
        call: sends a request by method and path; raises SeedstateError where it is refused.
        indices: of users.
    """
    for index in sorted(indices):
        told = call("GET", f"/{quote(index, safe='')}?flat_settings=true")[index]
        told["settings"] = settings_of_users(told["settings"])
        for name in ("aliases", "mappings", "settings"):
            yield index, name, canonical(told.get(name, {}))
    for name, path in _OF_CLUSTERS.items():
        with suppress(SeedstateError):
            told = call("GET", path)
            listed = told.get(f"{name.replace(' ', '_')}s", told)
            if isinstance(listed, list):
                listed = {each["name"]: each for each in listed}
            for key in sorted(listed):
                yield "", f"{name} {key}", canonical(listed[key])


def settings_of_users(settings: Mapping[str, Any]) -> dict[str, Any]:
    """An index's settings without those that differ each time it is created or cloned.

    Args:
        settings: by full name.
    """
    return {
        name: value
        for name, value in settings.items()
        if value is not None
        and not name.startswith(_MADE_BY_NODES)
        and _DEFAULTS.get(name) != value
    }
