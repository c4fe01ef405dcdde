"""`shenyan user`: who may sign in to the console."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError, GuardError
from app.core.identity import Role, User
from app.service.signing_in import SigningIn
from app.settings.values import Identifier

app = typer.Typer(help="控制台的用户。People who sign in to the console.", no_args_is_help=True)

T = TypeVar("T")
Name = Annotated[str, typer.Argument(help="用户名：小写字母、数字、连字符。")]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="角色。The role.")],
    channel: Annotated[list[str] | None, typer.Option(help="频道，可重复；默认全部。Channels.")] = None,
    totp: Annotated[
        bool, typer.Option("--totp", help="登录还要动态码。Also ask for a one-time code.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """加一个用户：初始密码只显示这一次，首次登录必须更换。The first password is shown once."""
    _require_name(name)
    channels = tuple(channel) if channel else None

    async def work(signing_in: SigningIn) -> tuple[User, str]:
        return await signing_in.add(name, role, _operator(), channels, totp=totp)

    user, password = _on_records(config, work)
    typer.echo(f"{name}（{role.value}）的初始密码（只显示这一次 shown once）: {password}")
    if user.totp_secret:
        _show_totp(user)


@app.command()
def reset(name: Name, config: ConfigFile = None) -> None:
    """换一个初始密码，解除锁定，注销所有登录。A new first password; all sessions end."""

    async def work(signing_in: SigningIn) -> str:
        return await signing_in.reset(name, _operator())

    typer.echo(f"{name} 的新密码（只显示这一次 shown once）: {_on_records(config, work)}")


@app.command()
def disable(name: Name, config: ConfigFile = None) -> None:
    """停用一个用户，注销所有登录。The user signs in no more; all sessions end."""

    async def work(signing_in: SigningIn) -> None:
        await signing_in.disable(name, _operator())

    _on_records(config, work)
    typer.echo(f"{name} 已停用 disabled")


@app.command("list")
def list_users(config: ConfigFile = None) -> None:
    """列出用户。Everybody who may sign in, or once could."""
    from app.assembly.people import users_on

    for user in asyncio.run(users_on(settings_from(config))):
        where = "全部频道" if user.channels is None else "、".join(user.channels)
        marks = [
            mark
            for mark, holds in (
                ("停用", user.disabled),
                ("动态码", bool(user.totp_secret)),
                ("待改密码", user.must_change),
            )
            if holds
        ]
        typer.echo("\t".join([user.name, user.role.value, where, "、".join(marks)]))


def _on_records(config: Path | None, work: Callable[[SigningIn], Awaitable[T]]) -> T:
    """Raises ConfigError with what went wrong."""
    from app.assembly.people import with_people

    settings = settings_from(config)
    try:
        return asyncio.run(with_people(settings, work))
    except ConfigError:
        raise
    except GuardError as error:
        raise ConfigError(str(error)) from error


def _require_name(name: str) -> None:
    try:
        TypeAdapter(Identifier).validate_python(name)
    except ValidationError:
        raise ConfigError(
            f"{name!r} is no name: lower-case letters, digits and hyphens, at most 40"
        ) from None


def _operator() -> str:
    """Who is at the machine: the audit row's actor."""
    return f"cli:{getpass.getuser()}"


def _show_totp(user: User) -> None:
    """The secret as a QR code in the terminal, and in letters."""
    import pyotp
    import segno

    address = pyotp.TOTP(user.totp_secret).provisioning_uri(name=user.name, issuer_name="慎言")
    typer.echo(f"用手机令牌扫码（只显示这一次 shown once），或输入 {user.totp_secret}:")
    segno.make(address).terminal(compact=True)
