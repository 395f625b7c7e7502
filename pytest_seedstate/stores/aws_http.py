"""Signed HTTP calls to an AWS endpoint, for the stores' own traffic.

Not boto3: importing it and making two clients costs a third of a second that a test without AWS
code never needs, its user's profile, environment and event hooks (moto's among them) would reach
into our traffic, and a call costs a multiple. The clients that tests get are boto3's.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from pytest_seedstate.stores.http_client import Answer, HttpClient

_SAFE_IN_PATH = "/-_.~"


def variables_of(store: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of ``aws`` with the ``url`` of one store, where that has its own."""
    return {**variables, "url": variables.get(f"{store}_url", variables["url"])}


class AwsError(Exception):
    """The service refused a call.

    Attributes:
        code: its name for the fault, e.g. ``ResourceNotFoundException``.
        message: its own words.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class AwsEndpoint:
    """DynamoDB and S3 at one URL; its calls may come from several threads at once.

    Args:
        variables: ``url``, ``region``, ``access_key``, ``secret_key``; ``ca_file``, see `HttpClient`.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._client = HttpClient(variables["url"], ca_file=variables.get("ca_file"))
        self._region = variables["region"]
        self._access_key = variables["access_key"]
        self._secret_key = variables["secret_key"]

    @property
    def url(self) -> str:
        return self._client.url

    @property
    def region(self) -> str:
        return self._region

    def dynamodb(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Call DynamoDB.

        Args:
            action: e.g. ``BatchWriteItem``.
            asked: its parameters as JSON has them.

        Raises:
            AwsError: it refused.
            SeedstateError: the endpoint does not answer.
        """
        body = json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{action}",
        }
        answer = self._call("dynamodb", "POST", "/", "", headers, body)
        if answer.status >= 300:
            raise _json_error(answer)
        told: dict[str, Any] = json.loads(answer.body)
        return told

    def s3(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Call S3, with the bucket in the path.

        Args:
            method: the HTTP method.
            bucket: empty for the list of buckets.
            key: empty for the bucket itself.
            query: parameters; an empty value for a sub-resource such as ``cors``.
            headers: further headers.
            body: what to send; its MD5 goes along.

        Raises:
            AwsError: it refused.
            SeedstateError: the endpoint does not answer.
        """
        path = "/" + quote(bucket, safe="")
        if key:
            path += "/" + quote(key, safe=_SAFE_IN_PATH)
        text = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in sorted((query or {}).items())
        )
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if body:
            digest = hashlib.md5(body, usedforsecurity=False).digest()
            sent["content-md5"] = base64.b64encode(digest).decode("ascii")
        answer = self._call("s3", method, path, text, sent, body)
        if answer.status >= 300:
            raise _xml_error(answer)
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(
        self,
        service: str,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes,
    ) -> Answer:
        headers = {**headers, **self._signature(service, method, path, query, body)}
        target = f"{path}?{query}" if query else path
        return self._client.call(method, target, headers, body)

    def _signature(
        self, service: str, method: str, path: str, query: str, body: bytes
    ) -> dict[str, str]:
        """Headers of Signature Version 4, as "Signing AWS API requests" in AWS's guide says."""
        now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
        body_hash = hashlib.sha256(body).hexdigest()
        signed = {"host": self._client.host, "x-amz-content-sha256": body_hash, "x-amz-date": now}
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{body_hash}"
        scope = f"{now[:8]}/{self._region}/{service}/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self._secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}"
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        return {
            "x-amz-date": now,
            "x-amz-content-sha256": body_hash,
            "authorization": f"AWS4-HMAC-SHA256 Credential={self._access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}",
        }


def _json_error(answer: Answer) -> AwsError:
    try:
        told = json.loads(answer.body)
        code = str(told["__type"]).rpartition("#")[2]
        return AwsError(code, str(told.get("message") or told.get("Message") or code))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _unknown_error(answer)


def xml_of(answer: Answer) -> ElementTree.Element:
    """An answer's body as XML, without namespaces."""
    root = ElementTree.fromstring(answer.body)  # noqa: S314 - from a test service of ours
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _xml_error(answer: Answer) -> AwsError:
    try:
        root = xml_of(answer)
    except ElementTree.ParseError:
        return _unknown_error(answer)
    code = root.findtext(".//Code") or f"HTTP {answer.status}"
    return AwsError(code, root.findtext(".//Message") or code)


def _unknown_error(answer: Answer) -> AwsError:
    return AwsError(f"HTTP {answer.status}", answer.body[:300].decode("utf-8", "replace"))
