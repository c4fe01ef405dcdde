"""Signing in to the console: password, second factor, lock-out, sessions that can be revoked."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

import pyotp
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core.errors import Invalid, NotFound, Unauthenticated
from app.core.identity import LONGEST_PASSWORD, Role, Session, User, password_flaw
from app.core.records import AuditEntry
from app.ports import Clock

STEP_S = 30
SHORTEST_SECRET = 16
"""Base32 letters: 80 bits."""
REFUSED = "用户名、密码或动态码不对，或账号暂时锁定"
"""The same for whatever was wrong: who guesses learns nothing."""


class People(Protocol):
    """The part of the records that knows people. Raises StoreError."""

    async def user(self, name: str) -> User: ...
    async def add(self, user: User, audit: AuditEntry) -> None: ...
    async def change(self, user: User, audit: AuditEntry, *, sign_out: bool = False) -> None: ...
    async def use_code(self, name: str, step: int) -> bool: ...
    async def count_failure(self, name: str, now: datetime) -> None: ...
    async def clear_failures(self, name: str) -> None: ...
    async def begin(self, session: Session, audit: AuditEntry) -> None: ...
    async def users(self) -> Sequence[User]: ...
    async def session(self, id_hash: str) -> tuple[Session, User] | None: ...
    async def sessions(self, name: str) -> Sequence[Session]: ...
    async def seen(self, id_hash: str, now: datetime) -> None: ...
    async def end(self, id_hash: str, audit: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class SigningIn:
    people: People
    clock: Clock
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    _hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Each hash takes 64 MB and 50 ms: guessers shall not fill memory."""

    async def sign_in(self, name: str, password: str, code: str) -> tuple[str, Session]:
        """The session's id, for the browser alone, and the session. Raises Unauthenticated, StoreError."""
        now = self.clock()
        try:
            user = await self.people.user(name)
        except NotFound:
            await self._matches(password, _nobodys_hash())  # as long as for somebody
            raise Unauthenticated(REFUSED) from None
        locked = user.locked_until is not None and now < user.locked_until
        right = await self._matches(password, user.password_hash)
        if locked or user.disabled or not right or not await self._code_is_right(user, code, now):
            if not locked:
                await self.people.count_failure(name, now)
            raise Unauthenticated(REFUSED)
        if user.failures or user.locked_until:
            await self.people.clear_failures(name)
        session_id = secrets.token_urlsafe(32)
        session = Session(hashed(session_id), name, secrets.token_urlsafe(24), now, now)
        await self.people.begin(session, AuditEntry(now, name, "user.sign-in", f"user:{name}"))
        return session_id, session

    async def visitor(self, session_id: str) -> tuple[Session, User] | None:
        """Whose session it is; None where it is over, or never was."""
        if not session_id:
            return None
        found = await self.people.session(hashed(session_id))
        now = self.clock()
        if found is None or found[1].disabled or not found[0].is_alive(now, self.idle, self.longest):
            return None
        if now - found[0].last_seen > self.idle / 10:  # not a write for every click
            await self.people.seen(found[0].id_hash, now)
        return found

    async def sign_out(self, session: Session) -> None:
        entry = AuditEntry(self.clock(), session.user, "user.sign-out", f"user:{session.user}")
        await self.people.end(session.id_hash, entry)

    async def change_password(self, user: User, old: str, new: str) -> None:
        """Ends every session of the user. Raises Invalid with what is wrong, Unauthenticated."""
        if not await self._matches(old, user.password_hash):
            raise Unauthenticated(REFUSED)
        flaw = password_flaw(user.name, new) or ("新密码同旧密码一样" if new == old else "")
        if flaw:
            raise Invalid(flaw)
        changed = replace(user, password_hash=await self.hash(new), must_change=False)
        entry = AuditEntry(self.clock(), user.name, "user.password", f"user:{user.name}")
        await self.people.change(changed, entry, sign_out=True)

    async def add(
        self, name: str, role: Role, by: str, channels: tuple[str, ...] | None = None, *, totp: bool = False
    ) -> tuple[User, str]:
        """The new user and a password that must be changed at the first sign-in. Raises Conflict."""
        now, password = self.clock(), new_password()
        user = User(
            name,
            role,
            await self.hash(password),
            now,
            channels,
            pyotp.random_base32() if totp else "",
            must_change=True,
        )
        await self.people.add(user, AuditEntry(now, by, "user.add", f"user:{name}", after=role.value))
        return user, password

    async def reset(self, name: str, by: str) -> str:
        """A new password for a user who is locked out; ends the user's sessions. Raises NotFound."""
        user, password = await self.people.user(name), new_password()
        changed = replace(
            user,
            password_hash=await self.hash(password),
            must_change=True,
            failures=0,
            locked_until=None,
        )
        entry = AuditEntry(self.clock(), by, "user.reset", f"user:{name}")
        await self.people.change(changed, entry, sign_out=True)
        return password

    async def disable(self, name: str, by: str) -> None:
        """Ends the user's sessions. Raises NotFound."""
        await self._changed(name, by, "user.disable", disabled=True)

    async def enable(self, name: str, by: str) -> None:
        """Raises NotFound."""
        await self._changed(name, by, "user.enable", disabled=False)

    async def drop_totp(self, name: str, by: str) -> None:
        """For who has lost the phone; ends the user's sessions. Raises NotFound."""
        await self._changed(name, by, "user.totp-off", totp_secret="")

    async def sign_out_everywhere(self, name: str, by: str) -> None:
        """Raises NotFound."""
        await self._changed(name, by, "user.session")

    async def enrol(self, user: User, secret: str, code: str) -> None:
        """From now on the user needs a code too. Raises Invalid where the code is not one of `secret`."""
        try:
            right = pyotp.TOTP(secret).verify(code.strip(), for_time=self.clock(), valid_window=1)
        except ValueError:
            right = False
        if not right or len(secret) < SHORTEST_SECRET:
            raise Invalid("动态码不对，请用刚扫的码再试一次")
        entry = AuditEntry(self.clock(), user.name, "user.totp", f"user:{user.name}")
        await self.people.change(replace(user, totp_secret=secret), entry)

    async def users(self) -> Sequence[User]:
        return await self.people.users()

    async def sessions(self, name: str) -> Sequence[Session]:
        """Those that are not over, latest first."""
        now = self.clock()
        found = await self.people.sessions(name)
        return [one for one in found if one.is_alive(now, self.idle, self.longest)]

    async def end_session(self, name: str, id_hash: str) -> None:
        """One of the user's own; another's is left alone."""
        if any(one.id_hash == id_hash for one in await self.people.sessions(name)):
            await self.people.end(id_hash, AuditEntry(self.clock(), name, "user.session", f"user:{name}"))

    async def hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(_hasher().hash, password)

    # --- steps --------------------------------------------------------------------------------

    async def _changed(self, name: str, by: str, action: str, **changes: Any) -> None:
        user = await self.people.user(name)
        entry = AuditEntry(self.clock(), by, action, f"user:{name}")
        await self.people.change(replace(user, **changes), entry, sign_out=True)

    async def _matches(self, password: str, password_hash: str) -> bool:
        if len(password) > LONGEST_PASSWORD:
            return False
        async with self._hashing:
            return await asyncio.to_thread(_hasher().verify, password, password_hash)

    async def _code_is_right(self, user: User, code: str, now: datetime) -> bool:
        """Of this step or the one before or after it; each code once."""
        if not user.totp_secret:
            return True
        totp = pyotp.TOTP(user.totp_secret)
        here = int(now.timestamp()) // STEP_S
        for step in (here, here - 1, here + 1):
            if secrets.compare_digest(totp.at(step * STEP_S).encode(), code.strip().encode()):
                return await self.people.use_code(user.name, step)
        return False


def hashed(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def new_password() -> str:
    """80 random bits in four groups, to be read out and typed once."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(new_password())
