"""Bytes come through as they were sent, both ways, and each write is recorded before its last."""

from __future__ import annotations

import gzip
import json

import pytest

from pytest_seedstate.services.host.hosted import Touch

from .services import REGION, Raw, Wire, answer, dynamodb_request


def deletion(number: int) -> bytes:
    return json.dumps({"TableName": "shop", "Key": {"pk": {"S": f"p{number}"}}}).encode()


def touch(number: int) -> Touch:
    return Touch("dynamodb", REGION, "shop", f'{{"pk":{{"S":"p{number}"}}}}')


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def passes(source: Wire, target: Wire, data: bytes) -> None:
    """Send something, and see that just this arrives."""
    source.send(data)
    assert target.read(len(data)) == data


_ODD_HEADERS = (
    b"hOsT: ExAmPle\r\nX-Twice: 1\r\nX-Twice:2\r\nX-Blanks:   a  b \r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-2/secretsmanager/aws4_request, "
    b"SignedHeaders=host;x-twice, Signature=abcdef\r\nX-Latin: \xe4\r\n"
)


def test_no_byte_is_changed(raw: Raw) -> None:
    """Case, order, blanks and repeats of headers, and the encoding of paths, are the sender's."""
    there, here = raw.connect()
    request = b"GET /a%2Fb/./c//d?x=%41&&y HTTP/1.1\r\n" + _ODD_HEADERS + b"\r\n"
    passes(there, here, request)
    reply = b"HTTP/1.1 200  Very Well\r\n" + _ODD_HEADERS + b"content-LENGTH: 3\r\n\r\nabc"
    passes(here, there, reply)


def test_a_connection_is_used_again(raw: Raw) -> None:
    """Requests one after the other go through one connection to the service."""
    there, here = raw.connect()
    for number in range(3):
        passes(there, here, dynamodb_request("DeleteItem", deletion(number)))
        assert raw.proxy.written() == number + 1
        passes(here, there, answer(200, b"{}"))
    assert raw.proxy.settle(0) == []
    assert set(raw.proxy.take().touches) == {touch(number) for number in range(3)}


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pieces_of_any_size(raw: Raw, size: int) -> None:
    """However the bytes of a request and its answer are cut, they arrive and are understood."""
    there, here = raw.connect()
    request = dynamodb_request("DeleteItem", deletion(1))
    reply = answer(200, b"{}", "X-Filler: " + "y" * 50)
    for source, target, data in ((there, here, request), (here, there, reply)):
        for start in range(0, len(data), size):
            passes(source, target, data[start : start + size])
    assert set(raw.proxy.take().touches) == {touch(1)}
    assert raw.proxy.settle(0) == []


def test_a_write_is_counted_before_its_last_byte(raw: Raw) -> None:
    """What has come is passed on at once, and counts when the service is given the last byte."""
    there, here = raw.connect()
    request = dynamodb_request("DeleteItem", deletion(1))
    passes(there, here, request[:-1])
    assert raw.proxy.written() == 0
    passes(there, here, request[-1:])
    assert raw.proxy.written() == 1


@pytest.mark.parametrize("ending", [b"0", b"0\r\n", b"0\r\n\r\n"], ids=[1, 3, 5])
def test_the_end_of_chunks_is_not_passed_on_before_the_record(raw: Raw, ending: bytes) -> None:
    """A service that takes the last chunk's line for the end acts on nothing unrecorded."""
    there, here = raw.connect()
    body = chunked(deletion(1)).removesuffix(b"0\r\n\r\n")
    head = dynamodb_request("DeleteItem", b"", "Transfer-Encoding: chunked")
    passes(there, here, head + body)
    there.send(ending)
    if not ending.endswith(b"\n\r\n"):
        there.send(b"0\r\n\r\n".removeprefix(ending))
    assert here.read(5) == b"0\r\n\r\n"
    assert raw.proxy.written() == 1
    assert set(raw.proxy.take().touches) == {touch(1)}


def test_half_of_the_last_chunk_is_held_back(raw: Raw) -> None:
    """The line of a chunk that may be the last waits for what follows it."""
    there, here = raw.connect()
    head = dynamodb_request("DeleteItem", b"", "Transfer-Encoding: chunked")
    passes(there, here, head + chunked(deletion(1)).removesuffix(b"0\r\n\r\n"))
    there.send(b"0\r\n")
    assert here.is_silent()
    assert raw.proxy.written() == 0
    there.send(b"\r\n")
    assert here.read(5) == b"0\r\n\r\n"
    assert raw.proxy.written() == 1


