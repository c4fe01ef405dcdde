"""What `shenyan rules` works with: the records' publications, and how one is brought to every guard."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TypeVar

from app.assembly.judging import loader_of
from app.core.errors import ConfigError, StoreError
from app.core.publications import SILENT_AFTER, Answer, Publication, Readiness, Replica, answer
from app.loading.published import pack
from app.settings.whole import Settings
from app.storage.location import location
from app.storage.migrate import prepare
from app.storage.rulesets import SqlPublications
from app.storage.sql import SqlStore

LOOK_EVERY_S = 0.3
FORGOTTEN_AFTER = timedelta(hours=1)
"""A replica that was killed is listed for so long."""

T = TypeVar("T")
Told = Callable[[Answer, int], None]
"""Hears who is waited for, and of how many replicas."""


async def with_publications(settings: Settings, work: Callable[[SqlPublications], Awaitable[T]]) -> T:
    """Raises ConfigError, StoreError."""
    async with AsyncExitStack() as stack:
        url = location(settings.storage)
        await asyncio.to_thread(prepare, url, settings.storage.busy_timeout_s)
        store = await SqlStore.open(url, settings.storage.busy_timeout_s)
        stack.push_async_callback(store.aclose)
        return await work(SqlPublications(store.database))


def document_of(settings: Settings) -> tuple[str, bytes]:
    """The version and the document of what this configuration names, loaded once for proof.

    Raises ConfigError with every problem.
    """
    document = pack(settings)
    return loader_of(settings)(1, document).version, document


async def publish(
    publications: SqlPublications, proposal: Publication, by: str, within_s: float, told: Told
) -> Publication:
    """Let every living replica load the proposal, then let it take effect everywhere; or nowhere.

    Raises ConfigError where a replica refuses or takes longer than `within_s`: then it is withdrawn.
    """
    try:
        await _until_ready(publications, proposal, within_s, told)
        return await publications.take_effect(proposal, by)
    except (ConfigError, asyncio.CancelledError, KeyboardInterrupt) as error:
        why = str(error).splitlines()[0] if str(error) else "interrupted"
        await asyncio.shield(publications.withdraw(proposal, by, why))
        raise


async def _until_ready(
    publications: SqlPublications, proposal: Publication, within_s: float, told: Told
) -> None:
    until = time.monotonic() + within_s
    await publications.forget((await publications.standing()).now - FORGOTTEN_AFTER)
    while True:
        now = (await publications.standing()).now
        replicas = await publications.replicas()
        said = answer(proposal, replicas, now)
        told(said, len(replicas))
        if said.readiness is Readiness.READY:
            return
        if said.readiness is Readiness.REFUSED:
            raise ConfigError("\n".join(f"{_named(one)}: {one.trouble}" for one in said.about))
        if time.monotonic() > until:
            waited = ", ".join(_named(one) for one in said.about)
            raise ConfigError(
                f"after {within_s:g} s these have not loaded it: {waited}; "
                "see their logs, or end them, and publish once more (--within gives them longer)"
            )
        await asyncio.sleep(LOOK_EVERY_S)


async def until_followed(publications: SqlPublications, effective: Publication) -> list[Replica]:
    """The replicas that do not follow it in time; they hold everything, or have ended."""
    until = time.monotonic() + SILENT_AFTER.total_seconds()
    while True:
        standing = await publications.standing()
        behind = [one for one in await publications.replicas() if one.number < effective.number]
        living = [one for one in behind if one.seen_at and standing.now - one.seen_at < SILENT_AFTER]
        took = standing.number >= effective.number
        if (took and not living) or time.monotonic() > until:
            return living
        await asyncio.sleep(LOOK_EVERY_S)


async def again(publications: SqlPublications, number: int) -> tuple[str, bytes]:
    """Version and document of an earlier publication. Raises ConfigError where there is none."""
    found = {one.number: one for one in await publications.published(1_000)}
    if number not in found:
        known = ", ".join(str(one) for one in list(found)[:5]) or "none"
        raise ConfigError(f"there is no publication {number}; the latest: {known}")
    try:
        return found[number].version, await publications.document(number)
    except StoreError as error:
        raise ConfigError(str(error)) from error


def _named(replica: Replica) -> str:
    return f"{replica.host} (process {replica.pid}, {replica.release})"
