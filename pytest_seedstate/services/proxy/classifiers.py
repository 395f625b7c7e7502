"""What tells the proxy which requests write, and what they touch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from pytest_seedstate.services.aws.recorder import Request, Write
from pytest_seedstate.services.host.hosted import Touch

WHOLE_BODY = sys.maxsize


class UnansweredError(Exception):
    """A request cannot be classified before the service has told something.

    Attributes:
        question: a collection that something has to be known of.
    """

    def __init__(self, question: Touch) -> None:
        self.question = question
        super().__init__(str(question))


class Classifier(Protocol):
    """Knows one service's requests."""

    def body_needed(self, request: Request) -> int:
        """How many bytes of a body `classify` has to see, told from the head; 0 for none."""

    def classify(self, request: Request, told: Mapping[Touch, Any]) -> Write | None:
        """What a request may change; None for a read.

        Args:
            request: with the part of its body that is needed.
            told: the answers of `ask`, by question.

        Raises:
            UnansweredError: `ask` this first.
        """

    def ask(self, question: Touch) -> Any:
        """Ask the service; waits for it, in a thread that may wait."""

    def forget(self, touches: Iterable[Touch]) -> None:
        """What is known of whole collections among these may not be so any more."""

    def forget_all(self) -> None:
        """Nothing that was asked for may be so any more."""

    def evidence(self, write: Write) -> bytes | None:
        """What stands in the answer to a request that changes something only then; else None."""


class _Stateless:
    """Requests that tell everything themselves.

    Args:
        classify: what a request may change; None for a read. It sees whole bodies, decompressed.
    """

    def __init__(self, classify: Callable[[Request], Write | None]) -> None:
        self._classify = classify

    def body_needed(self, request: Request) -> int:
        return 0 if request.method in ("GET", "HEAD", "OPTIONS") else WHOLE_BODY

    def classify(self, request: Request, told: Mapping[Touch, Any]) -> Write | None:
        return self._classify(request)

    def ask(self, question: Touch) -> Any:
        """Never called: `classify` asks nothing."""

    def forget(self, touches: Iterable[Touch]) -> None:
        """Nothing to do: nothing is known."""

    def forget_all(self) -> None:
        """Nothing to do: nothing is known."""

    def evidence(self, write: Write) -> bytes | None:
        return None


def classifier_for(name: str, upstream: Mapping[str, str]) -> Classifier:
    """The classifier of a kind of service.

    Args:
        name: ``aws``, or one of its stores; ``opensearch``.
        upstream: the service's variables.

    Raises:
        ValueError: it is none of these.
    """
    if name in ("aws", "dynamodb", "s3"):
        from pytest_seedstate.services.proxy.aws_requests import AwsRequests

        return AwsRequests(upstream)
    if name == "opensearch":
        from pytest_seedstate.services.proxy import opensearch_requests

        return _Stateless(opensearch_requests.classify)
    raise ValueError(f"nothing is known of the requests of '{name}'")
