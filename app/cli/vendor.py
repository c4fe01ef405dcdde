"""`shenyan vendor`: contractors that send by themselves through the guard."""

import asyncio
import getpass
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError, GuardError
from app.core.vendors import VendorToken
from app.service.vendors import Vendors

app = typer.Typer(help="经慎言发送的外包方。Vendors that send through the guard.", no_args_is_help=True)

T = TypeVar("T")
Name = Annotated[str, typer.Argument(help="配置里 [vendors.名字] 的名字。As configured.")]
Reason = Annotated[str, typer.Option(help="理由，记入审计。Why; audited.")]


@app.command()
def secret() -> None:
    """造一个给外包方的密钥：明文只显示这一次，配置里只存散列。Shown once; only its hash is kept."""
    made = secrets.token_hex(16)
    typer.echo(f"给外包方的 AppSecret（只显示这一次 shown once）: {made}", err=True)
    typer.echo(f'secret_sha256 = ["{hashlib.sha256(made.encode()).hexdigest()}"]')


@app.command()
def token(
    name: Name,
    days: Annotated[int, typer.Option(help="有效天数。Days it lives.", min=1, max=730)] = 365,
    config: ConfigFile = None,
) -> None:
    """给微博频道的外包方一个令牌：只显示这一次，原有的照样有效。For Weibo: shown once; others stay valid."""
    made = _on_records(config, lambda vendors: vendors.issue(name, timedelta(days=days), _operator()))
    typer.echo(f"给 {name} 的 access_token（只显示这一次 shown once），{days} 天有效:", err=True)
    typer.echo(made)


@app.command()
def tokens(
    name: Name,
    end_others: Annotated[
        bool, typer.Option("--end-others", help="只留最新的一个。End all but the latest.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """列出用命令发的、还有效的令牌；换令牌后作废旧的。The living tokens that were given by command."""

    async def work(vendors: Vendors) -> Sequence[VendorToken]:
        if end_others:
            await vendors.end_others(name, _operator())
        return await vendors.living(name)

    for one in _on_records(config, work):
        typer.echo("\t".join([one.hash[:8], f"{one.created_at:%Y-%m-%d}", f"{one.expires_at:%Y-%m-%d}"]))


@app.command()
def revoke(name: Name, reason: Reason, config: ConfigFile = None) -> None:
    """立即停用：一秒之内所有令牌失效，密钥也不再换得到令牌。All its tokens end; its secret gets no more."""
    _on_records(config, lambda vendors: vendors.revoke(name, _operator(), reason))
    typer.echo(f"{name} 已停用 revoked")


@app.command()
def restore(name: Name, reason: Reason, config: ConfigFile = None) -> None:
    """重新启用。Its secret counts again."""
    _on_records(config, lambda vendors: vendors.restore(name, _operator(), reason))
    typer.echo(f"{name} 已恢复 restored")


@app.command("list")
def list_vendors(config: ConfigFile = None) -> None:
    """列出外包方和状态。The vendors, and who of them is shut out."""
    shut = {one.vendor: one for one in _on_records(config, lambda vendors: vendors.tokens.revocations())}
    for name, vendor in settings_from(config).vendors.items():
        state = f"已停用：{shut[name].reason}" if name in shut else "可用"
        typer.echo("\t".join([name, vendor.channel, "、".join(vendor.scopes), state]))


def _on_records(config: Path | None, work: Callable[[Vendors], Awaitable[T]]) -> T:
    """Raises ConfigError with what went wrong."""
    from app.assembly.egress import with_vendors

    try:
        return asyncio.run(with_vendors(settings_from(config), work))
    except ConfigError:
        raise
    except GuardError as error:
        raise ConfigError(str(error)) from error


def _operator() -> str:
    return f"cli:{getpass.getuser()}"
