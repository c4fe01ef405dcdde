"""The figures of several processes behind one port: whoever is asked tells those of all, by number."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Render = Callable[[], Awaitable[tuple[bytes, str]]]
WITHIN_S = 1.0
LENGTH_BYTES = 8
"""Before the figures: how many bytes of them there are."""


@dataclass(frozen=True, slots=True)
class Siblings:
    folder: Path
    """Where each process listens, on a socket that its owner alone may open."""
    number: int

    @asynccontextmanager
    async def listening(self, render: Render) -> AsyncIterator[None]:
        """Tells the others this process's figures."""

        async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                body, _media_type = await render()
                writer.write(len(body).to_bytes(LENGTH_BYTES) + body)
                await writer.drain()
            finally:
                writer.close()

        path = self._socket(self.number)
        path.unlink(missing_ok=True)  # its predecessor's
        async with await asyncio.start_unix_server(tell, path):
            yield

    def of_all(self, render: Render) -> Render:
        async def collected() -> tuple[bytes, str]:
            (body, media_type), others = await asyncio.gather(render(), self._others())
            return merged({self.number: body, **others}), media_type

        return collected

    async def _others(self) -> Mapping[int, bytes | None]:
        numbers = sorted(int(path.stem) for path in self.folder.glob("*.sock"))
        others = [number for number in numbers if number != self.number]
        return dict(zip(others, await asyncio.gather(*map(self._ask, others)), strict=True))

    async def _ask(self, number: int) -> bytes | None:
        try:
            async with asyncio.timeout(WITHIN_S):
                reader, writer = await asyncio.open_unix_connection(self._socket(number))
                try:
                    length = int.from_bytes(await reader.readexactly(LENGTH_BYTES))
                    return await reader.readexactly(length)
                finally:
                    writer.close()
        except (
            OSError,
            EOFError,
            TimeoutError,
        ):  # of which half an answer is one: it would tell half a number
            return None

    def _socket(self, number: int) -> Path:
        return self.folder / f"{number}.sock"


def merged(bodies: Mapping[int, bytes | None]) -> bytes:
    """Each sample with the number of the process that told it; None: it did not answer."""
    registry = CollectorRegistry()
    registry.register(_Merged(bodies))
    return generate_latest(registry)


class _Merged(Collector):
    def __init__(self, bodies: Mapping[int, bytes | None]) -> None:
        self._bodies = bodies

    def collect(self) -> Iterable[Metric]:
        found: dict[str, Metric] = {}
        up = GaugeMetricFamily(
            "guard_worker_up", "0: this process did not tell its figures", labels=["worker"]
        )
        for number, body in sorted(self._bodies.items()):
            up.add_metric([str(number)], 0 if body is None else 1)
            for metric in text_string_to_metric_families((body or b"").decode()):
                family = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    labels = {**sample.labels, "worker": str(number)}
                    family.add_sample(sample.name, labels, sample.value)
        yield up
        yield from found.values()
