"""`shenyan config check` and `show`."""

from collections.abc import Sequence

import typer

from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError
from app.settings.whole import Settings

app = typer.Typer(help="检查、显示配置。Check or show the configuration.", no_args_is_help=True)


@app.command()
def check(config: ConfigFile = None) -> None:
    """检查配置；每个问题说明文件、行号和怎样改。Every problem by file, line and remedy."""
    from app.assembly.proof import remarks

    settings = settings_from(config, extra_checks=(_problems,))
    typer.echo(
        f"配置没有问题 sound: {len(settings.channels)} channels, {len(settings.bots)} bots, "
        f"{len(settings.api_tokens)} tokens"
    )
    for remark in remarks(settings):
        typer.echo(f"注意 note: {remark}")


@app.command()
def show(config: ConfigFile = None) -> None:
    """显示生效的配置，密钥打码。What is in force, secrets masked."""
    from app.loading.shown import show_settings

    typer.echo(show_settings(settings_from(config)), nl=False)


def _problems(settings: Settings) -> Sequence[str]:
    """What shows only when the parts are put together."""
    from app.assembly.proof import prove

    try:
        prove(settings)
    except ConfigError as error:
        return str(error).splitlines()
    return ()
