"""`FORWARDED_ALLOW_IPS`, as the deployment's files set it, decides whose word on addresses counts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.dockerfile_steps import CONFIG


def running(folder: Path, believed: str) -> Iterator[str]:
    """The address of a guard whose figures only this machine may read."""
    config = folder / "shenyan.toml"
    config.write_text(CONFIG, "utf-8")
    environ = {name: text for name, text in os.environ.items() if not name.startswith("SHENYAN_")} | {
        "SHENYAN_SERVER__PORT": "0",
        "SHENYAN_STORAGE__URL": f"sqlite:///{folder}/records.db",
        "SHENYAN_MONITORING__METRICS_FROM": "127.0.0.0/8",
        "FORWARDED_ALLOW_IPS": believed,
    }
    command = [sys.executable, "-m", "app", "serve", "--config", str(config)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield next(word for line in process.stderr for word in line.split() if word.startswith("http://"))
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("believed", "status"),
    [
        pytest.param("127.0.0.0/8", 403, id="the balancer's network is believed"),
        pytest.param("172.30.91.0/24", 200, id="who is in no such network is taken for who they are"),
    ],
)
def test_whose_word_counts(believed: str, status: int, tmp_path: Path) -> None:
    for url in running(tmp_path, believed):
        with httpx.Client(trust_env=False) as http:
            told = http.get(f"{url}/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
        assert told.status_code == status
