"""A writer that does not wait: it writes from when it is told ``w`` until it is told ``s``.

Runs as a thread and as a process; standard library only, so that the process starts quickly.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import sys
import time

_SIGNED = "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-2/{}/aws4_request, Signature=0"


def write_when_told(port: int, name: str, orders: socket.socket) -> None:
    """Obey until the other end of `orders` closes.

    After each ``s`` it answers with a line of JSON: what it wrote since ``w``, as lists of id and
    monotonic seconds at which the request was sent; or a text that tells what went wrong.

    Args:
        port: of the host.
        name: the user agent, and how ids begin.
        orders: where orders come from.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    number = 0
    while orders.recv(1) == b"w":
        written: list[tuple[str, float]] = []
        problem = None
        while not select.select([orders], [], [], 0)[0]:
            number += 1
            # The same few ids again and again too, so that updates are among the writes.
            store = ("dynamodb", "s3")[number % 2]
            identifier = f"{name}-{store}-{number if number % 3 else number % 7}"
            written.append((identifier, time.monotonic()))
            problem = problem or _write(connection, name, store, identifier, number)
        orders.recv(1)
        orders.sendall(json.dumps(problem or written).encode() + b"\n")
    connection.close()


def _write(
    connection: http.client.HTTPConnection, name: str, store: str, identifier: str, number: int
) -> str | None:
    headers = {"authorization": _SIGNED.format(store), "user-agent": name}
    if store == "s3":
        method, target, body = "PUT", f"/images/{identifier}", str(number)
    else:
        headers["x-amz-target"] = "DynamoDB_20120810.PutItem"
        headers["content-type"] = "application/x-amz-json-1.0"
        item = {"pk": {"S": identifier}, "sk": {"S": "W"}, "n": {"N": str(number)}}
        method, target = "POST", "/"
        body = json.dumps({"TableName": "shop", "Item": item})
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError as error:
        return f"{identifier}: {error!r}"
    return None if answer.status < 300 else f"{identifier}: {answer.status} {text!r}"


if __name__ == "__main__":
    write_when_told(int(sys.argv[1]), sys.argv[2], socket.socket(fileno=int(sys.argv[3])))
