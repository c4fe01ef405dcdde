"""`shenyan proxy`: the private CA, from the command line."""

import stat
from pathlib import Path

import pytest

from tests.test_cli import Run, config, rules, run
from tests.test_cli_vendor import VENDOR, WECHAT

__all__ = ["config", "rules", "run"]  # fixtures


def test_a_ca_is_made_once_and_its_key_is_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    made = run("proxy", "ca", "--out", str(tmp_path / "new" / "ca"))
    key, certificate = tmp_path / "new/ca/shenyan-ca.key", tmp_path / "new/ca/shenyan-ca.pem"
    assert made.code == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert made.out == f'[forward_proxy]\nca_certificate = "{certificate}"\nca_key = "{key}"\n'
    assert "PRIVATE" not in made.out + made.err
    before = (key.read_bytes(), certificate.read_bytes())
    again = run("proxy", "ca", "--out", str(tmp_path / "new" / "ca"))
    assert again.code == 2
    assert "不覆盖" in again.err
    key.unlink()
    assert run("proxy", "ca", "--out", str(tmp_path / "new" / "ca")).code == 2
    assert (certificate.read_bytes(), key.exists()) == (before[1], False)


def test_a_folder_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("proxy", "ca", "--out", str(tmp_path / "file" / "ca"))
    assert ended.code == 2
    assert "cannot be written" in ended.err


@pytest.fixture
def with_proxy(run: Run, config: Path, tmp_path: Path) -> Path:
    section = run("proxy", "ca", "--out", str(tmp_path)).out
    vendor = VENDOR.format(channel="wechat", hash="0" * 64)
    config.write_text(config.read_text("utf-8") + WECHAT + vendor + section, "utf-8")
    return config


def test_what_it_prints_is_a_sound_configuration(run: Run, with_proxy: Path) -> None:
    ended = run("config", "check", "--config", str(with_proxy))
    assert (ended.code, ended.err) == (0, "")


def test_a_ca_that_ends_soon_is_remarked_on(run: Run, with_proxy: Path, tmp_path: Path) -> None:
    check = ("config", "check", "--config", str(with_proxy))
    assert "forward_proxy" not in run(*check).out
    for name in ("shenyan-ca.key", "shenyan-ca.pem"):
        (tmp_path / name).unlink()
    run("proxy", "ca", "--out", str(tmp_path), "--days", "30")
    assert "注意 note: forward_proxy.ca_certificate: 还剩 29 天" in run(*check).out


def test_a_ca_that_is_gone_is_told_by_line(run: Run, with_proxy: Path, tmp_path: Path) -> None:
    (tmp_path / "shenyan-ca.key").unlink()
    ended = run("config", "check", "--config", str(with_proxy))
    assert ended.code == 2
    line = with_proxy.read_text("utf-8").splitlines().index(f'ca_key = "{tmp_path / "shenyan-ca.key"}"') + 1
    assert f"{with_proxy}:{line}: forward_proxy.ca_key: " in ended.err


def test_a_proxy_without_vendors_is_no_use(run: Run, config: Path, tmp_path: Path) -> None:
    section = run("proxy", "ca", "--out", str(tmp_path)).out
    config.write_text(config.read_text("utf-8") + section, "utf-8")
    ended = run("config", "check", "--config", str(config))
    assert ended.code == 2
    assert "forward_proxy: there is no [vendors" in ended.err
