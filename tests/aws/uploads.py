"""Uploads as they come from elsewhere than a client library's plain call."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from .cases import Write
from .helpers import Clients


def request(
    c: Clients,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> int:
    """A request that no client library has signed; its status."""
    parts = urlsplit(c.s3.meta.endpoint_url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
    try:
        connection.request(method, target, body, dict(headers or {}))
        with connection.getresponse() as answer:
            answer.read()
            return answer.status
    finally:
        connection.close()


def presigned(operation: str, headers: Mapping[str, str] | None = None, **params: Any) -> Write:
    def write(c: Clients) -> None:
        url = urlsplit(c.s3.generate_presigned_url(operation, Params=params))
        method = {"put": "PUT", "delete": "DELETE"}[operation.partition("_")[0]]
        body = b"signed" if method == "PUT" else b""
        status = request(c, method, f"{url.path}?{url.query}", body, headers)
        assert status in (200, 204)

    return write


def form_post(key: str) -> Write:
    """What a browser sends for an upload form that the application has signed."""

    def write(c: Clients) -> None:
        told = c.s3.generate_presigned_post("images", key, Fields={"acl": "public-read"})
        lines = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in told["fields"].items()
        ]
        lines.append(
            '--x\r\nContent-Disposition: form-data; name="file"; filename="cat.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\nmeow\r\n--x--\r\n"
        )
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        status = request(c, "POST", "/images", "".join(lines).encode(), kind)
        assert status in (200, 204), status

    return write


def virtual_host(c: Clients) -> None:
    """The bucket in the host's name."""
    port = urlsplit(c.s3.meta.endpoint_url).port
    host = {"Host": f"images.s3.eu-west-2.amazonaws.com:{port}"}
    assert request(c, "PUT", "/by/host.jpg", b"x", host) == 200


def chunked(c: Clients) -> None:
    """A stream in signed chunks with a checksum at its end, as boto3 sends what it cannot rewind."""
    session = boto3.session.Session()
    unsigned = session.client(
        "s3",
        endpoint_url=c.s3.meta.endpoint_url,
        region_name="eu-west-2",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(request_checksum_calculation="when_supported"),
    )
    told = unsigned.put_object(
        Bucket="images", Key="chunks", Body=b"c" * 200_000, ChecksumAlgorithm="SHA256"
    )
    assert told["ChecksumSHA256"]


def signed_chunks(c: Clients) -> None:
    """The older form: each chunk with its signature, the length before encoding in a header."""
    body = b"5;chunk-signature=0\r\nhello\r\n0;chunk-signature=0\r\n\r\n"
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "5",
        "content-encoding": "aws-chunked",
    }
    assert request(c, "PUT", "/images/chunks", body, headers) == 200


def http_chunks(c: Clients) -> None:
    """HTTP's own chunks."""
    parts = urlsplit(c.s3.meta.endpoint_url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
    try:
        connection.request(
            "PUT",
            "/images/chunks",
            iter([b"hel", b"lo"]),
            {"Transfer-Encoding": "chunked"},
            encode_chunked=True,
        )
        with connection.getresponse() as answer:
            answer.read()
            assert answer.status == 200
    finally:
        connection.close()
