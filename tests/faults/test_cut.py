"""A short cut of the fault matrix, as CI runs it; its figures stay in build/. The long one: make chaos."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.guards import ENDED_RUNNING
from tests.faults.judge import PROMISES
from tests.faults.steps import STEPS

ROOT = Path(__file__).parents[2]
SEED = "26"
SHORT = ["--conversations", "400", "--kills", "14", "--minutes", "1.5", "--stop-s", "6"]
NAMED = {f"guard {step.spelled}" for step in STEPS}


@pytest.fixture
def one_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Also where several workers run tests: two of these at once would starve each other."""
    with (tmp_path_factory.getbasetemp().parent / "faults.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.mark.timeout(900)  # of real time: this one is about time
@pytest.mark.usefixtures("one_at_a_time")
@pytest.mark.parametrize(
    ("guards", "store"),
    [
        pytest.param(1, "sqlite", id="one guard on SQLite"),
        pytest.param(2, "postgres", id="two guards on PostgreSQL"),
    ],
)
def test_promises_hold_while_everything_goes_wrong(guards: int, store: str) -> None:
    """Driver, bot, platform and moderators in one process, the guards in theirs."""
    report = ROOT / "build" / f"chaos-cut-{store}.json"
    report.unlink(missing_ok=True)
    wanted = [*SHORT, "--guards", str(guards), "--store", store, "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *wanted],
        cwd=ROOT,
        env={"CHAOS_SEED": SEED, **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    assert report.exists(), told
    found = json.loads(report.read_text(encoding="utf-8"))
    assert {promise: found[promise] for promise in PROMISES} == dict.fromkeys(PROMISES, 0), told
    assert done.returncode == 0, told
    # It was a run worth the name: people talked, were answered, and guards died.
    assert found["conversations"] >= 100, told
    assert found["kills"] >= 8, told
    assert ENDED_RUNNING not in found["faults"], told
    assert len([kill for kill in found["kills_by_step"] if kill in NAMED]) >= 3, told
    assert found["fates"]["answered"] >= found["conversations"] / 10, told
