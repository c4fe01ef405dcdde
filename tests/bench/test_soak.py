"""The soak in short: to saturation and back, and some seconds at half of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.progress import Progress

from scripts.bench.soak import Report, Soaked, Step, measure, running_guard, written

GOOD = Report(
    (Step(4, 500.0, 5.0, 20.0, 0, 0), Step(64, 900.0, 60.0, 90.0, 7, 0)),
    1.0,
    Soaked(450.0, 600.0, 270_000, 0, 0, 6.0, 30.0, (270.0, 275.0), (30, 30)),
)


@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_a_guard_comes_back_from_saturation_and_leaks_nothing() -> None:
    with running_guard(shared=False) as guard, Progress(disable=True) as progress:
        report = await measure(guard, soak_s=15, step_s=2, progress=progress, steps=(4, 64))
    assert report.kept == dict.fromkeys(report.kept, True), report
    assert report.soaked.answered > 0.9 * report.soaked.per_second * 15


def test_back_pressure_breaks_no_promise() -> None:
    assert set(GOOD.kept.values()) == {True}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(replace(GOOD, steps=(Step(4, 500.0, 5.0, 20.0, 0, 1),)), id="an error in a step"),
        pytest.param(replace(GOOD, recovered_s=float("inf")), id="never recovered"),
        pytest.param(replace(GOOD, soaked=replace(GOOD.soaked, errors=1)), id="an error in the soak"),
        pytest.param(replace(GOOD, soaked=replace(GOOD.soaked, memory_mb=(270.0, 284.0))), id="memory"),
        pytest.param(replace(GOOD, soaked=replace(GOOD.soaked, descriptors=(30, 33))), id="descriptors"),
    ],
)
def test_each_promise_can_be_broken(broken: Report, tmp_path: Path) -> None:
    assert [kept for kept in broken.kept.values() if not kept] == [False]
    written(broken, tmp_path / "soak.json")
    assert "false" in (tmp_path / "soak.json").read_text()