def test_chunked_bodies_are_joined(raw: Raw) -> None:
    """A body in chunks with extensions and trailers is read as one."""
    there, here = raw.connect()
    body = deletion(1)
    text = b"5;x=y\r\n%s\r\n%x\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n" % (
        body[:5],
        len(body) - 5,
        body[5:],
    )
    head = dynamodb_request("DeleteItem", b"", "Transfer-Encoding: chunked", "Trailer: X-Trailer")
    passes(there, here, head + text)
    assert set(raw.proxy.take().touches) == {touch(1)}


def test_compressed_bodies_are_read(raw: Raw) -> None:
    """A client may compress what it writes."""
    there, here = raw.connect()
    body = gzip.compress(deletion(1))
    length = f"Content-Length: {len(body)}"
    passes(there, here, dynamodb_request("DeleteItem", body, length, "Content-Encoding: gzip"))
    assert set(raw.proxy.take().touches) == {touch(1)}


def test_requests_sent_ahead(raw: Raw) -> None:
    """Requests that do not wait for answers are all recorded, and end with their own answers."""
    there, here = raw.connect()
    requests = b"".join(dynamodb_request("DeleteItem", deletion(n)) for n in range(3))
    passes(there, here, requests)
    assert raw.proxy.written() == 3
    assert set(raw.proxy.take().touches) == {touch(number) for number in range(3)}
    passes(here, there, answer(200, b"{}") + answer(400, b"{}"))
    (left,) = raw.proxy.settle(0)
    assert left.startswith("unknown client: DeleteItem (for ")
    passes(here, there, answer(200, b"{}"))
    assert raw.proxy.settle(0) == []


def test_a_head_in_a_row_of_requests(raw: Raw) -> None:
    """An answer to HEAD has no body whatever its length says, wherever it stands in the row."""
    there, here = raw.connect()
    head = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
    ahead = b"GET /?list HTTP/1.1\r\nHost: a\r\n\r\n"
    last = dynamodb_request("DeleteItem", deletion(1))
    passes(there, here, ahead + head + head + last)
    no_body = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    passes(here, there, answer(200, b"\r\nHTTP/1.1 100 Not this\r\n\r\n") + no_body + no_body)
    assert len(raw.proxy.settle(0)) == 1
    passes(here, there, answer(200, b"{}"))
    assert raw.proxy.settle(0) == []


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abc"),
        b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno",
    ],
    ids=["204", "304", "empty", "chunked", "503"],
)
def test_answers_of_all_shapes_end_a_write(raw: Raw, reply: bytes) -> None:
    """A write is in flight until the last byte of its answer, and not longer."""
    there, here = raw.connect()
    passes(there, here, dynamodb_request("DeleteItem", deletion(1)))
    passes(here, there, reply[:-1])
    assert len(raw.proxy.settle(0)) == 1
    passes(here, there, reply[-1:])
    assert raw.proxy.settle(0) == []


def test_interim_answers_are_not_the_answer(raw: Raw) -> None:
    """Any number of 1xx answers come through before the one that ends the request."""
    there, here = raw.connect()
    passes(there, here, dynamodb_request("DeleteItem", deletion(1)))
    passes(
        here, there, b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    )
    assert len(raw.proxy.settle(0)) == 1
    passes(here, there, answer(200, b"{}"))
    assert raw.proxy.settle(0) == []


def test_a_client_that_waits_to_go_on(raw: Raw) -> None:
    """The head reaches the service, 100 the client, and then the body the service."""
    there, here = raw.connect()
    body = deletion(1)
    length = f"Content-Length: {len(body)}"
    passes(there, here, dynamodb_request("DeleteItem", b"", length, "Expect: 100-continue"))
    assert raw.proxy.written() == 0
    passes(here, there, b"HTTP/1.1 100 Continue\r\n\r\n")
    passes(there, here, body)
    assert raw.proxy.written() == 1
    passes(here, there, answer(200, b"{}"))
    assert raw.proxy.settle(0) == []


