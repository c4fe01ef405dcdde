"""`shenyan serve --sample`: the guard between an emulated platform and a sample bot, to be played with."""

import asyncio
import tomllib
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from app.assembly.people import with_people
from app.core.errors import Conflict
from app.core.identity import Role
from app.demo.emulator import new_client, write_accounts
from app.demo.processes import Surroundings, free_ports
from app.demo.sample import Ports, Sample, new_sample, write_config
from app.main import serve
from app.service.signing_in import SigningIn
from app.settings.whole import Settings

FOLDER = Path("var/sample")
MODERATOR = "moderator"
USUAL_PORTS = (8900, 8901, 8902)
"""Guard, vendor's bot, emulator; another one where it is taken."""

READY_WITHIN_S = 20.0


def run(folder: Path = FOLDER) -> None:
    """Serve until SIGTERM or Ctrl-C. Records stay in `folder`; secrets are new at every start.

    Raises DidNotStart, ConfigError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    sample = new_sample(Ports(*free_ports(USUAL_PORTS)))
    accounts = folder / "accounts.json"
    write_accounts(sample.accounts, accounts)
    config = write_config(sample, folder)
    surroundings = Surroundings(sample, folder, accounts)
    try:
        surroundings.start()
        asyncio.run(_ready(surroundings))
        settings = Settings.model_validate(tomllib.loads(config.read_text(encoding="utf-8")))
        password = asyncio.run(_moderator(settings))
        serve(settings, announce=lambda _url, _proxy, _first: _welcome(sample, folder, password))
    finally:
        surroundings.stop()


async def _ready(surroundings: Surroundings) -> None:
    async with new_client() as http:
        await surroundings.ready(http, READY_WITHIN_S)


async def _moderator(settings: Settings) -> str:
    """A reviewer to sign in as; a new password at every start."""

    async def work(signing_in: SigningIn) -> str:
        try:
            _, password = await signing_in.add(MODERATOR, Role.DUTY_REVIEWER, by="sample")
        except Conflict:
            password = await signing_in.reset(MODERATOR, by="sample")
        return password

    return await with_people(settings, work)


def _welcome(sample: Sample, folder: Path, password: str) -> None:
    """Say what to open. Commands stay in one line, ready to be copied."""
    question = '{"user":"o-citizen-1","text":"办事大厅几点开门？"}'
    text = f"""
[bold green]慎言 · 示例环境[/]
  以市民身份留言   [link]{sample.emulator_url}/[/link]
  以审核员身份审核 [link]{sample.guard_url}/console/[/link]  用户名 {MODERATOR}  初始密码 {password}
  接口说明         [link]{sample.guard_url}/v1/openapi.json[/link]
  就绪与指标       [link]{sample.guard_url}/readyz[/link]  [link]{sample.guard_url}/metrics[/link]
  配置与记录       {escape(str(folder))}

[bold]用命令行留言，再看市民收到了什么：[/]
  curl -s {sample.emulator_url}/emulator/wechat/messages -d '{question}'
  curl -s {sample.emulator_url}/emulator/inbox/o-citizen-1

[bold]待审的回复：[/]
  curl -s {sample.guard_url}/v1/holds -H 'Authorization: Bearer {sample.api_token}'

按 Ctrl-C 结束。
"""
    Console(highlight=False).print(text, soft_wrap=True)
