"""One table from our errors to status codes; every answer of /v1 that is not a success has this shape."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.core import errors
from app.core.errors import Conflict, GuardError, NeedsConfirmation
from app.core.model import Verdict
from app.web.views import VerdictView

STATUS: Mapping[type[GuardError], int] = {
    errors.BadSignature: 403,
    errors.BodyChanged: 409,
    errors.DecodeError: 400,
    errors.BotTimeout: 504,
    errors.BotMalformed: 502,
    errors.BotError: 502,
    errors.PostError: 502,
    errors.OpinionError: 502,
    errors.PlatformBusy: 503,
    errors.RateLimited: 503,
    errors.WindowClosed: 409,
    errors.QuotaExhausted: 409,
    errors.TokenExpired: 502,
    errors.ContentChanged: 409,
    errors.FateUnknown: 502,
    errors.PlatformError: 502,
    errors.HoldNotFound: 404,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.StoreError: 503,
    errors.IllegalTransition: 409,
    errors.Invalid: 422,
    errors.KeyReused: 422,
    errors.NotYet: 503,
    errors.StillChecking: 409,
    errors.TooManyRequests: 429,
    errors.NeedsConfirmation: 422,
    errors.Undeliverable: 409,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.ConfigError: 500,
    errors.GuardError: 500,
}


class Problem(BaseModel):
    """Why the request was not done."""

    error: str
    """A stable code: the error's class name in kebab-case."""
    detail: str
    decided_by: str = ""
    """Conflicts: who was first."""
    state: str = ""
    """Conflicts: what the thing is now."""
    verdict: VerdictView | None = None
    """needs-confirmation: what the checker says of the edited text."""


RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No token, or an unknown one"},
    403: {"model": Problem, "description": "The token lacks the scope or the channel"},
    404: {"model": Problem, "description": "No record has this id"},
    409: {
        "model": Problem,
        "description": "Somebody was first or is at it, or the platform's window is closed",
    },
    422: {"model": Problem, "description": "Something is missing, wrong, or needs a confirmation"},
    429: {
        "model": Problem,
        "description": "The token's requests of this minute are used up",
        "headers": {
            "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}},
        },
    },
    503: {"model": Problem, "description": "The records cannot be read or written now"},
}
"""What /v1 answers beside success, for the OpenAPI document."""


def status_of(error: GuardError) -> int:
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def problem_of(error: GuardError) -> Problem:
    problem = Problem(error=_kebab(type(error).__name__), detail=str(error))
    if isinstance(error, Conflict):
        return problem.model_copy(update={"decided_by": error.by, "state": error.state})
    if isinstance(error, NeedsConfirmation) and isinstance(error.verdict, Verdict):
        return problem.model_copy(update={"verdict": VerdictView.of(error.verdict)})
    return problem


def install(app: FastAPI) -> None:
    """Make every error of ours, and bad input, answer with a Problem."""

    @app.exception_handler(GuardError)
    async def guard_error(request: Request, error: GuardError) -> JSONResponse:
        return _answer(status_of(error), problem_of(error), _headers(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        detail = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        )
        return _answer(422, Problem(error="invalid", detail=detail))


def _headers(error: GuardError) -> dict[str, str]:
    if isinstance(error, errors.Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, errors.NotYet):
        return {"Retry-After": str(error.retry_after_s)}
    return {}


def _answer(status: int, problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem.model_dump(exclude_defaults=True), status, headers)


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
