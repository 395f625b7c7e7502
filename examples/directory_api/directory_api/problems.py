"""Errors as RFC 9457 problem details."""

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

TYPES = "https://tattoo-directory.com/errors/"


class ProblemError(Exception):
    """A request that cannot be met, and why.

    Args:
        status: the HTTP status.
        kind: the last part of the problem's type, such as ``slot-taken``.
        detail: a sentence for the client.
    """

    def __init__(self, status: int, kind: str, detail: str) -> None:
        self.status = status
        self.kind = kind
        self.detail = detail
        super().__init__(detail)


def not_found(what: str, name: object) -> ProblemError:
    return ProblemError(404, "not-found", f"There is no {what} {name}")


def install(app: FastAPI) -> None:
    """Make an application answer with problem details whenever it fails."""

    @app.exception_handler(ProblemError)
    def problem(request: Request, error: ProblemError) -> JSONResponse:
        return answer(request, error.status, error.kind, error.detail)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> JSONResponse:
        return answer(request, error.status_code, "http-error", str(error.detail))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "field": ".".join(str(part) for part in found["loc"][1:]),
                "code": found["type"],
                "message": found["msg"],
            }
            for found in error.errors()
        ]
        detail = "The request contains invalid parameters"
        return answer(request, 400, "validation-error", detail, errors=errors)


def answer(request: Request, status: int, kind: str, detail: str, **more: Any) -> JSONResponse:
    content = {
        "type": TYPES + kind,
        "title": kind.replace("-", " ").title(),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    }
    return JSONResponse(content, status, media_type="application/problem+json")
