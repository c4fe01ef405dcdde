"""A short cut of the fault matrix, as CI runs it; `make chaos` is the long one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.judge import PROMISES

ROOT = Path(__file__).parents[2]
SEED = "26"


@pytest.mark.timeout(600)  # of real time: this one is about time
@pytest.mark.parametrize(
    ("guards", "store"),
    [
        pytest.param(1, "sqlite", id="one guard on SQLite"),
        pytest.param(2, "postgres", id="two guards on PostgreSQL"),
    ],
)
def test_promises_hold_while_everything_goes_wrong(guards: int, store: str, tmp_path: Path) -> None:
    """Driver, bot, platform and moderators in one process, the guards in theirs."""
    report = tmp_path / "chaos.json"
    command = [
        sys.executable,
        "-m",
        "tests.faults",
        "--guards",
        str(guards),
        "--store",
        store,
        "--report",
        str(report),
    ]
    command += ["--conversations", "400", "--kills", "14", "--minutes", "1.5", "--stop-s", "6"]
    seed = os.environ.get("CHAOS_SEED", SEED)
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "CHAOS_SEED": seed}, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    assert report.exists(), told
    found = json.loads(report.read_text(encoding="utf-8"))
    assert {promise: found[promise] for promise in PROMISES} == dict.fromkeys(PROMISES, 0), told
    assert done.returncode == 0, told
    # It was a run worth the name: people talked, were answered, and guards died.
    assert found["conversations"] >= 100, told
    assert found["kills"] >= 8, told
    assert found["fates"]["answered"] >= found["conversations"] / 10, told
