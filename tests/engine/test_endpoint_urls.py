"""Where URLs lead, and what is never changed however it is written."""

from __future__ import annotations

import pytest

from pytest_seedstate.engine.endpoint_urls import read_endpoint
from pytest_seedstate.errors import SeedstateError

OURS = [
    "http://localhost:8000",
    "http://LOCALHOST",
    "http://shop.localhost:4566",
    "http://127.0.0.1:9200/",
    "http://127.9.9.9",
    "https://[::1]:9200",
    "http://user:word@127.0.0.1",
]
FOREIGN = [
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1@example.com",
    "http://localhost:8000@example.com",
    "http://0.0.0.0:9200",
    "http://[::]:9200",
    "http://[::ffff:10.0.0.1]:9200",
    "http://10.0.0.1:9200",
    "http://2130706433:9200",
    "http://127.1:9200",
    "http://host.docker.internal:9200",
    "http://localstack:4566",
]
MISREAD = [
    "http://example.com\\@localhost",
    "http://localhost\\.example.com",
    "http://local\thost",
    "http://localhost \n",
]
AMAZON = [
    "s3.amazonaws.com",
    "S3.AmazonAWS.com",
    "s3.amazonaws.com.",
    "s3.amazonaws\u3002com",
    "s3.dualstack.eu-west-2.amazonaws.com",
    "bucket.s3.eu-west-2.amazonaws.com",
    "dynamodb.cn-north-1.amazonaws.com.cn",
    "bucket.vpce-1a2b3c4d-5e6f.s3.eu-west-2.vpce.amazonaws.com",
    "123456789012.ddb.eu-west-2.amazonaws.com",
    "dynamodb.eu-west-2.api.aws",
    "s3.eusc-de-east-1.amazonaws.eu",
    "search-shop-abc.eu-west-2.es.amazonaws.com",
    "abc.eu-west-2.aoss.amazonaws.com",
    "search-shop-abc.aos.eu-west-2.on.aws",
]


@pytest.mark.parametrize("url", OURS)
def test_this_machine_is_ours_to_change(url: str) -> None:
    """By any of its own names and addresses."""
    for service in ("aws", "opensearch"):
        assert read_endpoint(service, url, "URL", ()).variables["host"]


@pytest.mark.parametrize("url", FOREIGN)
def test_all_else_has_to_be_trusted(url: str) -> None:
    """Whatever it looks like; the line that would do it names the host that is meant."""
    for service in ("aws", "opensearch"):
        with pytest.raises(SeedstateError, match="seedstate_trusted_hosts = ") as refused:
            read_endpoint(service, url, "URL", ())
        host = str(refused.value).partition("seedstate_trusted_hosts = ")[2].partition(";")[0]
        assert read_endpoint(service, url, "URL", (host,)).variables["host"] == host


@pytest.mark.parametrize("url", MISREAD)
def test_what_parsers_read_in_two_ways_is_no_url(url: str) -> None:
    """An application's may be led elsewhere than ours."""
    for service in ("aws", "opensearch", "postgres"):
        named = url.replace("http:", "postgresql:") if service == "postgres" else url
        with pytest.raises(SeedstateError, match="blank, a backslash or a control character"):
            read_endpoint(service, named, "URL", ())


@pytest.mark.parametrize("host", AMAZON)
def test_amazon_is_never_ours(host: str) -> None:
    """Also where its name is trusted; a name that only looks like it may be."""
    for service in ("aws", "opensearch"):
        with pytest.raises(SeedstateError, match="Amazon's own service"):
            read_endpoint(service, f"https://{host}", "URL", (host, host.lower()))
    near = f"not{host.rstrip('.').lower()}.example.com"
    assert read_endpoint("aws", f"https://{near}", "URL", (near,))
