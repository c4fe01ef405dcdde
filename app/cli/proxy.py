"""`shenyan proxy`: the forward proxy for vendors whose programs have the host name compiled in."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.core.errors import ConfigError

app = typer.Typer(
    help="给主机名写死的外包方的正向代理。The forward proxy for compiled-in host names.",
    no_args_is_help=True,
)

CERTIFICATE, KEY = "shenyan-ca.pem", "shenyan-ca.key"


@app.command()
def ca(
    out: Annotated[
        Path, typer.Option(help="写到哪个目录；已有的文件不覆盖。The folder; nothing is overwritten.")
    ],
    days: Annotated[int, typer.Option(min=30, max=3650, help="有效多少天。How long it counts.")] = 1826,
) -> None:
    """造一个私有 CA，只能签平台的几个主机名。A private CA that speaks for the platforms' hosts alone."""
    from app.web.forward_proxy.authority import make_authority

    certificate, key = out / CERTIFICATE, out / KEY
    for file in (certificate, key):
        if file.exists() or file.is_symlink():
            raise ConfigError(f"{file} 已存在，不覆盖 exists, and is not overwritten; choose another folder")
    made = make_authority(datetime.now(UTC), timedelta(days=days))
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(key, made.key, 0o600)
        _write(certificate, made.certificate, 0o644)
    except OSError as error:
        raise ConfigError(f"{out}: 写不进去 cannot be written: {error.strerror}") from error
    typer.echo(
        f"私钥只留在慎言 keep here alone: {key}\n证书交给外包方 for vendors to trust: {certificate}", err=True
    )
    typer.echo(f'[forward_proxy]\nca_certificate = "{certificate}"\nca_key = "{key}"')


def _write(file: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)
