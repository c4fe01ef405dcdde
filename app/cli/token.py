"""`shenyan token new`."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Annotated, get_args

import typer
from pydantic import TypeAdapter, ValidationError

from app.core.errors import ConfigError
from app.settings.values import Identifier
from app.settings.whole import Scope

app = typer.Typer(help="API 令牌。Tokens for /v1.", no_args_is_help=True)


@app.command()
def new(
    name: Annotated[str, typer.Option(help="令牌的名字，写进审计记录。Who acts with it.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="权限，可重复；默认全部。Scopes; default all.")
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="频道，可重复；默认全部。Channels.")] = None,
) -> None:
    """造一个令牌：明文只显示这一次，配置里只存散列。Shown once; the configuration keeps its hash."""
    known = get_args(Scope)
    unknown = sorted(set(scope or ()) - set(known))
    if unknown:
        raise ConfigError(f"--scope {unknown[0]}: known are {', '.join(known)}")
    for one in (name, *(channel or ())):
        _require_name(one)
    token = f"sy_{secrets.token_urlsafe(32)}"
    typer.echo(f"令牌（只显示这一次 shown once）:\n  export SHENYAN_TOKEN={token}\n", err=True)
    typer.echo(f"[api_tokens.{name}]")
    typer.echo(f'sha256 = "{hashlib.sha256(token.encode()).hexdigest()}"')
    typer.echo(f"scopes = {_listed(scope or known)}")
    if channel:
        typer.echo(f"channels = {_listed(channel)}")


def _require_name(name: str) -> None:
    try:
        TypeAdapter(Identifier).validate_python(name)
    except ValidationError:
        raise ConfigError(
            f"{name!r} is no name: lower-case letters, digits and hyphens, at most 40"
        ) from None


def _listed(names: Sequence[str]) -> str:
    return json.dumps(list(names))
