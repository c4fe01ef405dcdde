"""The Dockerfile, carried out step by step; and what it says of itself elsewhere."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser
from packaging.specifiers import SpecifierSet

from app import __version__
from app.settings.machinery import Server
from tests.deploy.programs import ROOT, program

STEPS = DockerfileParser(path=str(ROOT / "Dockerfile"), env_replace=False).structure


def values(kind: str) -> list[str]:
    return [step["value"] for step in STEPS if step["instruction"] == kind]


def carry_out(*dockerfile: str) -> "subprocess.CompletedProcess[str]":
    """Skips where overlays cannot be made; where CI runs, that is a failure."""
    program("unshare", "util-linux")
    if os.geteuid() and not os.environ.get("CI"):
        pytest.skip("only root makes overlays: sudo make test")
    command = [sys.executable, "-m", "scripts.dockerfile_steps", *dockerfile]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_every_step_works_and_the_container_starts_healthy_and_stops() -> None:
    run = carry_out()
    offline = re.search(r"RUN (pip install|uv sync|.*scripts\.assets).*\Z", run.stdout)
    if run.returncode and offline and not os.environ.get("CI"):
        pytest.skip(f"the packages could not be had: {run.stderr[-500:]}")
    assert run.returncode == 0, run.stdout + run.stderr
    told = run.stdout.splitlines()
    assert f"shenyan {__version__}" in told
    judged = [json.loads(line)["disposition"] for line in told if line.startswith("{")]
    assert judged == ["release", "block"]
    assert told[-2:] == ["healthy", "stopped"]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        pytest.param("RUN false", "sh -c false: 1", id="a command fails"),
        pytest.param("COPY no-such-folder .", "git has no such file", id="what is copied is not there"),
        pytest.param("COPY .venv .venv", "git has no such file", id="what is copied is not in git"),
        pytest.param("ADD app app", "ADD: not known here", id="an instruction nobody carries out"),
    ],
)
def test_a_step_that_cannot_be_done_is_told(steps: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.13-slim\n{steps}\n")
    run = carry_out(str(tmp_path / "Dockerfile"))
    assert run.returncode == 1
    assert said in run.stderr


def test_the_base_image_has_a_python_that_we_support() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    images = {value.split()[0] for value in values("FROM")}
    assert len(images) == 1, "the environment moves from one to the other"
    (version,) = re.findall(r"python:(\d+\.\d+)", images.pop())
    assert SpecifierSet(project["requires-python"]).contains(version)


def test_the_health_check_asks_the_port_the_guard_listens_on() -> None:
    (check,), (port,) = values("HEALTHCHECK"), values("EXPOSE")
    assert f"http://127.0.0.1:{port}/readyz" in check
    assert int(port) == Server().port
