"""Vendors that send by themselves: what each may, and the tokens the guard gives them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address

from app.core.errors import GuardError


class VendorRefused(GuardError):
    """A call of a vendor's is not done. `code`: WeChat's errcode that says it best, or one of Weibo's own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Vendor:
    """One contractor at one channel, as configured."""

    name: str
    channel: str
    secret_hashes: frozenset[str]
    """SHA-256, hex: the current one and, while it is rotated, the one before. Empty: it fetches no
    tokens but is given them by command (Weibo's are long-lived, and nobody fetches them)."""
    scopes: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]
    """Where it may call from; empty: anywhere."""
    token_lifetime: timedelta
    held_code: int = 0
    """What a held message is answered with; 0 is success."""
    desks: tuple[str, ...] = ()
    """The customer-service accounts it may speak as; another one it names is left out."""

    def lets_in(self, address: str) -> bool:
        if not self.networks:
            return True
        try:
            where = ip_address(address)
        except ValueError:
            return False
        return any(where in network for network in self.networks if network.version == where.version)


@dataclass(frozen=True, slots=True)
class VendorToken:
    """What the guard gave a vendor; only the hash is kept."""

    hash: str
    vendor: str
    channel: str
    created_at: datetime
    expires_at: datetime
    revoked: bool = False
    """Its vendor is shut out now."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """A vendor that is not let in until somebody lets it again."""

    vendor: str
    by: str
    at: datetime
    reason: str


GRACE = timedelta(minutes=10)
"""A token is taken this much longer than was said, for clocks that differ and requests under way."""
RETIRED = timedelta(days=1)
"""Who still uses a token so long after its end has forgotten to stop, or should not have it."""
REMEMBERED = timedelta(days=366)
"""So long an ended token is known for what it is."""
MOST_REMEMBERED = 1_000
"""Of one vendor's; a loop that fetches tokens all day must not fill the records."""


def names(vendors: Collection[Vendor]) -> str:
    return ", ".join(sorted(vendor.name for vendor in vendors)) or "none"
