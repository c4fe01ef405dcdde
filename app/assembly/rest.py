"""The REST application: /v1, health and metrics."""

from collections.abc import Mapping

from fastapi import FastAPI

from app import __version__
from app.assembly.guarding import Guarding
from app.assembly.parts import Parts, new_id, utc_now
from app.core.errors import StoreError
from app.ports import Check
from app.service.gateway import Gateway
from app.service.manuscripts import Manuscripts
from app.service.review import Review
from app.telemetry.siblings import Render
from app.web.api.access import callers
from app.web.api.canaries import canaries_router
from app.web.api.chat import chat_router
from app.web.api.deliveries import deliveries_router
from app.web.api.exchanges import exchanges_router
from app.web.api.holds import holds_router
from app.web.api.judgement import check_router
from app.web.api.replies import replies_router
from app.web.errors import install
from app.web.health import health_router, metrics_router
from app.web.security import Tokens


def rest_app(
    parts: Parts,
    review: Review,
    checks: Mapping[str, Check],
    gateways: Mapping[str, Gateway],
    manuscripts: Manuscripts,
    guarding: Guarding,
    figures: Render,
) -> FastAPI:
    settings = parts.settings
    rest = FastAPI(
        title="慎言 Shenyan",
        version=__version__,
        description="Verdicts, texts handed in for review, holds and deliveries of the guard. "
        "Errors have the shape of `Problem`; /v1/chat/completions answers some as OpenAI does.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # their pages load scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    install(rest)
    caller_with = callers(Tokens(settings.api_tokens), parts.pace)

    async def records() -> str:
        try:
            await parts.store.ping()
        except StoreError as error:
            return str(error) or type(error).__name__
        return ""

    async def rules() -> str:
        following = parts.following
        if following.trouble:
            return f"{following.trouble}: every reply is held"
        return "the records were not seen lately: every reply is held" if following.is_blind else ""

    async def clock() -> str:
        return parts.following.clock_trouble

    for router in (
        holds_router(parts.store, review, caller_with),
        deliveries_router(parts.store, review, caller_with),
        exchanges_router(parts.store, review, caller_with),
        check_router(checks, parts.following.check_of(None), caller_with),
        replies_router(manuscripts, caller_with),
        canaries_router(guarding.canaries, caller_with),
        chat_router(gateways, utc_now, new_id, caller_with),
        health_router(
            {"records": records, "rules": rules, "clock": clock},
            {
                "coordination": lambda: parts.coordinator.trouble,
                "spool": lambda: parts.spool.trouble,
                "clock": lambda: parts.following.jump_trouble,
            },
        ),
        metrics_router(figures, settings.monitoring.metrics_from),
    ):
        rest.include_router(router)
    return rest
