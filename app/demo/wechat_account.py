"""One WeChat account as the platform knows it: credentials, followers, tokens."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from app.ports import Clock

TOKEN_LIFETIME = timedelta(seconds=7200)
OLD_TOKEN_LIVES_ON = timedelta(minutes=5)
"""/cgi-bin/token ends the token before, but not at once; stable_token hands the same one out until then."""


@dataclass(frozen=True, slots=True)
class WeChatAccount:
    account: str
    """The gh_ id of the account."""
    app_id: str
    app_secret: str
    token: str
    mode: Literal["plaintext", "compatible", "safe"] = "safe"
    aes_key: str = ""
    """43 characters; empty in plaintext mode."""


class NotAFollower(LookupError):
    """The openid is not known, or belongs to another account."""


class OutOfTime(LookupError):
    """No window is open, or the follower has left."""


class OutOfCount(LookupError):
    """A window is open, but every message it allows has been sent."""


@dataclass(slots=True)
class _Window:
    closes_at: datetime
    left: int


@dataclass(slots=True)
class Followers:
    """Who may be written to, until when and how often."""

    clock: Clock
    _windows: dict[str, dict[str, _Window]] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)

    def wrote(self, user: str, window: tuple[timedelta, int] | None, *, by_event: bool) -> None:
        """A push came from `user`. A message and an event each open their own window, anew every time."""
        windows = self._windows.setdefault(user, {})
        self._left.discard(user)
        if window is not None:
            lasts, count = window
            windows["event" if by_event else "message"] = _Window(self.clock() + lasts, count)

    def unsubscribed(self, user: str) -> None:
        self._windows[user] = {}
        self._left.add(user)

    def spend(self, user: str) -> None:
        """Count one message to `user`, in the window that closes first.

        Raises NotAFollower, OutOfTime, OutOfCount.
        """
        if user not in self._windows:
            raise NotAFollower(user)
        now = self.clock()
        open_now = [window for window in self._windows[user].values() if window.closes_at > now]
        if user in self._left or not open_now:
            raise OutOfTime(user)
        usable = [window for window in open_now if window.left > 0]
        if not usable:
            raise OutOfCount(user)
        min(usable, key=lambda window: window.closes_at).left -= 1


@dataclass(slots=True)
class AccessTokens:
    """The tokens of one endpoint; /cgi-bin/token and stable_token keep theirs apart."""

    clock: Clock
    new: Callable[[], str] = field(default=lambda: "emulated-" + secrets.token_urlsafe(48))
    _expires_at: dict[str, datetime] = field(default_factory=dict)
    _newest: str = ""

    def issue(self) -> tuple[str, int]:
        """A fresh token and its life in whole seconds; the one before lives five minutes more."""
        now = self.clock()
        if self._newest:
            old = self._expires_at[self._newest]
            self._expires_at[self._newest] = min(old, now + OLD_TOKEN_LIVES_ON)
        self._newest = self.new()
        self._expires_at[self._newest] = now + TOKEN_LIFETIME
        return self._newest, int(TOKEN_LIFETIME.total_seconds())

    def issue_stable(self) -> tuple[str, int]:
        """The same token until five minutes before its end."""
        left = self._expires_at[self._newest] - self.clock() if self._newest else timedelta()
        if left < OLD_TOKEN_LIVES_ON:
            return self.issue()
        return self._newest, int(left.total_seconds())

    def knows(self, token: str) -> bool:
        return token in self._expires_at

    def accepts(self, token: str) -> bool:
        return self.knows(token) and self._expires_at[token] > self.clock()
