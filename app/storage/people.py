"""Users and their sessions; whatever changes a user is written with its audit row, or not at all."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.core.errors import Conflict, NotFound
from app.core.identity import Role, Session, User, locked_for
from app.core.records import AuditEntry
from app.storage import trail
from app.storage.database import Database
from app.storage.schema import sessions, users

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SqlPeople:
    database: Database

    async def user(self, name: str) -> User:
        """Raises NotFound."""
        found = await self.database.read(lambda connection: _users(connection, name))
        if not found:
            raise NotFound("there is no such user")
        return found[0]

    async def users(self) -> Sequence[User]:
        return await self.database.read(_users)

    async def add(self, user: User, audit: AuditEntry) -> None:
        """Raises Conflict where the name is taken."""

        def work(connection: Connection) -> None:
            connection.execute(insert(users), _values(user))
            trail.append(connection, (audit,))

        try:
            await self.database.change(work)
        except IntegrityError as error:
            raise Conflict("the name is taken") from error

    async def change(self, user: User, audit: AuditEntry, *, sign_out: bool = False) -> None:
        """All but the last code used. `sign_out`: ends all of the user's sessions with it."""
        values = _values(user)
        del values["totp_step"]

        def work(connection: Connection) -> None:
            connection.execute(update(users).where(users.c.name == user.name), values)
            if sign_out:
                connection.execute(delete(sessions).where(sessions.c.user == user.name))
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def use_code(self, name: str, step: int) -> bool:
        """Whether this step's code was still unused; from now on it is not."""
        statement = update(users).where(users.c.name == name, users.c.totp_step < step).values(totp_step=step)
        return await self.database.change(lambda connection: connection.execute(statement).rowcount == 1)

    async def count_failure(self, name: str, now: datetime) -> None:
        """One more wrong sign-in, counted where it cannot be missed: guesses may come side by side."""

        def work(connection: Connection) -> None:
            query = select(users.c.failures).where(users.c.name == name).with_for_update()
            failures = connection.execute(query).scalar_one() + 1
            wait = locked_for(failures)
            values = {"failures": failures, "locked_until": now + wait if wait else None}
            connection.execute(update(users).where(users.c.name == name), values)
            entry = AuditEntry(now, name, "user.refused", f"user:{name}", after=f"failures {failures}")
            trail.append(connection, (entry,))

        await self.database.change(work)

    async def clear_failures(self, name: str) -> None:
        statement = update(users).where(users.c.name == name).values(failures=0, locked_until=None)
        await self.database.change(lambda connection: connection.execute(statement))

    async def begin(self, session: Session, audit: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            connection.execute(insert(sessions), asdict(session))
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def session(self, id_hash: str) -> tuple[Session, User] | None:
        def work(connection: Connection) -> tuple[Session, User] | None:
            row = connection.execute(select(sessions).where(sessions.c.id_hash == id_hash)).one_or_none()
            found = _users(connection, row.user) if row else []
            return (Session(**row._mapping), found[0]) if row and found else None

        return await self.database.read(work)

    async def sessions(self, name: str) -> Sequence[Session]:
        query = select(sessions).where(sessions.c.user == name).order_by(sessions.c.created_at.desc())
        return await self.database.read(
            lambda connection: [Session(**row._mapping) for row in connection.execute(query)]
        )

    async def seen(self, id_hash: str, now: datetime) -> None:
        statement = update(sessions).where(sessions.c.id_hash == id_hash).values(last_seen=now)
        await self.database.change(lambda connection: connection.execute(statement))

    async def end(self, id_hash: str, audit: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            connection.execute(delete(sessions).where(sessions.c.id_hash == id_hash))
            trail.append(connection, (audit,))

        await self.database.change(work)


def _users(connection: Connection, name: str | None = None) -> list[User]:
    query = select(users).order_by(users.c.name)
    if name is not None:
        query = query.where(users.c.name == name)
    return [_user(row) for row in connection.execute(query)]


def _user(row: Row[Any]) -> User:
    fields = dict(row._mapping)
    channels = fields.pop("channels")
    role = Role(fields.pop("role"))
    return User(role=role, channels=None if channels is None else tuple(json.loads(channels)), **fields)


def _values(user: User) -> dict[str, object]:
    channels = None if user.channels is None else json.dumps(user.channels)
    return {**asdict(user), "role": user.role.value, "channels": channels}
