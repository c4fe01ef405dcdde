"""`shenyan`: every command in one tree.

Exit codes: 0 good, 1 findings or problems, 2 usage or configuration.
"""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from app import __version__
from app.cli import audit, config, database, evaluating, judging, linting, proxy, rules, token, user, vendor
from app.cli.common import ConfigFile, settings_from
from app.core.errors import ConfigError, GuardError

app = typer.Typer(
    name="shenyan",
    help="慎言：政务新媒体自动回复的护栏。A guard for auto-replies of government accounts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("check")(judging.check)
app.command("lint")(linting.lint)
app.command("eval")(evaluating.evaluate_files)
app.add_typer(config.app, name="config")
app.add_typer(database.app, name="db")
app.add_typer(audit.app, name="audit")
app.add_typer(token.app, name="token")
app.add_typer(user.app, name="user")
app.add_typer(vendor.app, name="vendor")
app.add_typer(proxy.app, name="proxy")
app.add_typer(rules.app, name="rules")


@app.command()
def serve(
    config: ConfigFile = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="几个进程，默认 server.workers；多于一个要 PostgreSQL 和 Redis。Processes."
        ),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="启动示例环境：附带示例机器人和平台模拟器。Sample surroundings.")
    ] = False,
) -> None:
    """启动。Run the guard until SIGTERM or Ctrl-C."""
    if sample:
        from app.demo.processes import DidNotStart
        from app.demo.sandbox import run as run_sample

        try:
            run_sample()
        except DidNotStart as error:
            raise ConfigError(f"示例环境没有启动 the sample did not start: {error}") from error
        return
    settings = settings_from(config)
    count = settings.server.workers if workers is None else workers
    if problems := settings.alone(count):
        raise ConfigError("\n".join(problems))
    if count == 1:
        from app.serving.single import serve as serve_one

        serve_one(settings, _announce)
        return
    from app.serving.workers import serve_many

    serve_many(lambda: settings_from(config), count, _announce)


def _announce(url: str, proxy: str, first_password: str) -> None:
    typer.echo(f"慎言在 {url} 运行 listening; 控制台 console: {url}/console/", err=True)
    if proxy:
        typer.echo(f"正向代理 forward proxy: {proxy}", err=True)
    if first_password:
        typer.echo(
            f"首位管理员 first administrator: admin，一次性密码 one-time password: {first_password}\n"
            "审核员用 shenyan user add 添加。Add reviewers with `shenyan user add`.",
            err=True,
        )


@app.command()
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON 而不是表格。Rows as JSON.")] = False,
) -> None:
    """演示一场完整的对话。Play a scripted conversation through the real endpoints, about a minute."""
    from app.demo.play import main as play

    raise typer.Exit(play(as_json=as_json))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shenyan {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本。Version.")
    ] = False,
) -> None:
    """慎言：政务新媒体自动回复的护栏。A guard for auto-replies of government accounts."""


def main() -> None:
    """Run a command; an error of ours is one clear line for each problem, and no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # an argument's broken byte must not break the answer
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except GuardError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
