"""The unit of a single machine, judged by systemd itself; and what it forbids is not missed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.programs import DEPLOY, program
from tests.deploy.settings_named import grace_needed, require_settings

UNIT = (DEPLOY / "systemd" / "shenyan.service").read_text("utf-8")

NO_NEW_CODE = """
import ctypes, mmap, os, sys
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
if libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError:
    os.execv(sys.executable, [sys.executable, "-m", "app", "check", "您好，您反映的问题已收悉。"])
sys.exit(78)
"""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is there."""
    file = tmp_path / "shenyan.service"
    file.write_text(UNIT.replace("/opt/shenyan/venv/bin/shenyan", sys.executable), "utf-8")
    return file


def test_systemd_understands_every_line(unit: Path) -> None:
    command = [program("systemd-analyze", "systemd"), "verify", "--man=no", str(unit)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_systemd_finds_it_well_shut(unit: Path) -> None:
    command = [
        program("systemd-analyze", "systemd"),
        "security",
        "--offline=true",
        "--threshold=15",
        str(unit),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_it_is_given_time_to_drain_and_always_comes_back() -> None:
    (patience,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.M)
    assert float(patience) > grace_needed()
    assert "\nRestart=always\n" in UNIT
    assert "\nKillSignal=SIGTERM\n" in UNIT


def test_its_secrets_and_variables_are_settings() -> None:
    secrets = re.findall(r"^LoadCredential=(\w+):/etc/shenyan/secrets/(\w+)$", UNIT, re.M)
    variables = re.findall(r"^Environment=(SHENYAN_\w+__\w+)=", UNIT, re.M)
    assert secrets
    assert all(name == file for name, file in secrets)
    require_settings([*(name for name, _ in secrets), *variables])


def test_the_guard_needs_no_memory_that_is_both_written_and_run() -> None:
    """`MemoryDenyWriteExecute=yes`, asked of the kernel itself."""
    run = subprocess.run([sys.executable, "-c", NO_NEW_CODE], capture_output=True, text=True, check=False)
    if run.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE (Linux 6.3)")
    assert run.returncode == 0, run.stderr
    assert '"release"' in run.stdout
