"""Who of the vendors is calling: secrets for tokens, tokens for calls. The platform's own never leave us."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from typing import Protocol

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core import egress
from app.core.errors import Invalid, NotFound
from app.core.records import AuditEntry
from app.core.vendors import GRACE, Revocation, Vendor, VendorRefused, VendorToken, names
from app.ports import Clock

_TOKENS_A_MINUTE = parse("20 per minute")
"""By vendor's address: a wrong secret is not guessed, and a loop of a vendor's code burdens nobody."""
_GUESSES_A_MINUTE = parse("20 per minute")
"""By address, of wrong credentials alone: a program opens a tunnel as often as it calls."""
_NOBODYS = "0" * 64


class VendorTokens(Protocol):
    """The part of the records that knows tokens. Raises StoreError."""

    async def add(self, token: VendorToken, audit: AuditEntry) -> None: ...
    async def find(self, token_hash: str) -> VendorToken | None: ...
    async def revocations(self) -> Sequence[Revocation]: ...
    async def revoke(self, revocation: Revocation, audit: AuditEntry) -> None: ...
    async def restore(self, vendor: str, audit: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class Vendors:
    known: Mapping[str, Vendor]
    """By name."""
    tokens: VendorTokens
    clock: Clock
    _pace: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    async def token(self, channel: str, secret: str, address: str) -> tuple[str, int]:
        """A new token and its seconds, for a secret of the channel's. Raises VendorRefused, StoreError."""
        if not await self._pace.hit(_TOKENS_A_MINUTE, address):
            raise VendorRefused(egress.TOO_OFTEN, "too many tokens asked for")
        given = hashed(secret)
        found = [
            vendor
            for vendor in self.known.values()
            for one in vendor.secret_hashes
            if compare_digest(one, given) and vendor.channel == channel
        ]
        if not found or await self._is_revoked(found[0].name):
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
        if not await self._pace.test(_GUESSES_A_MINUTE, "admitted", address):
            raise VendorRefused(egress.TOO_OFTEN, "too many wrong secrets")
        vendor, given = self.known.get(name), hashed(secret)
        fits = [compare_digest(one, given) for one in (vendor.secret_hashes if vendor else [_NOBODYS])]
        if vendor is None or True not in fits or await self._is_revoked(name):
            await self._pace.hit(_GUESSES_A_MINUTE, "admitted", address)
            raise VendorRefused(egress.BAD_SECRET, "wrong name or secret, or revoked")
        if not vendor.lets_in(address):
            raise VendorRefused(egress.BAD_ADDRESS, f"invalid ip {address}, not in whitelist")
        return vendor

    def only(self, name: str) -> "Vendors":
        """As if there were no other vendor: another's secret and tokens are nobody's."""
        return replace(self, known={name: self.known[name]})

    async def caller(self, channel: str, token: str, scope: str, address: str) -> Vendor:
        """Whose token it is. Raises VendorRefused, StoreError."""
        if not token:
            raise VendorRefused(egress.NO_TOKEN, "access_token missing")
        found = await self.tokens.find(hashed(token))
        vendor = self.known.get(found.vendor) if found else None
        if found is None or vendor is None or found.channel != channel or vendor.channel != channel:
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
        if found.expires_at <= self.clock():
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized: the token has expired, fetch another")
        if not vendor.lets_in(address):
            raise VendorRefused(egress.BAD_ADDRESS, f"invalid ip {address}, not in whitelist")
        if scope not in vendor.scopes:
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
        return vendor

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

    def _require(self, name: str, reason: str) -> None:
        if name not in self.known:
            raise NotFound(f"there is no [vendors.{name}]; known: {names(self.known.values())}")
        if not reason.strip():
            raise Invalid("a reason is required")


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
