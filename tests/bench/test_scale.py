"""The plan of scale: the document's table is the script's, and the script's arithmetic holds."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from scripts.scale import RATES, RECORDED, Measured, plan, table, waits_p99_ms

DOCUMENT = Path(__file__).parents[2] / "docs" / "scale.md"
ROUND = Measured(
    shared_cpu_ms=1.0,
    two_processes_cpu_ms=1.0,
    postgres_cpu_ms=0.1,
    redis_cpu_ms=0.01,
    postgres_bytes=4_000,
    wal_bytes=5_000,
    redis_commands=0.5,
    postgres_connections=3,
    redis_connections=3,
)


def test_the_documents_table_is_what_the_script_prints_of_the_recorded_figures() -> None:
    assert table(Measured.of(json.loads(RECORDED.read_text())), RATES) in DOCUMENT.read_text()


def test_a_report_of_the_bench_is_read() -> None:
    entries = [{"name": f"scale_{name}", "value": value} for name, value in asdict(ROUND).items()]
    assert Measured.of([{"name": "check_load_seconds", "value": 1.0, "reach": 3.0}, *entries]) == ROUND
    with pytest.raises(KeyError):
        Measured.of(entries[1:])


@pytest.mark.parametrize(
    ("rate", "processes", "partition", "primaries"),
    [
        pytest.param(1, 2, "月 month", 1, id="two are the least"),
        pytest.param(1_000, 2, "天 day", 1, id="half of a core each"),
        pytest.param(1_001, 3, "天 day", 1, id="one more"),
        pytest.param(50_000, 100, "小时 hour", 3, id="more than one primary writes"),
    ],
)
def test_what_a_rate_takes(rate: int, processes: int, partition: str, primaries: int) -> None:
    found = plan(ROUND, rate)
    assert (found.processes, found.partition, found.primaries) == (processes, partition, primaries)


def test_a_day_holds_what_its_seconds_write() -> None:
    assert plan(ROUND, 1_000).gb_per_day == pytest.approx(1_000 * 86_400 * 4_000 / 1e9)


def test_what_two_processes_cost_each_other_counts() -> None:
    dearer = replace(ROUND, two_processes_cpu_ms=2.0)
    assert plan(dearer, 10_000).processes == 2 * plan(ROUND, 10_000).processes


def test_a_burst_that_fits_waits_little_and_one_that_does_not_waits_long() -> None:
    assert waits_p99_ms(400, 0.001) < waits_p99_ms(500, 0.001) < waits_p99_ms(700, 0.001)
    assert waits_p99_ms(400, 0.001) < 20
    assert waits_p99_ms(700, 0.001) > 200
    assert waits_p99_ms(500, 0.001) == waits_p99_ms(500, 0.001)
