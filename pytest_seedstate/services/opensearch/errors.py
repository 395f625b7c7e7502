"""Errors as OpenSearch tells them: a type, a reason and the status of the answer."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that says what is wrong with the request.

    Args:
        status: the HTTP status.
        kind: OpenSearch's name of the error, such as ``illegal_argument_exception``.
        reason: what is wrong, in OpenSearch's words where it has some.
        root_cause: the innermost errors; by default this one.
        caused_by: the error that led to this one: its body, without a status.
        more: further members of the error, such as ``index`` or ``resource.id``.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        reason: str | None,
        *,
        root_cause: list[dict[str, Any]] | None = None,
        caused_by: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.caused_by = caused_by
        self.more = more
        self._root_cause = root_cause

    def cause(self) -> dict[str, Any]:
        """Return the error without its root causes: how bulk items and shard failures show it."""
        told: dict[str, Any] = {"type": self.kind, "reason": self.reason, **self.more}
        if self.caused_by is not None:
            told["caused_by"] = self.caused_by
        return told

    def root_cause(self) -> list[dict[str, Any]]:
        """Return the innermost errors."""
        if self._root_cause is not None:
            return self._root_cause
        return [{"type": self.kind, "reason": self.reason, **self.more}]

    def body(self) -> dict[str, Any]:
        """Return the whole answer's body."""
        return {"error": {"root_cause": self.root_cause(), **self.cause()}, "status": self.status}


def illegal_argument(reason: str, caused_by: dict[str, Any] | None = None) -> ApiError:
    """Return a 400 for a value that cannot be used."""
    return ApiError(400, "illegal_argument_exception", reason, caused_by=caused_by)


def parsing_error(reason: str, line: int = 1, column: int = 1) -> ApiError:
    """Return a 400 for a body that is not what the API reads."""
    return ApiError(400, "parsing_exception", reason, line=line, col=column)


def unsupported(what: str) -> ApiError:
    """Return a 400 that says that a real OpenSearch may know this, and this one does not."""
    return illegal_argument(f"{what} is not supported by the embedded OpenSearch")


def index_not_found(name: str) -> ApiError:
    """Return the 404 for an index, alias or pattern that matches nothing."""
    more: dict[str, Any] = {
        "index": name,
        "resource.id": name,
        "resource.type": "index_or_alias",
        "index_uuid": "_na_",
    }
    return ApiError(404, "index_not_found_exception", f"no such index [{name}]", **more)
