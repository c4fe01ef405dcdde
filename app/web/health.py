"""/healthz says the process lives; /readyz says whether it should be given work; /metrics counts."""

from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

Probe = Callable[[], Awaitable[str]]
"""Returns what is wrong, or an empty string."""


class Readiness(BaseModel):
    ready: bool
    missing: dict[str, str]
    """What is wrong, by part."""
    degraded: dict[str, str]
    """What is away and can be done without, by part."""


def health_router(probes: Mapping[str, Probe], dispensable: Mapping[str, Callable[[], str]]) -> APIRouter:
    """`dispensable`: what is away of that nobody needs to be given work, by part; empty: nothing."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @router.get("/readyz", responses={503: {"model": Readiness}})
    async def readyz() -> JSONResponse:
        """Everything an exchange needs is there; 503 names what is not."""
        found = {name: await probe() for name, probe in probes.items()}
        missing = {name: why for name, why in found.items() if why}
        degraded = {name: why for name, tell in dispensable.items() if (why := tell())}
        told = {"ready": not missing, "missing": missing, "degraded": degraded}
        return JSONResponse(told, 503 if missing else 200)

    return router


def metrics_router(
    render: Callable[[], Awaitable[tuple[bytes, str]]], allowed: tuple[IPv4Network | IPv6Network, ...]
) -> APIRouter:
    """`render` gives body and content type. An empty `allowed` lets everybody in."""
    router = APIRouter(tags=["metrics"])

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if allowed:
            address = ip_address(request.client.host) if request.client else None
            if address is None or not any(address in network for network in allowed):
                return Response("not for this address (monitoring.metrics_from)", 403)
        body, content_type = await render()
        return Response(body, media_type=content_type)

    return router
