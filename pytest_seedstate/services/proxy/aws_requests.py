"""The requests of AWS clients, and what has to be asked of the service to tell what they touch."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.aws import recorder
from pytest_seedstate.services.aws.recorder import Request, Write
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.classifiers import WHOLE_BODY, UnansweredError
from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError, xml_of

_FORM_HEAD = 1 << 20
"""Bytes of a browser's upload in which its key is looked for; S3 wants it before the file."""

_NO_LOGS = ""
_LOCALSTACK = "localhost.localstack.cloud"
_LOCALSTACK_OWN = ("/_localstack/", "/_aws/")


class AwsRequests:
    """A `Classifier`, see there; its methods but `ask` are called by one thread.

    Args:
        upstream: ``url``, ``region``, ``access_key``, ``secret_key`` of the service.
    """

    def __init__(self, upstream: Mapping[str, str]) -> None:
        self._upstream = upstream
        self._endpoints: dict[str, AwsEndpoint] = {}
        self._known: dict[Touch, Any] = {}
        self._changes = 0
        # What is asked is answered in other threads.
        self._lock = threading.Lock()
        self._is_write: dict[str, bool] = {}

    def body_needed(self, request: Request) -> int:
        """DynamoDB's keys, S3's lists to delete, and actions and keys of forms are in bodies."""
        target = request.headers.get("x-amz-target", "")
        if target.startswith("DynamoDB"):
            if target not in self._is_write:
                self._is_write[target] = recorder.classify(request, _unknown) is not None
            return WHOLE_BODY if self._is_write[target] else 0
        service, _ = recorder.service_and_region(request)
        if service == "s3":
            if request.method != "POST":
                return 0
            asked = dict(parse_qsl(request.query, keep_blank_values=True))
            return WHOLE_BODY if "delete" in asked else 0 if asked else _FORM_HEAD
        is_form = "x-www-form-urlencoded" in request.headers.get("content-type", "")
        return WHOLE_BODY if is_form else 0

    def classify(self, request: Request, told: Mapping[Touch, Any]) -> Write | None:
        if request.path.startswith(_LOCALSTACK_OWN):
            is_read = request.method in ("GET", "HEAD", "OPTIONS")
            return None if is_read else Write("localstack", request.path, (), request.path)
        if request.headers.get("host", "").partition(":")[0] == _LOCALSTACK:
            # A name of 127.0.0.1, not the bucket 'localhost' of somebody's domain.
            request = replace(request, headers={**request.headers, "host": "localhost"})

        def answer(question: Touch) -> Any:
            if question in told:
                return told[question]
            try:
                return self._known[question]
            except KeyError:
                raise UnansweredError(question) from None

        return recorder.classify(
            request,
            lambda region, table: answer(Touch("dynamodb", region, table)),
            lambda bucket: (answer(Touch("s3", "", bucket)) or None) if bucket else None,
        )

    def ask(self, question: Touch) -> Any:
        """The names of a table's key attributes, or the bucket of a bucket's access logs.

        Returns:
            None when there is no such table or bucket, or the service does not tell.
        """
        before = self._changes
        endpoint = self._endpoint(question.region or self._upstream["region"])
        try:
            answer: Any
            if question.store == "dynamodb":
                answer = _key_names(endpoint, question.collection)
            else:
                answer = _log_bucket(endpoint, question.collection)
        except (AwsError, SeedstateError):
            # Not kept: what is not there may be created past us.
            return None
        with self._lock:
            if self._changes == before:
                self._known[question] = answer
        return answer

    def forget(self, touches: Iterable[Touch]) -> None:
        with self._lock:
            for touch in touches:
                if not touch.key:
                    self._changes += 1
                    self._known.pop(touch, None)

    def forget_all(self) -> None:
        with self._lock:
            self._changes += 1
            self._known.clear()

    def evidence(self, write: Write) -> bytes | None:
        """A poll of a queue that finds nothing changes nothing, and idle consumers poll always."""
        # Both protocols of SQS, JSON and XML, have this word in every message and nowhere else.
        is_poll = (write.service, write.action) == ("sqs", "ReceiveMessage")
        return b"ReceiptHandle" if is_poll else None

    def _endpoint(self, region: str) -> AwsEndpoint:
        if region not in self._endpoints:
            self._endpoints[region] = AwsEndpoint({**self._upstream, "region": region})
        return self._endpoints[region]


def _unknown(region: str, table: str) -> None:
    return None


def _key_names(endpoint: AwsEndpoint, table: str) -> Sequence[str]:
    told = endpoint.dynamodb("DescribeTable", {"TableName": table})
    return [part["AttributeName"] for part in told["Table"]["KeySchema"]]


def _log_bucket(endpoint: AwsEndpoint, bucket: str) -> str:
    told = xml_of(endpoint.s3("GET", bucket, query={"logging": ""}))
    return told.findtext(".//TargetBucket") or _NO_LOGS
