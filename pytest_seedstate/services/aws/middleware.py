"""The WSGI application around moto: counts and records writes, keeps out services not switched on.

Also what moto lacks for clients that work at the same time: one write at a time for each service
(moto checks a condition and writes in two steps), and long polls that wait outside moto, so that
an idle consumer neither counts as a writer nor holds up a rewind.
"""

from __future__ import annotations

import html
import io
import json
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from pytest_seedstate.services.aws.recorder import (
    KeyNames,
    LogBucket,
    Request,
    Write,
    action_of,
    classify,
    service_and_region,
)
from pytest_seedstate.services.host.hosted import Log, writer_text
from pytest_seedstate.services.host.tally import Writes

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_LOCK_PATIENCE = 10.0
_POLL_EVERY = 0.2


class Recorder:
    """The application that the server calls.

    Args:
        application: moto.
        services: signing names of the services that are switched on; empty for all.
        key_names: the key attributes of a table.
        log_bucket: where the access logs of a bucket go.
    """

    def __init__(
        self,
        application: Application,
        services: Collection[str],
        key_names: KeyNames,
        log_bucket: LogBucket,
    ) -> None:
        self._application = application
        self._services = frozenset(services)
        self._key_names = key_names
        self._log_bucket = log_bucket
        self._locks: dict[str, threading.RLock] = {}
        self._changed = threading.Condition()
        self._writes: Writes | None = None
        self._ends = False
        self.segments: list[Log] = [Log()]

    def begin(self, writes: Writes) -> None:
        """A server starts here; called in a process that has one thread."""
        self._locks = {}
        self._changed = threading.Condition()
        self._writes = writes
        self._ends = False

    def end(self) -> None:
        """The server is about to end: long polls answer now."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()

    def resume(self) -> None:
        """It did not end after all."""
        self._ends = False

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = _request(environ)
        service, _ = service_and_region(request)
        if self._services and service not in self._services:
            return _refuse(service, request, start_response)
        if service == "sqs" and action_of(request) == "ReceiveMessage":
            return self._receive(environ, request, start_response)
        write = classify(request, self._key_names, self._log_bucket)
        if write is None:
            return self._application(environ, start_response)
        return self._carry_out(write, environ, start_response)

    def _carry_out(
        self, write: Write, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        assert self._writes is not None
        lock = self._locks.setdefault(write.service, threading.RLock())
        self._writes.begin()
        answered = ""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal answered
            answered = status
            return start_response(status, headers, exc_info)

        try:
            # A service that calls back into itself over HTTP would wait for ever without a limit.
            locked = lock.acquire(timeout=_LOCK_PATIENCE)
            try:
                self._record(replace(write, note=None), environ)
                answer = self._application(environ, start)
                # What was refused has its records compared, and is no news beside that.
                if write.note and not answered.startswith("4"):
                    self._record(write, environ)
                return answer
            finally:
                if locked:
                    lock.release()
        finally:
            with self._changed:
                self._changed.notify_all()

    def _record(self, write: Write, environ: Environ) -> None:
        writer = writer_text(environ.get("HTTP_USER_AGENT"), write.action)
        self.segments[-1].add(write.touches, [write.note] if write.note else [], writer)

    def _receive(
        self, environ: Environ, request: Request, start_response: StartResponse
    ) -> Iterable[bytes]:
        """ReceiveMessage: polls moto without waiting in it; an empty answer changed nothing."""
        assert self._writes is not None
        body, seconds = _without_wait(request)
        end = time.monotonic() + seconds
        lock = self._locks.setdefault("sqs", threading.RLock())
        while True:
            answer = _Answer()
            asked = dict(environ)
            asked["wsgi.input"] = io.BytesIO(body)
            asked["CONTENT_LENGTH"] = str(len(body))
            self._writes.begin()
            with lock:
                answer.take(self._application(asked, answer.start))
            left = end - time.monotonic()
            if answer.changed_something:
                write = Write("sqs", "ReceiveMessage", (), "sqs: ReceiveMessage")
                self._record(write, environ)
            else:
                self._writes.void()
            if answer.changed_something or left <= 0 or self._ends:
                start_response(answer.status, answer.headers)
                return [answer.body]
            with self._changed:
                if not self._ends:
                    self._changed.wait(min(left, _POLL_EVERY))


class _Answer:
    """What the application answered, kept instead of sent."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        self.status, self.headers = status, headers
        return lambda data: None

    def take(self, chunks: Iterable[bytes]) -> None:
        self.body = b"".join(chunks)

    @property
    def changed_something(self) -> bool:
        # Both protocols of SQS, JSON and XML, have this word in every message and nowhere else.
        return not self.status.startswith("200") or b"ReceiptHandle" in self.body


def _without_wait(request: Request) -> tuple[bytes, float]:
    """The body of a ReceiveMessage that does not wait, and the seconds it was to wait."""
    if request.headers.get("x-amz-target"):
        try:
            asked = json.loads(request.body)
            seconds = float(asked.get("WaitTimeSeconds") or 0)
        except (ValueError, TypeError, AttributeError):
            return request.body, 0.0
        asked["WaitTimeSeconds"] = 0
        return json.dumps(asked).encode(), min(seconds, 20.0)
    kept, seconds = [], 0.0
    for part in request.body.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"WaitTimeSeconds" and value.isdigit():
            seconds = float(value)
        else:
            kept.append(part)
    return b"&".join([*kept, b"WaitTimeSeconds=0"]), min(seconds, 20.0)


def _request(environ: Environ) -> Request:
    headers = {}
    for name, key in (
        ("host", "HTTP_HOST"),
        ("authorization", "HTTP_AUTHORIZATION"),
        ("x-amz-target", "HTTP_X_AMZ_TARGET"),
        ("content-type", "CONTENT_TYPE"),
    ):
        value = environ.get(key)
        if value:
            headers[name] = value
    raw = environ["RAW_URI"]
    return Request(
        environ["REQUEST_METHOD"],
        raw.partition("?")[0],
        environ["QUERY_STRING"],
        headers,
        environ["wsgi.input"].getvalue(),
    )


def _refuse(service: str, request: Request, start_response: StartResponse) -> list[bytes]:
    text = (
        f"The AWS service '{service}' is not switched on in seedstate's embedded AWS: "
        f"add it to the ini setting seedstate_aws_services"
    )
    if "json" in request.headers.get("content-type", "") or "x-amz-target" in request.headers:
        kind = "application/x-amz-json-1.1"
        body = json.dumps({"__type": "ServiceNotSwitchedOn", "message": text})
    else:
        kind = "text/xml"
        body = (
            "<ErrorResponse><Error><Type>Sender</Type><Code>ServiceNotSwitchedOn</Code>"
            f"<Message>{html.escape(text)}</Message></Error></ErrorResponse>"
        )
    # A client would retry a 5xx with growing pauses; nothing changes by asking again.
    start_response("400 Bad Request", [("Content-Type", kind), ("x-amzn-RequestId", "seedstate")])
    return [body.encode()]
