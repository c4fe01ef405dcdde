"""Who may do what: people, their roles, what each role allows, and the rules for passwords and lock-outs.

Roles are those of a government account's duty desk, cut down to what software can enforce.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Permission(StrEnum):
    READ_MESSAGES = "messages:read"
    """Citizens' messages and replies to them."""
    DRAFT = "holds:draft"
    """Claim a hold, give it back, note on it, propose a text."""
    DECIDE = "holds:decide"
    """Release, edit, reject, transfer; retry or confirm a delivery."""
    UNMASK = "messages:unmask"
    """See the numbers in a message, with a reason."""
    WATCH = "channels:watch"
    """See who may speak on a channel, and what looks like a way past us."""
    VOUCH = "channels:vouch"
    """Confirm who may speak."""
    READ_AUDIT = "audit:read"
    MANAGE_USERS = "users:manage"


class Role(StrEnum):
    VENDOR_OPERATOR = "vendor_operator"
    """外包运营: prepares, never releases."""
    DUTY_REVIEWER = "duty_reviewer"
    """值班审核。"""
    SECTION_REVIEWER = "section_reviewer"
    """业务科室审核。"""
    LEADER = "leader"
    """主管领导。"""
    ADMINISTRATOR = "administrator"
    """系统管理员: accounts, never what citizens wrote."""
    AUDITOR = "auditor"
    """安全审计员: reads all, changes nothing."""


_REVIEWER = frozenset(
    {
        Permission.READ_MESSAGES,
        Permission.DRAFT,
        Permission.DECIDE,
        Permission.UNMASK,
        Permission.WATCH,
    }
)
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VENDOR_OPERATOR: frozenset({Permission.READ_MESSAGES, Permission.DRAFT}),
    Role.DUTY_REVIEWER: _REVIEWER,
    Role.SECTION_REVIEWER: _REVIEWER,
    Role.LEADER: _REVIEWER | {Permission.READ_AUDIT, Permission.VOUCH},
    Role.ADMINISTRATOR: frozenset({Permission.MANAGE_USERS}),
    Role.AUDITOR: frozenset({Permission.READ_MESSAGES, Permission.READ_AUDIT, Permission.WATCH}),
}


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: Role
    password_hash: str
    created_at: datetime
    channels: tuple[str, ...] | None = None
    """None: every channel."""
    totp_secret: str = ""
    """Base32; empty: no second factor."""
    totp_step: int = 0
    """The last 30-second step whose code was used: none is taken twice."""
    must_change: bool = False
    """The password was given by somebody else."""
    disabled: bool = False
    failures: int = 0
    """Wrong sign-ins in a row."""
    locked_until: datetime | None = None

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]


@dataclass(frozen=True, slots=True)
class Session:
    """Kept at the server; the browser has only the id, we have only its hash."""

    id_hash: str
    user: str
    csrf: str
    """What every form of this session must carry."""
    created_at: datetime
    last_seen: datetime

    def is_alive(self, now: datetime, idle: timedelta, longest: timedelta) -> bool:
        return now < self.last_seen + idle and now < self.created_at + longest


SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
"""Code points; more is refused before it is hashed."""
_FREE_FAILURES = 3
_LONGEST_LOCK = timedelta(hours=1)


def password_flaw(name: str, password: str) -> str:
    """What is wrong with it, for the person who chose it; empty where nothing is."""
    if len(password) < SHORTEST_PASSWORD:
        return f"密码至少 {SHORTEST_PASSWORD} 个字符"
    if len(password) > LONGEST_PASSWORD:
        return f"密码至多 {LONGEST_PASSWORD} 个字符"
    if name.lower() in password.lower():
        return "密码里不能有用户名"
    if len(set(password)) < SHORTEST_PASSWORD // 2:
        return "密码重复的字符太多"
    return ""


def locked_for(failures: int) -> timedelta:
    """After so many wrong sign-ins in a row: nothing at first, then a minute, doubling up to an hour."""
    if failures <= _FREE_FAILURES:
        return timedelta()
    doublings = min(failures - _FREE_FAILURES - 1, 6)
    return min(timedelta(minutes=1 << doublings), _LONGEST_LOCK)
