"""`shenyan vendor`: contractors that send through the guard, from the command line."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.test_cli import Run, config, rules, run

__all__ = ["config", "rules", "run"]  # fixtures

VENDOR = """
[vendors.acme]
channel = "{channel}"
secret_sha256 = ["{hash}"]
"""
WECHAT = """
[channels.wechat]
platform = "wechat"
bot = "vendor"
app_id = "wx1"
token = "PlatformToken26"
mode = "plaintext"
app_secret = "platform-secret"
"""


@pytest.fixture
def with_vendor(config: Path) -> Path:
    vendor = VENDOR.format(channel="wechat", hash="0" * 64)
    config.write_text(config.read_text("utf-8") + WECHAT + vendor, "utf-8")
    return config


def test_a_secret_is_shown_once_and_its_hash_goes_into_the_configuration(run: Run) -> None:
    made = run("vendor", "secret")
    secret = re.search(r": ([0-9a-f]{32})\n", made.err)
    assert secret is not None
    assert hashlib.sha256(secret[1].encode()).hexdigest() in made.out


def test_a_vendor_is_shut_out_and_let_in_again(run: Run, with_vendor: Path) -> None:
    at = ("--config", str(with_vendor))
    assert run("vendor", "list", *at).out == "acme\twechat\tsend\t可用\n"
    assert run("vendor", "revoke", "acme", "--reason", "换人了", *at).code == 0
    assert run("vendor", "list", *at).out == "acme\twechat\tsend\t已停用：换人了\n"
    assert run("vendor", "restore", "acme", "--reason", "查清了", *at).code == 0
    assert run("vendor", "list", *at).out == "acme\twechat\tsend\t可用\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("revoke", "nobody", "--reason", "试"), "there is no [vendors.nobody]", id="nobody"),
        pytest.param(("revoke", "acme", "--reason", " "), "a reason is required", id="no reason"),
    ],
)
def test_what_cannot_be_done_is_told(
    run: Run, with_vendor: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = run("vendor", *arguments, "--config", str(with_vendor))
    assert ended.code != 0
    assert told in ended.err


def test_a_channel_that_cannot_send_has_no_vendors(run: Run, config: Path) -> None:
    config.write_text(config.read_text("utf-8") + VENDOR.format(channel="hall", hash="0" * 64), "utf-8")
    ended = run("config", "check", "--config", str(config))
    assert ended.code != 0
    assert "vendors.acme.channel: hall must be a WeChat channel with an app_secret" in ended.err
