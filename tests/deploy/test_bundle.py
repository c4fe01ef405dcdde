"""What is carried to a machine without a network installs there, checks itself first, and judges."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from app import __version__
from scripts.bundle import NAME, BundleError, bundle

GREETING = "你好"
INSULT = "就你这水平还好意思投诉？"


def offline(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs it where no network is; who may not make such a place at least has no index of packages."""
    alone = [shutil.which("unshare") or "unshare", "--net"] if os.geteuid() == 0 else []
    environ = {
        name: text for name, text in os.environ.items() if not name.startswith(("PIP_", "UV_", "SHENYAN_"))
    }
    environ |= {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PYTHON": sys.executable}
    return subprocess.run(
        [*alone, *command], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / NAME


def require_checksums(whole: Path) -> None:
    for line in (whole / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((whole / name).read_bytes()).hexdigest() == digest


def require_refusals(whole: Path, target: Path) -> None:
    """A changed file, an added one, or another Python: nothing is installed."""
    changed = whole / "samples" / "shenyan.toml"
    text = changed.read_bytes()
    changed.write_bytes(text + b" ")
    assert "A checksum is wrong" in offline("sh", "install.sh", str(target), cwd=whole).stderr
    changed.write_bytes(text)

    added = whole / "wheels" / "shenyan-99-py3-none-any.whl"
    added.write_bytes(b"")
    assert "Files that are not listed" in offline("sh", "install.sh", str(target), cwd=whole).stderr
    added.unlink()

    sums, fits = whole / "SHA256SUMS", whole / "TARGET"
    listed, named = sums.read_text(), fits.read_bytes()
    fits.write_text("python 3.9 linux-mips\n")
    other = hashlib.sha256(fits.read_bytes()).hexdigest()
    sums.write_text(listed.replace(hashlib.sha256(named).hexdigest(), other))
    assert "for another Python" in offline("sh", "install.sh", str(target), cwd=whole).stderr
    fits.write_bytes(named)
    sums.write_text(listed)
    assert not target.exists()


@pytest.mark.timeout(300)
def test_a_bundle_installs_where_no_network_is(tmp_path: Path) -> None:
    try:
        archive = bundle(tmp_path / "build")
    except BundleError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the wheels could not be had: {error}")
    whole, target = unpacked(archive, tmp_path), tmp_path / "opt"
    assert not list((whole / "wheels").glob("pytest-*")), "nothing of the development"
    require_checksums(whole)
    require_refusals(whole, target)

    run = offline("sh", "install.sh", str(target), cwd=whole)
    assert run.returncode == 0, run.stdout + run.stderr
    shenyan = str(target / "venv" / "bin" / "shenyan")
    assert run.stdout.splitlines() == [f"shenyan {__version__}", shenyan]
    shutil.rmtree(whole)

    judged = offline(shenyan, "check", GREETING, INSULT, cwd=tmp_path)
    assert [json.loads(line)["disposition"] for line in judged.stdout.splitlines()][1] == "block"
    assert judged.returncode == 0, judged.stderr
    site = next((target / "venv" / "lib").glob("python*/site-packages/app"))
    assert (site / "web" / "console" / "static" / "vendor" / "htmx.min.js").exists()
    assert (target / "samples" / "shenyan.toml").exists()
