"""Who of the vendors is calling: secrets for tokens, tokens for calls. The platform's own never leave us."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hmac import compare_digest
from typing import Protocol

from app.core import egress
from app.core.bypass import AlertKind, Suspicion
from app.core.errors import Invalid, NotFound
from app.core.pace import Limit, Pace
from app.core.records import AuditEntry
from app.core.vendors import GRACE, RETIRED, Revocation, Vendor, VendorRefused, VendorToken, names
from app.ports import Clock

TOKENS = Limit("vendor-tokens", 20, timedelta(minutes=1))
"""By vendor's address: a wrong secret is not guessed, and a loop of a vendor's code burdens nobody."""
GUESSES = Limit("vendor-guesses", 20, timedelta(minutes=1))
"""By address, of wrong credentials alone: a program opens a tunnel as often as it calls."""


LONGEST = timedelta(days=730)
"""Of a token that is given by command. The platform's own live for about a year."""


class VendorTokens(Protocol):
    """The part of the records that knows tokens. Raises StoreError."""

    async def add(self, token: VendorToken, audit: AuditEntry) -> None: ...
    async def find(self, token_hash: str) -> VendorToken | None: ...
    async def of(self, vendor: str) -> Sequence[VendorToken]: ...
    async def end(self, hashes: Collection[str], audit: AuditEntry) -> None: ...
    async def revocations(self) -> Sequence[Revocation]: ...
    async def revoke(self, revocation: Revocation, audit: AuditEntry) -> None: ...
    async def restore(self, vendor: str, audit: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class Vendors:
    known: Mapping[str, Vendor]
    """By name."""
    tokens: VendorTokens
    clock: Clock
    pace: Pace
    suspect: Callable[[Suspicion], None] = lambda suspicion: None
    """Hears of secrets and tokens that no longer count."""

    async def token(self, channel: str, secret: str, address: str) -> tuple[str, int]:
        """A new token and its seconds, for a secret of the channel's. Raises VendorRefused, StoreError."""
        if not await self.pace.allows(TOKENS, address):
            raise VendorRefused(egress.TOO_OFTEN, "too many tokens asked for")
        given = hashed(secret)
        found = [
            vendor
            for vendor in self.known.values()
            for one in vendor.secret_hashes
            if compare_digest(one, given) and vendor.channel == channel
        ]
        if not found:
            raise VendorRefused(egress.BAD_SECRET, "invalid appsecret")
        if await self._is_revoked(found[0].name):
            self._suspect(channel, found[0].name, "secret, revoked")
            raise VendorRefused(egress.BAD_SECRET, "invalid appsecret")
        vendor, now = found[0], self.clock()
        if not vendor.lets_in(address):
            raise VendorRefused(egress.BAD_ADDRESS, f"invalid ip {address}, not in whitelist")
        token = secrets.token_urlsafe(48)
        kept = VendorToken(hashed(token), vendor.name, channel, now, now + vendor.token_lifetime + GRACE)
        entry = AuditEntry(now, f"vendor:{vendor.name}", "vendor.token", f"channel:{channel}")
        await self.tokens.add(kept, entry)
        return token, int(vendor.token_lifetime.total_seconds())

    async def admitted(self, name: str, secret: str, address: str) -> Vendor:
        """The vendor whose name and secret a forward proxy was given. Raises VendorRefused, StoreError."""
        if await self.pace.exhausted(GUESSES, address):
            raise VendorRefused(egress.TOO_OFTEN, "too many wrong secrets")
        vendor = self.known.get(name)
        if vendor is None or not await self._is_its(vendor, secret) or await self._is_revoked(name):
            await self.pace.allows(GUESSES, address)
            raise VendorRefused(egress.BAD_SECRET, "wrong name or secret, or revoked")
        if not vendor.lets_in(address):
            raise VendorRefused(egress.BAD_ADDRESS, f"invalid ip {address}, not in whitelist")
        return vendor

    async def _is_its(self, vendor: Vendor, secret: str) -> bool:
        """Its secret; who has none because its tokens are given by command shows one that lives."""
        given = hashed(secret)
        if vendor.secret_hashes:
            return True in [compare_digest(one, given) for one in vendor.secret_hashes]
        found = await self.tokens.find(given)
        return found is not None and found.vendor == vendor.name and found.expires_at > self.clock()

    def only(self, name: str) -> "Vendors":
        """As if there were no other vendor: another's secret and tokens are nobody's."""
        return replace(self, known={name: self.known[name]})

    async def caller(self, channel: str, token: str, scope: str, address: str) -> Vendor:
        """Whose token it is. Raises VendorRefused, StoreError."""
        vendor, _ = await self.holder(channel, token, address)
        if scope not in vendor.scopes:
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
        return vendor

    async def holder(self, channel: str, token: str, address: str) -> tuple[Vendor, VendorToken]:
        """Who holds a living token, whatever it may be used for. Raises VendorRefused, StoreError."""
        if not token:
            raise VendorRefused(egress.NO_TOKEN, "access_token missing")
        found = await self.tokens.find(hashed(token))
        self._notice(found)
        vendor = self.known.get(found.vendor) if found else None
        if found is None or found.revoked or vendor is None:
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
        if found.channel != channel or vendor.channel != channel:
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
        if found.expires_at <= self.clock():
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized: the token has expired, get another")
        if not vendor.lets_in(address):
            raise VendorRefused(egress.BAD_ADDRESS, f"invalid ip {address}, not in whitelist")
        return vendor, found

    async def issue(self, name: str, lifetime: timedelta, by: str) -> str:
        """A new token beside those that live. Raises NotFound, Invalid, StoreError."""
        vendor = self._given_by_command(name)
        if not timedelta(0) < lifetime <= LONGEST:
            raise Invalid(f"a token lives 1 to {LONGEST.days} days")
        if name in {one.vendor for one in await self.tokens.revocations()}:
            raise Invalid(f"{name} is revoked; `shenyan vendor restore {name}` first")
        token, now = secrets.token_urlsafe(48), self.clock()
        kept = VendorToken(hashed(token), name, vendor.channel, now, now + lifetime)
        until = f"until {kept.expires_at:%Y-%m-%d}"
        await self.tokens.add(kept, AuditEntry(now, by, "vendor.issue", f"vendor:{name}", after=until))
        return token

    async def living(self, name: str) -> Sequence[VendorToken]:
        """The vendor's tokens, the latest last. Raises NotFound, Invalid, StoreError."""
        self._given_by_command(name)
        return [one for one in await self.tokens.of(name) if one.expires_at > self.clock()]

    async def end_others(self, name: str, by: str) -> int:
        """All but the latest end now; how many. Raises NotFound, Invalid, StoreError."""
        others = [one.hash for one in await self.living(name)][:-1]
        if others:
            ended = f"{len(others)} ended"
            entry = AuditEntry(self.clock(), by, "vendor.end-tokens", f"vendor:{name}", after=ended)
            await self.tokens.end(others, entry)
        return len(others)

    async def revoke(self, name: str, by: str, reason: str) -> None:
        """Every token of the vendor ends now, on every process. Raises NotFound, Invalid."""
        self._require(name, reason)
        now = self.clock()
        entry = AuditEntry(now, by, "vendor.revoke", f"vendor:{name}", reason=reason)
        await self.tokens.revoke(Revocation(name, by, now, reason), entry)

    async def restore(self, name: str, by: str, reason: str) -> None:
        """Its secret counts again. Raises NotFound, Invalid."""
        self._require(name, reason)
        entry = AuditEntry(self.clock(), by, "vendor.restore", f"vendor:{name}", reason=reason)
        await self.tokens.restore(name, entry)

    async def _is_revoked(self, name: str) -> bool:
        return name in {one.vendor for one in await self.tokens.revocations()}

    async def notice(self, token: str) -> None:
        """A call that is refused whoever makes it: with a retired token it is told. Raises StoreError."""
        if token:
            self._notice(await self.tokens.find(hashed(token)))

    def _notice(self, found: VendorToken | None) -> None:
        if found is not None and (retired := self._retired(found)):
            self._suspect(found.channel, found.vendor, retired)

    def _retired(self, token: VendorToken) -> str:
        """Why nobody should use it any more; empty: somebody may, or has just stopped to."""
        if token.revoked:
            return "token, revoked"
        if token.vendor not in self.known:
            return "token, vendor gone"
        return "token, ended long ago" if token.expires_at + RETIRED <= self.clock() else ""

    def _suspect(self, channel: str, vendor: str, what: str) -> None:
        self.suspect(Suspicion(channel, AlertKind.RETIRED_TOKEN, vendor, f"{vendor}: {what}"))

    def _require(self, name: str, reason: str) -> None:
        self._known(name)
        if not reason.strip():
            raise Invalid("a reason is required")

    def _known(self, name: str) -> Vendor:
        if name not in self.known:
            raise NotFound(f"there is no [vendors.{name}]; known: {names(self.known.values())}")
        return self.known[name]

    def _given_by_command(self, name: str) -> Vendor:
        vendor = self._known(name)
        if vendor.secret_hashes:
            raise Invalid(f"{name} fetches its tokens with its secret, as WeChat's are")
        return vendor


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
