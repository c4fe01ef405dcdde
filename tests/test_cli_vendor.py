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


WEIBO = """
[channels.weibo]
platform = "weibo"
bot = "vendor"
app_secret = "weibo-secret"
access_token = "weibo-token"

[vendors.acme]
channel = "weibo"
"""


@pytest.fixture
def at_weibo(config: Path) -> tuple[str, str]:
    config.write_text(config.read_text("utf-8") + WEIBO, "utf-8")
    return ("--config", str(config))


def test_a_token_is_shown_once_and_stands_beside_the_older_one_until_that_is_ended(
    run: Run, at_weibo: tuple[str, str]
) -> None:
    first, second = (run("vendor", "token", "acme", *at_weibo).out.strip() for _ in range(2))
    assert (len(first), first != second) == (64, True)
    listed = run("vendor", "tokens", "acme", *at_weibo).out.splitlines()
    prefixes = [hashlib.sha256(token.encode()).hexdigest()[:8] for token in (first, second)]
    assert [line.split("\t")[0] for line in listed] == prefixes
    left = run("vendor", "tokens", "acme", "--end-others", *at_weibo).out.splitlines()
    assert [line.split("\t")[0] for line in left] == prefixes[1:]
    audited = run("audit", "export", "--format", "jsonl", *at_weibo)
    assert [one["action"] for one in audited.answers] == ["vendor.issue"] * 2 + ["vendor.end-tokens"]
    assert first not in audited.out + "".join(listed)


def test_a_revoked_vendor_is_given_no_token(run: Run, at_weibo: tuple[str, str]) -> None:
    run("vendor", "token", "acme", *at_weibo)
    run("vendor", "revoke", "acme", "--reason", "换人了", *at_weibo)
    ended = run("vendor", "token", "acme", *at_weibo)
    assert ended.code != 0
    assert "acme is revoked" in ended.err
    assert run("vendor", "tokens", "acme", *at_weibo).out == ""


def test_a_vendor_that_has_a_secret_is_given_no_token(run: Run, with_vendor: Path) -> None:
    for command in ("token", "tokens"):
        ended = run("vendor", command, "acme", "--config", str(with_vendor))
        assert ended.code != 0
        assert "acme fetches its tokens with its secret" in ended.err


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        pytest.param(
            WECHAT.replace('app_secret = "platform-secret"', "")
            + VENDOR.format(channel="wechat", hash="0" * 64),
            "vendors.acme.channel: wechat needs an app_secret",
            id="WeChat without a secret",
        ),
        pytest.param(
            f'{WECHAT}[vendors.acme]\nchannel = "wechat"\n',
            "vendors.acme.secret_sha256: missing; `shenyan vendor secret` makes one",
            id="no secret for the vendor",
        ),
        pytest.param(
            WEIBO.replace('access_token = "weibo-token"', ""),
            "vendors.acme.channel: weibo needs an access_token",
            id="Weibo without a token",
        ),
        pytest.param(
            f'{WEIBO}secret_sha256 = ["{"0" * 64}"]\n',
            "vendors.acme.secret_sha256: a vendor at a Weibo channel has none",
            id="a secret for Weibo",
        ),
        pytest.param(
            WEIBO.replace("[vendors", 'egress_allow = ["/2/comments/create.json"]\n[vendors'),
            "/2/comments/create.json cannot be allowed",
            id="a call that carries words",
        ),
    ],
)
def test_a_vendor_that_could_send_nothing_is_refused(run: Run, config: Path, tables: str, told: str) -> None:
    config.write_text(config.read_text("utf-8") + tables, "utf-8")
    ended = run("config", "check", "--config", str(config))
    assert ended.code != 0
    assert told in ended.err
