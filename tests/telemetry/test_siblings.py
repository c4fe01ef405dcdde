"""Whoever is asked for the figures tells those of all processes, each by its number."""

import asyncio
from pathlib import Path

from app.telemetry.metrics import Metrics
from app.telemetry.siblings import Siblings, merged


def told(refused: int) -> bytes:
    metrics = Metrics(version="1", ruleset="abc")
    for _ in range(refused):
        metrics.connect_refused("host")
    return metrics.render()[0]


def test_each_sample_has_its_process() -> None:
    text = merged({0: told(1), 1: told(2)}).decode()
    for number, count in ((0, 1), (1, 2)):
        assert f'guard_proxy_refusals_total{{reason="host",worker="{number}"}} {count}.0' in text
    assert text.count("# TYPE guard_proxy_refusals_total counter") == 1


def test_one_that_is_silent_is_told_as_down() -> None:
    text = merged({0: told(1), 1: None}).decode()
    assert 'guard_worker_up{worker="0"} 1.0' in text
    assert 'guard_worker_up{worker="1"} 0.0' in text


async def test_figures_that_break_off_are_none(tmp_path: Path) -> None:
    """Killed half-way, one told `123` as `12`: a counter that falls, or no line at all."""
    half = told(7).partition(b"guard_proxy_refusals_total{")[0] + b"guard_proxy_refusals_total{reason"

    async def dies(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(len(told(7)).to_bytes(8) + half)
        writer.close()

    async def of_first() -> tuple[bytes, str]:
        return told(1), "text/plain"

    async with await asyncio.start_unix_server(dies, tmp_path / "1.sock"):
        body, _ = await Siblings(tmp_path, 0).of_all(of_first)()
    assert b'guard_worker_up{worker="1"} 0.0' in body
    assert b'reason="host",worker="0"} 1.0' in body


async def test_they_are_asked_by_their_sockets_and_a_dead_one_is_no_wait(tmp_path: Path) -> None:
    first, second = Siblings(tmp_path, 0), Siblings(tmp_path, 1)

    async def of_first() -> tuple[bytes, str]:
        return told(1), "text/plain"

    async def of_second() -> tuple[bytes, str]:
        return told(2), "text/plain"

    async with first.listening(of_first):
        async with second.listening(of_second):
            body, media_type = await first.of_all(of_first)()
            assert b'reason="host",worker="1"} 2.0' in body
            assert media_type == "text/plain"
        body, _ = await first.of_all(of_first)()
        assert b'guard_worker_up{worker="1"} 0.0' in body
