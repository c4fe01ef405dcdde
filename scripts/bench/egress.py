"""The second door: what the stand-in adds to a vendor's send, and how long a revoked token still works."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx

from app.assembly.egress import with_vendors
from app.core.vendors import VendorRefused
from app.loading.config import load_settings
from app.service.vendors import Vendors
from app.settings.whole import Settings
from scripts.bench.load import PUSH, Load, steady
from scripts.bench.servers import TOKEN, cpu_seconds, free_port, signed_query, start_guard, start_upstream

SECRET = "bench-secret"  # noqa: S105
PER_SECOND = 100
REVOCATIONS = 100
SEND = "/cgi-bin/message/custom/send"

CONFIG = """
[server]
port = {port}
[storage]
url = "sqlite:///{folder}/egress.db"
[monitoring]
log_level = "error"
[bots.upstream]
kind = "webhook"
url = "http://127.0.0.1:{upstream}/wechat"
token = "{token}"
[channels.bench]
platform = "wechat"
bot = "upstream"
app_id = "wx-bench"
app_secret = "bench"
token = "{token}"
mode = "plaintext"
api_base = "http://127.0.0.1:{platform}"
signature_max_age_s = 86400
[vendors.acme]
channel = "bench"
secret_sha256 = ["{hash}"]
"""


def measure(seconds: int) -> list[dict[str, str | float]]:
    """Figures as `scripts.bench` reports them."""
    with TemporaryDirectory() as folder, ExitStack() as running:
        ports = _start(Path(folder), running)
        settings = load_settings(Path(folder) / "egress.toml", os.environ)
        asyncio.run(_citizens(ports.guard, PER_SECOND * seconds))
        token = _token(ports.guard)
        direct = _sends(ports.platform, f"{SEND}?access_token=bench", seconds)
        spent = cpu_seconds(ports.guard_pid)
        through = _sends(ports.guard, f"/egress/wechat/bench{SEND}?access_token={token}", seconds)
        cpu_ms = (cpu_seconds(ports.guard_pid) - spent) / max(1, through.requests) * 1_000
        delivered = _delivered(ports.guard)
        slowest = asyncio.run(_revocations(settings, ports.guard))
    added = through.p50_ms - direct.p50_ms
    print(
        f"a vendor's send at {PER_SECOND}/s: direct p50 {direct.p50_ms:.2f} ms, p99 {direct.p99_ms:.2f} ms;"
    )
    print(f"  through the stand-in p50 {through.p50_ms:.2f} ms, p99 {through.p99_ms:.2f} ms,")
    print(f"  {delivered} of {through.requests} delivered and recorded, {through.errors} errors")
    print(f"  {cpu_ms:.2f} ms of the guard's CPU for each")
    print(f"{REVOCATIONS} revocations under calls: let in for at most {slowest * 1000:.0f} ms more")
    return [
        {"name": "egress_added_p50_ms", "value": round(added, 3), "reach": 3.0, "better": "lower"},
        {"name": "revocation_window_s", "value": round(slowest, 3), "reach": 1.0, "better": "lower"},
    ]


@dataclass(frozen=True, slots=True)
class Ports:
    platform: int
    guard: int
    guard_pid: int


def _start(folder: Path, running: ExitStack) -> Ports:
    platform, bot, port = start_upstream(running, "platform"), start_upstream(running), free_port()
    config = folder / "egress.toml"
    config.write_text(
        CONFIG.format(
            port=port,
            upstream=bot,
            platform=platform,
            folder=folder,
            token=TOKEN,
            hash=sha256(SECRET.encode()).hexdigest(),
        )
    )
    return Ports(platform, port, start_guard(running, "shenyan", config, port).pid)


async def _citizens(port: int, many: int) -> None:
    """So many have just written: a vendor may answer each of them."""
    at_once = asyncio.Semaphore(16)
    url = f"http://127.0.0.1:{port}/hooks/bench?{signed_query()}"
    async with httpx.AsyncClient(trust_env=False) as http:

        async def one(number: int) -> None:
            async with at_once:
                push = PUSH.format(user=number, now=int(time.time()), id=number + 1)
                (await http.post(url, content=push.encode())).raise_for_status()

        await asyncio.gather(*(one(number) for number in range(many)))


def _token(port: int) -> str:
    query = {"grant_type": "client_credential", "appid": "wx-bench", "secret": SECRET}
    base = f"http://127.0.0.1:{port}/egress/wechat/bench"
    answer = httpx.get(f"{base}/cgi-bin/token", params=query, trust_env=False)
    return str(answer.json()["access_token"])


def _sends(port: int, path: str, seconds: int) -> Load:
    return steady(port, path, PER_SECOND, seconds, _messages())


def _messages() -> Iterator[bytes]:
    """One to each citizen."""
    for number in count():
        text = {"content": f"您好，办事大厅工作日上午九点至下午五点开放，取号 {number} 号。"}
        yield json.dumps({"touser": f"citizen-{number}", "msgtype": "text", "text": text}).encode()


def _delivered(port: int) -> int:
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    found = re.findall(r'guard_deliveries_total\{[^}]*state="delivered"[^}]*\} ([0-9.e+]+)', metrics)
    return int(sum(map(float, found)))


# --- revocations --------------------------------------------------------------------------------


async def _revocations(settings: Settings, port: int) -> float:
    """Seconds for which a call was still let in after its vendor was revoked by another process; the most."""

    async def race(vendors: Vendors) -> float:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/egress/wechat/bench", trust_env=False
        ) as http:
            found = [await _race(vendors, http) for _ in range(REVOCATIONS)]
        print(f"median {median(found) * 1000:.1f} ms", file=sys.stderr)
        return max(found)

    return await with_vendors(settings, race)


async def _race(vendors: Vendors, http: httpx.AsyncClient) -> float:
    token, _ = await _issued(vendors)
    let_in: list[float] = []
    done = asyncio.Event()

    async def call() -> None:
        """A call that carries nothing: what counts is whether it is let in."""
        while not done.is_set():
            began = time.perf_counter()
            answer = await http.post("/cgi-bin/clear_quota", params={"access_token": token}, content=b"{}")
            if answer.json()["errcode"] == 0:
                let_in.append(began)

    calls = [asyncio.create_task(call()) for _ in range(4)]
    await asyncio.sleep(0.02)
    await vendors.revoke("acme", "bench", f"race {datetime.now(UTC).isoformat()}")
    revoked = time.perf_counter()
    await asyncio.sleep(0.05)
    done.set()
    await asyncio.gather(*calls)
    await vendors.restore("acme", "bench", "next race")
    return max(0.0, max(let_in, default=0.0) - revoked)


async def _issued(vendors: Vendors) -> tuple[str, int]:
    """A new token; asked for more often than a vendor may, so from many addresses."""
    for number in range(256):
        try:
            return await vendors.token("bench", SECRET, f"127.0.0.{number}")
        except VendorRefused:
            continue
    raise RuntimeError("no token is given")


if __name__ == "__main__":
    measure(int(os.environ.get("BENCH_SECONDS", "8")))