def test_a_client_that_may_not_go_on_sends_its_next_request(raw: Raw) -> None:
    """After a refusal in place of 100 some clients leave the body out and go on."""
    there, here = raw.connect()
    refused = dynamodb_request("DeleteItem", b"", "Content-Length: 99", "Expect: 100-continue")
    passes(there, here, refused)
    passes(here, there, answer(417, b"no"))
    passes(there, here, dynamodb_request("DeleteItem", deletion(2)))
    assert set(raw.proxy.take().touches) == {touch(2)}
    passes(here, there, answer(200, b"{}"))
    assert raw.proxy.settle(0) == []


def test_an_upload_is_counted_with_its_head(raw: Raw) -> None:
    """What an upload touches is known from its head: it counts before any of the body is sent."""
    raw.introduce_bucket("images")
    there, here = raw.connect()
    passes(there, here, b"PUT /images/a HTTP/1.1\r\nHost: s3\r\nContent-Length: 5\r\n\r\n")
    assert raw.proxy.written() == 1
    assert set(raw.proxy.take().touches) == {Touch("s3", "", "images", "a")}
    passes(there, here, b"hello")
    passes(here, there, answer(200))
    assert raw.proxy.settle(0) == []


def test_an_upload_with_signed_chunks(raw: Raw) -> None:
    """aws-chunked is a matter of client and service; the bytes are as signed."""
    raw.introduce_bucket("images")
    there, here = raw.connect()
    head = (
        b"PUT /images/a HTTP/1.1\r\nHost: s3\r\nContent-Encoding: aws-chunked\r\n"
        b"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n"
        b"x-amz-decoded-content-length: 5\r\nx-amz-trailer: x-amz-checksum-crc32\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    inner = b"5;chunk-signature=0a1b\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    passes(there, here, head + chunked(inner))
    passes(here, there, answer(200))
    assert raw.proxy.settle(0) == []
    assert set(raw.proxy.take().touches) == {Touch("s3", "", "images", "a")}


def test_a_form_is_kept_only_as_far_as_its_key(raw: Raw) -> None:
    """Of a browser's upload the first part tells the key; the whole touches nothing else."""
    raw.introduce_bucket("images")
    there, here = raw.connect()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nfrom/a form\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        + b"z" * 3_000_000
        + b"\r\n--x--\r\n"
    )
    head = (
        b"POST /images HTTP/1.1\r\nHost: s3\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    there.send(head)
    assert here.read(len(head)) == head
    for start in range(0, len(body), 50_000):
        passes(there, here, body[start : start + 50_000])
    assert set(raw.proxy.take().touches) == {Touch("s3", "", "images", "from/a form")}


def test_what_is_not_http_counts_and_says_so(raw: Raw) -> None:
    """A connection that cannot be read along works, and each of its bytes may have written."""
    there, here = raw.connect()
    passes(there, here, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00")
    written = raw.proxy.written()
    assert written > 0
    passes(here, there, b"\x00\x01\x02")
    passes(there, here, b"\x05")
    assert raw.proxy.written() > written
    (note,) = raw.proxy.take().notes
    assert note.endswith("what it writes is not known")


def test_an_upgraded_connection_counts_and_says_so(raw: Raw) -> None:
    """After an upgrade nothing can be read along, and nothing counts as clean."""
    there, here = raw.connect()
    passes(there, here, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nupgrade: h2c\r\n\r\n")
    passes(here, there, b"HTTP/1.1 101 Now\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n\x00\x01")
    assert raw.proxy.written() == 0
    passes(there, here, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert raw.proxy.written() == 1
    passes(there, here, b"\x00\x07")
    assert raw.proxy.written() == 2
    (note,) = raw.proxy.take().notes
    assert note.endswith("what it writes is not known")


def test_a_wish_to_upgrade_that_is_not_granted(raw: Raw) -> None:
    """A client that asks for HTTP/2 by the way has its requests recorded like any other's."""
    there, here = raw.connect()
    length = f"Content-Length: {len(deletion(1))}"
    wishes = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAAA")
    passes(there, here, dynamodb_request("DeleteItem", deletion(1), length, *wishes))
    passes(here, there, answer(200, b"{}"))
    passes(there, here, dynamodb_request("DeleteItem", deletion(2)))
    passes(here, there, answer(200, b"{}"))
    taken = raw.proxy.take()
    assert set(taken.touches) == {touch(1), touch(2)}
    assert (taken.notes, taken.written, raw.proxy.settle(0)) == ([], 2, [])
