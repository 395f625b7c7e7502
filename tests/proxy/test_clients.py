"""boto3 in all the ways that it addresses, signs and sends."""

from __future__ import annotations

import http.client
import io
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.service import RecordingProxy

from .conftest import Clients
from .services import Raw, answer, client, make_bucket, make_table

IMAGE = Touch("s3", "", "images", "a/ä b.jpg")


@pytest.fixture
def bucket(proxy: RecordingProxy, clients: Clients) -> RecordingProxy:
    """The proxy, with an empty bucket behind it and an empty record."""
    make_bucket(clients.s3)
    proxy.take()
    return proxy


def ask(url: str, method: str = "GET", body: bytes | None = None) -> bytes:
    # Without one, urllib says that it is a form, and moto looks for fields in it.
    headers = {"Content-Type": "image/jpeg"} if body else {}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as reply:
        data: bytes = reply.read()
    return data


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls(bucket: RecordingProxy, clients: Clients, version: str) -> None:
    """Whoever holds a signed URL, of either version, uploads, reads and deletes by it."""
    s3 = client("s3", bucket.url, signature_version=version)

    def url(call: str) -> str:
        params = {"Bucket": "images", "Key": IMAGE.key}
        signed: str = s3.generate_presigned_url(call, Params=params)
        return signed

    ask(url("put_object"), "PUT", b"picture")
    assert set(bucket.take().touches) == {IMAGE}
    assert ask(url("get_object")) == b"picture"
    assert bucket.take().touches == {}
    ask(url("delete_object"), "DELETE")
    assert set(bucket.take().touches) == {IMAGE}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(url("get_object"))


def test_a_form_of_a_browser(bucket: RecordingProxy, clients: Clients) -> None:
    """The form that presigned fields are put into."""
    post = clients.s3.generate_presigned_post("images", IMAGE.key)
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in post["fields"].items()
    ]
    parts.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n')
    body = "".join(parts).encode() + b"picture\r\n--x--\r\n"
    request = urllib.request.Request(post["url"], data=body, method="POST")
    request.add_header("Content-Type", "multipart/form-data; boundary=x")
    urllib.request.urlopen(request, timeout=20).close()
    assert set(bucket.take().touches) == {IMAGE}


def test_bucket_in_the_host_name(bucket: RecordingProxy) -> None:
    """Virtual-host style: the bucket is told by the name that the client resolved."""
    connection = http.client.HTTPConnection(bucket.host, bucket.port, timeout=20)
    host = {"Host": f"images.s3.localhost:{bucket.port}"}
    connection.request("PUT", "/a/%C3%A4%20b.jpg", b"picture", host)
    assert connection.getresponse().read() == b""
    assert set(bucket.take().touches) == {IMAGE}


class Unseekable:
    """A file that can be read once."""

    def __init__(self, body: bytes) -> None:
        self._inner = io.BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(size)


