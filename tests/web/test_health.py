"""Whether the process lives, whether it should be given work, and who may read the counts."""

from ipaddress import ip_network

import httpx
import pytest
from fastapi import FastAPI

from app.web.health import health_router, metrics_router


async def get(app: FastAPI, path: str, client: str = "127.0.0.1") -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(client, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://guard") as http:
        return await http.get(path)


@pytest.mark.parametrize(
    ("records", "status", "missing"),
    [
        pytest.param("", 200, {}, id="everything is there"),
        pytest.param("database is locked", 503, {"records": "database is locked"}, id="the records are not"),
    ],
)
async def test_readiness_says_what_is_missing(records: str, status: int, missing: dict[str, str]) -> None:
    async def probe() -> str:
        return records

    app = FastAPI()
    app.include_router(health_router({"records": probe}, {}))
    answer = await get(app, "/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (status, missing)
    assert (await get(app, "/healthz")).status_code == 200  # the process lives all the same


async def test_what_can_be_done_without_is_named_and_keeps_nobody_away() -> None:
    async def well() -> str:
        return ""

    app = FastAPI()
    trouble = {"coordination": lambda: "ConnectionError", "another": lambda: ""}
    app.include_router(health_router({"records": well}, trouble))
    answer = await get(app, "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "missing": {}, "degraded": {"coordination": "ConnectionError"}}


@pytest.mark.parametrize(
    ("allowed", "client", "status"),
    [
        pytest.param((), "192.0.2.1", 200, id="everybody, unless told otherwise"),
        pytest.param((ip_network("127.0.0.0/8"),), "127.0.0.1", 200, id="who is on the list"),
        pytest.param((ip_network("127.0.0.0/8"),), "192.0.2.1", 403, id="who is not"),
    ],
)
async def test_who_may_read_the_metrics(allowed: tuple[object, ...], client: str, status: int) -> None:
    async def render() -> tuple[bytes, str]:
        return b"guard_build_info 1\n", "text/plain"

    app = FastAPI()
    app.include_router(metrics_router(render, allowed))  # type: ignore[arg-type]
    assert (await get(app, "/metrics", client)).status_code == status
