"""`shenyan rules`: rules, lexicons, policies and facts for every guard at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.common import ConfigFile, settings_from
from app.cli.retaining import operator
from app.core.errors import ConfigError, GuardError

if TYPE_CHECKING:
    from app.core.publications import Answer
    from app.settings.whole import Settings
    from app.storage.rulesets import SqlPublications

app = typer.Typer(
    help="规则、词表、策略和各频道的用语：一次发布，所有副本同时换。Rules for every guard at once.",
    no_args_is_help=True,
)

T = TypeVar("T")
Reason = Annotated[str, typer.Option(help="理由，记入审计。Why; audited.")]
Within = Annotated[
    float, typer.Option(min=5, max=540, help="等所有副本装好，最多几秒；过了就不换。Seconds to wait.")
]


@app.command()
def publish(reason: Reason, within: Within = 120.0, config: ConfigFile = None) -> None:
    """发布这份配置里的规则、词表、策略、各频道的用语和事实清单。Publish what the configuration names.

    先在本机装载一遍，再等每个副本都装好，然后同时生效；有一个装不上，就谁都不换。
    All replicas change at the same moment, or none does.
    """
    from app.assembly.publishing import document_of

    settings = settings_from(config)
    version, document = document_of(settings)
    _run(settings, version, document, reason, within)


@app.command()
def rollback(
    number: Annotated[int, typer.Argument(min=1, help="以前发布的序号（见 list）。Of an earlier one.")],
    reason: Reason,
    within: Within = 120.0,
    config: ConfigFile = None,
) -> None:
    """把以前发布过的一份再发布一次。Publish an earlier publication once more."""
    from app.assembly.publishing import again

    settings = settings_from(config)
    version, document = _on_records(settings, lambda publications: again(publications, number))
    _run(settings, version, document, f"{reason} (publication {number} again)", within)


@app.command("list")
def list_published(
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 10, config: ConfigFile = None
) -> None:
    """列出发布过的，和每个副本在用哪一份。What was published, and what each replica judges by."""

    async def look(publications: "SqlPublications") -> None:
        standing = await publications.standing()
        for one in await publications.published(limit):
            state = "现行 current" if one.number == standing.number else ""
            if one.withdrawn_at is not None:
                state = "撤回 withdrawn"
            elif one.effective_at is None:
                state = "没有生效 not in effect"
            when = f"{one.effective_at or one.proposed_at:%Y-%m-%d %H:%M:%S}"
            typer.echo(
                "\t".join([str(one.number), one.version[:12], when, one.proposed_by, one.reason, state])
            )
        if standing.number == 0:
            typer.echo("没有发布过，各用各的文件 nothing was published: every guard goes by its own files")
        for replica in await publications.replicas():
            seen = (standing.now - replica.seen_at).total_seconds() if replica.seen_at else 0.0
            used = f"{replica.number} {replica.version[:12]}"
            typer.echo(
                "\t".join(
                    [replica.host, str(replica.pid), replica.release, used, f"{seen:.0f} s", replica.trouble]
                )
            )

    _on_records(settings_from(config), look)


def _run(settings: "Settings", version: str, document: bytes, reason: str, within: float) -> None:
    from app.assembly.publishing import publish as bring
    from app.assembly.publishing import until_followed

    if not reason.strip():
        raise ConfigError("--reason: 要写理由 a reason is required")

    async def work(publications: "SqlPublications") -> None:
        proposal = await publications.propose(version, document, operator(), reason.strip())
        with _progress() as told:
            effective = await bring(publications, proposal, operator(), within, told)
        typer.echo(f"第 {effective.number} 次发布，版本 {version[:12]} publication {effective.number}")
        behind = await until_followed(publications, effective)
        for one in behind:
            typer.echo(f"{one.host} {one.pid}: 还没有换，所有回复都拦着 holds everything", err=True)
        if behind:
            raise typer.Exit(1)
        typer.echo("所有副本都换了 every replica judges by it")

    _on_records(settings, work)


def _on_records(settings: "Settings", work: "Callable[[SqlPublications], Awaitable[T]]") -> T:
    """Raises ConfigError with what went wrong."""
    from app.assembly.publishing import with_publications

    try:
        return asyncio.run(with_publications(settings, work))
    except ConfigError:
        raise
    except GuardError as error:
        raise ConfigError(str(error)) from error


@contextmanager
def _progress() -> "Iterator[Callable[[Answer, int], None]]":
    """A bar on a terminal; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task("等副本装载 replicas load it")

        def told(said: "Answer", replicas: int) -> None:
            bars.update(task, total=replicas or 1, completed=replicas - len(said.about))

        yield told
