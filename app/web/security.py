"""Bearer tokens with scopes and channels. Only hashes are kept; who asks is a name."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.errors import Forbidden, Unauthenticated
from app.settings.whole import ApiToken


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and what they may."""

    name: str
    scopes: frozenset[str]
    channels: frozenset[str] | None
    """None: every channel."""
    per_minute: int

    def require(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Forbidden(f"this token lacks the scope {scope}")

    def require_channel(self, channel: str) -> None:
        if self.channels is not None and channel not in self.channels:
            raise Forbidden("this token is not for that channel")

    def visible(self, channel: str = "") -> tuple[str, ...] | None:
        """The channels a listing may show, narrowed to one if it is asked for; None: all."""
        if channel:
            self.require_channel(channel)
            return (channel,)
        return None if self.channels is None else tuple(sorted(self.channels))


@dataclass(frozen=True, slots=True)
class Tokens:
    known: Mapping[str, ApiToken]

    def caller(self, authorization: str) -> Caller:
        """Raises Unauthenticated. Looks at every token, so that time tells nothing."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("send `Authorization: Bearer <token>`; `shenyan token new` makes one")
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        found = [name for name, one in self.known.items() if hmac.compare_digest(one.sha256, digest)]
        if not found:
            raise Unauthenticated("unknown token")
        entry = self.known[found[0]]
        channels = None if entry.channels is None else frozenset(entry.channels)
        return Caller(found[0], frozenset(entry.scopes), channels, entry.per_minute)
