"""Load: wrk where it is installed for throughput, and a small asyncio client for a steady rate."""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

USERS = 10**12
"""So many that nobody asks the same twice: that would be a question for a person."""

PUSH = (
    "<xml><ToUserName><![CDATA[gh_bench]]></ToUserName><FromUserName><![CDATA[citizen-{user}]]></FromUserName>"
    "<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[请问办理居住证需要带哪些材料？]]></Content><MsgId>{id}</MsgId></xml>"
)

WRK_SCRIPT = """
local n = {first}
request = function()
  n = n + 1
  local body = string.format([==[{push}]==], n % {users}, n)
  return wrk.format("POST", "{path}", {{["Content-Type"] = "text/xml"}}, body)
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect))
end
"""

_ids = count(int(time.time()) * 1_000_000, 10_000_000)
"""Message ids that no earlier run has used: a repeated id would be answered from the record."""


@dataclass(frozen=True, slots=True)
class Load:
    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def pushes(first_id: int) -> Iterator[bytes]:
    for n in count(first_id):
        yield PUSH.format(user=n % USERS, now=int(time.time()), id=n).encode()


def new_pushes() -> Iterator[bytes]:
    """Of messages that no earlier run has sent."""
    return pushes(next(_ids))


def full(port: int, path: str, connections: int, seconds: int, pin: list[str]) -> Load:
    """As much as it takes, over this many connections."""
    if shutil.which("wrk") is None:
        return asyncio.run(_closed_loop(port, path, connections, seconds))
    push = PUSH.format(user="%d", now=int(time.time()), id="%d")
    script = WRK_SCRIPT.format(first=next(_ids), push=push, users=USERS, path=path)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "push.lua"
        file.write_text(script)
        command = [*pin, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(file)]
        run = subprocess.run(  # noqa: S603
            [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
        )
    found = re.search(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)", run.stdout)
    if found is None:
        raise RuntimeError(run.stdout + run.stderr)
    requests, micros = int(found[1]), int(found[2])
    return Load(requests, requests / micros * 1e6, float(found[3]), float(found[4]), int(found[5]))


def steady(
    port: int, path: str, per_second: int, seconds: int, bodies: Iterator[bytes] | None = None
) -> Load:
    """An even rate, each request on time whether or not the one before has been answered.

    `bodies`: what is sent; by default pushes of citizens who have never written before.
    """
    return asyncio.run(_open_loop(port, path, per_second, seconds, bodies or new_pushes()))


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes, took: list[float]
) -> None:
    started = time.perf_counter()
    good, _ = await posted(reader, writer, path, body)
    took.append(time.perf_counter() - started if good else -1.0)


async def posted(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes
) -> tuple[bool, bytes]:
    """Whether it was answered with 200, and the answer."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    headers = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", headers)
    answer = await reader.readexactly(int(length[1]) if length else 0)
    return headers.startswith(b"HTTP/1.1 200"), answer


async def _closed_loop(port: int, path: str, connections: int, seconds: int) -> Load:
    bodies, took = new_pushes(), list[float]()
    end = time.perf_counter() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            await _ask(reader, writer, path, next(bodies), took)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return _summary(took, seconds)


async def _open_loop(port: int, path: str, per_second: int, seconds: int, bodies: Iterator[bytes]) -> Load:
    took = list[float]()
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def one(body: bytes) -> None:
        while free and free[-1][0].at_eof():
            free.pop()[1].close()  # the server has closed what was idle for seconds
        pair = free.pop() if free else await asyncio.open_connection("127.0.0.1", port)
        await _ask(*pair, path, body, took)
        free.append(pair)

    started = time.perf_counter()
    tasks = []
    for n in range(per_second * seconds):
        await asyncio.sleep(max(0.0, started + n / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(one(next(bodies))))
    await asyncio.gather(*tasks)
    for _, writer in free:
        writer.close()
    return _summary(took, seconds)


def _summary(took: list[float], seconds: float) -> Load:
    good = [one * 1000 for one in took if one >= 0]
    cuts = quantiles(good, n=100)
    return Load(len(took), len(took) / seconds, cuts[49], cuts[98], len(took) - len(good))
