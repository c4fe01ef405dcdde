"""The sample town's accounts: fresh secrets, the ports in use, and the guard's configuration for them."""

import hashlib
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from app.demo.emulator import Accounts
from app.demo.wechat_account import WeChatAccount
from app.demo.weibo_account import WeiboAccount

LETTERS_AND_DIGITS = string.ascii_letters + string.digits

SCOPES = ("holds:read", "holds:decide", "deliveries:read", "deliveries:decide", "check")


FACTS = """\
# The facts that the sample town's accounts may tell.
phones = ["0000-1234567"]
links = ["www.guihe.example.gov.cn"]
addresses = ["贵河市中心区和平路12号"]
documents = ["贵政办〔2024〕3号"]
hours = ["工作日 9:00-12:00，13:30-17:00"]
"""


@dataclass(frozen=True, slots=True)
class Ports:
    guard: int
    vendor: int
    emulator: int


@dataclass(frozen=True, slots=True)
class Sample:
    ports: Ports
    accounts: Accounts
    vendor_wechat_token: str
    vendor_weibo_secret: str
    api_token: str
    """For /v1; the configuration holds its hash only."""

    @property
    def guard_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.guard}"

    @property
    def vendor_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.vendor}"

    @property
    def emulator_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.emulator}"


def new_sample(ports: Ports) -> Sample:
    guard = f"http://127.0.0.1:{ports.guard}"
    accounts = Accounts(
        wechat=WeChatAccount(
            account="gh_guihe0000001",
            app_id="wx5a6d706c65000001",
            app_secret=secrets.token_hex(16),
            token=_letters(32),
            mode="safe",
            aes_key=_letters(43),
        ),
        weibo=WeiboAccount(
            uid=6000000001, app_secret=secrets.token_hex(16), access_token=secrets.token_hex(16)
        ),
        wechat_webhook=f"{guard}/hooks/wechat",
        weibo_webhook=f"{guard}/hooks/weibo",
    )
    return Sample(ports, accounts, _letters(32), secrets.token_hex(16), secrets.token_urlsafe(24))


def write_config(sample: Sample, folder: Path) -> Path:
    """Write the guard's configuration and the accounts' facts into `folder`, an absolute one."""
    (folder / "facts.toml").write_text(FACTS, encoding="utf-8")
    file = folder / "shenyan.toml"
    file.write_text(config_toml(sample, folder), encoding="utf-8")
    return file


def config_toml(sample: Sample, folder: Path) -> str:
    """The guard's configuration, with its records and its facts in `folder`, an absolute one."""
    wechat, weibo = sample.accounts.wechat, sample.accounts.weibo
    scopes = ", ".join(f'"{scope}"' for scope in SCOPES)
    return f"""\
# Written anew at every start of the sample; nothing in it is secret outside this machine.
[server]
host = "127.0.0.1"
port = {sample.ports.guard}

[storage]
url = "sqlite:///{folder.as_posix()}/shenyan.db"

[monitoring]
log_format = "console"
log_level = "warning"

[courier]
poll_every_s = 0.5

[bots.vendor-wechat]
kind = "webhook"
url = "{sample.vendor_url}/wechat"
token = "{sample.vendor_wechat_token}"

[bots.vendor-weibo]
kind = "webhook"
url = "{sample.vendor_url}/weibo"
token = "{sample.vendor_weibo_secret}"

[channels.wechat]
platform = "wechat"
title = "贵河发布"
bot = "vendor-wechat"
app_id = "{wechat.app_id}"
facts = "{folder.as_posix()}/facts.toml"
token = "{wechat.token}"
mode = "{wechat.mode}"
aes_key = "{wechat.aes_key}"
app_secret = "{wechat.app_secret}"
api_base = "{sample.emulator_url}"

[channels.weibo]
platform = "weibo"
title = "贵河发布"
bot = "vendor-weibo"
uid = "{weibo.uid}"
facts = "{folder.as_posix()}/facts.toml"
app_secret = "{weibo.app_secret}"
access_token = "{weibo.access_token}"
api_base = "{sample.emulator_url}"
comment_api_base = "{sample.emulator_url}"

[api_tokens.sample]
sha256 = "{hashlib.sha256(sample.api_token.encode()).hexdigest()}"
scopes = [{scopes}]
"""


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(count))