@pytest.mark.parametrize("size", [10, 3_000_000])
@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
def test_uploads_of_a_stream(
    bucket: RecordingProxy, clients: Clients, size: int, checksums: str
) -> None:
    """boto3's own ways of sending: aws-chunked with a trailer, or plain."""
    s3 = client("s3", bucket.url, request_checksum_calculation=checksums)
    body = bytes(range(250)) * (size // 250) or b"ten bytes."

    s3.put_object(Bucket="images", Key=IMAGE.key, Body=io.BytesIO(body))
    assert clients.s3.get_object(Bucket="images", Key=IMAGE.key)["Body"].read() == body
    s3.upload_fileobj(Unseekable(body), "images", IMAGE.key)
    assert clients.s3.get_object(Bucket="images", Key=IMAGE.key)["Body"].read() == body
    assert IMAGE in bucket.take().touches


def test_uploads_in_parts(bucket: RecordingProxy, clients: Clients) -> None:
    """A multipart upload touches its object with every step."""
    called = {"Bucket": "images", "Key": IMAGE.key}
    upload = clients.s3.create_multipart_upload(**called)["UploadId"]
    part = clients.s3.upload_part(**called, UploadId=upload, PartNumber=1, Body=b"picture")
    clients.s3.complete_multipart_upload(
        **called,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    taken = bucket.take()
    assert set(taken.touches) == {IMAGE}
    assert f"upload of images/{IMAGE.key}: begun" in taken.notes
    assert clients.s3.get_object(**called)["Body"].read() == b"picture"


def test_ranges_and_conditions(bucket: RecordingProxy, clients: Clients) -> None:
    """Partial and unchanged answers come through, and connections go on after them."""
    called = {"Bucket": "images", "Key": "a"}
    tag = clients.s3.put_object(**called, Body=b"picture")["ETag"]
    assert clients.s3.get_object(**called, Range="bytes=1-2")["Body"].read() == b"ic"
    with pytest.raises(ClientError, match="304"):
        clients.s3.get_object(**called, IfNoneMatch=tag)
    assert clients.s3.head_object(**called)["ContentLength"] == 7
    with pytest.raises(ClientError, match="404"):
        clients.s3.head_object(Bucket="images", Key="b")
    assert clients.s3.delete_object(**called)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_errors_come_through(
    proxy: RecordingProxy, clients: Clients, moto: Mapping[str, str]
) -> None:
    """A refusal is told in the same words with and without the proxy."""
    make_table(clients.dynamodb)
    behind = client("dynamodb", moto["url"])

    def refusal(dynamodb: Any) -> tuple[int, Any]:
        with pytest.raises(ClientError) as caught:
            dynamodb.put_item(
                TableName="shop",
                Item={"pk": {"S": "p1"}},
                ConditionExpression="attribute_exists(pk)",
            )
        response = caught.value.response
        return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]

    assert refusal(clients.dynamodb) == refusal(behind)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        clients.s3.list_objects_v2(Bucket="nobody")


def test_unsigned_requests(bucket: RecordingProxy, clients: Clients) -> None:
    """Without a signature a request is taken for one of S3, as moto takes it."""
    clients.s3.put_bucket_acl(Bucket="images", ACL="public-read-write")
    bucket.take()
    s3 = boto3.session.Session().client(
        "s3",
        endpoint_url=bucket.url,
        region_name="eu-west-2",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )
    s3.put_object(Bucket="images", Key=IMAGE.key, Body=b"picture")
    assert set(bucket.take().touches) == {IMAGE}


def test_signatures_stay_valid(raw: Raw) -> None:
    """What boto3 has signed arrives byte for byte: checked by signing what has arrived again."""
    dynamodb = client("dynamodb", raw.proxy.url)
    got: list[bytes] = []

    def serve() -> None:
        here = raw.accept()
        data = b""
        while b"\r\n\r\n" not in data or len(data.split(b"\r\n\r\n", 1)[1]) < length(data):
            data += here.socket.recv(1 << 16)
        got.append(data)
        here.send(answer(200, b"{}"))

    def length(data: bytes) -> int:
        lines = data.split(b"\r\n\r\n")[0].lower().split(b"\r\n")
        return int(next(line for line in lines if line.startswith(b"content-length"))[15:])

    service = threading.Thread(target=serve)
    service.start()
    dynamodb.delete_item(TableName="shop", Key={"pk": {"S": "p1"}})
    service.join()
    head, _, body = got[0].partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    sent = headers["Authorization"]
    signed = sent.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest("POST", raw.proxy.url + "/", data=body)
    for name, value in headers.items():
        if name.lower() in signed:
            request.headers[name] = value
    request.context["timestamp"] = headers["X-Amz-Date"]
    auth = SigV4Auth(Credentials("test", "test-secret"), "dynamodb", "eu-west-2")
    canonical = auth.canonical_request(request)
    again = auth.signature(auth.string_to_sign(request, canonical), request)
    assert sent.endswith(f"Signature={again}")
