"""Who may sign in, on the records of this installation."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from app.assembly.parts import utc_now
from app.core.errors import Conflict
from app.core.identity import Role, User
from app.service.signing_in import SigningIn
from app.settings.desk import Console
from app.settings.whole import Settings
from app.storage import migrate
from app.storage.database import Database
from app.storage.location import location
from app.storage.people import SqlPeople

FIRST = "admin"
"""The name of the first administrator."""

T = TypeVar("T")


def signing_in_on(database: Database, console: Console) -> SigningIn:
    return SigningIn(
        SqlPeople(database),
        utc_now,
        idle=timedelta(minutes=console.idle_minutes),
        longest=timedelta(hours=console.longest_hours),
    )


async def first_administrator(database: Database, console: Console) -> str:
    """Where nobody can sign in yet: an administrator's one-time password; else nothing."""
    if await SqlPeople(database).users():
        return ""
    try:
        _, password = await signing_in_on(database, console).add(FIRST, Role.ADMINISTRATOR, by="system")
    except Conflict:  # another process has started for the first time too, and tells the password
        return ""
    return password


async def with_people(settings: Settings, work: Callable[[SigningIn], Awaitable[T]]) -> T:
    """For commands: opens the records, works, closes them. Raises ConfigError, StoreError."""
    async with records_of(settings) as database:
        return await work(signing_in_on(database, settings.console))


async def users_on(settings: Settings) -> Sequence[User]:
    async with records_of(settings) as database:
        return await SqlPeople(database).users()


@asynccontextmanager
async def records_of(settings: Settings) -> AsyncIterator[Database]:
    """Ready to use, closed afterwards. Raises ConfigError, StoreError."""
    url = location(settings.storage)
    migrate.prepare(url, settings.storage.busy_timeout_s)
    database = Database(url, settings.storage.busy_timeout_s)
    try:
        yield database
    finally:
        await database.aclose()
