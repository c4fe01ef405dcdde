"""The tokens vendors were given, by hash, and which vendors are shut out. Asked at every call: what is
revoked is revoked everywhere."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from app.core.records import AuditEntry
from app.core.vendors import MOST_REMEMBERED, REMEMBERED, Revocation, VendorToken
from app.storage import trail
from app.storage.database import Database
from app.storage.schema import vendor_revocations, vendor_tokens
from app.storage.upsert import upsert

_FIND = (
    select(vendor_tokens, vendor_revocations.c.vendor.is_not(None).label("revoked"))
    .outerjoin(vendor_revocations, vendor_revocations.c.vendor == vendor_tokens.c.vendor)
    .where(vendor_tokens.c.hash == bindparam("of_hash"))
)


@dataclass(frozen=True, slots=True)
class SqlVendorTokens:
    database: Database

    async def add(self, token: VendorToken, audit: AuditEntry) -> None:
        """Also forgets what ended long ago."""

        def work(connection: Connection) -> None:
            ended, theirs = (
                vendor_tokens.c.expires_at < token.created_at,
                vendor_tokens.c.vendor == token.vendor,
            )
            latest = (
                select(vendor_tokens.c.hash)
                .where(theirs)
                .order_by(vendor_tokens.c.created_at.desc())
                .limit(MOST_REMEMBERED)
            )
            too_many = theirs & vendor_tokens.c.hash.not_in(latest)
            too_old = vendor_tokens.c.expires_at < token.created_at - REMEMBERED
            connection.execute(delete(vendor_tokens).where(ended, too_old | too_many))
            kept = asdict(token)
            del kept["revoked"]
            connection.execute(insert(vendor_tokens), kept)
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def find(self, token_hash: str) -> VendorToken | None:
        """Also one that has ended, or whose vendor was revoked since: it says so."""
        row = await self.database.read(
            lambda connection: connection.execute(_FIND, {"of_hash": token_hash}).one_or_none()
        )
        return VendorToken(**{**row._mapping, "revoked": bool(row.revoked)}) if row else None

    async def of(self, vendor: str) -> Sequence[VendorToken]:
        """Oldest first."""
        query = (
            select(vendor_tokens)
            .where(vendor_tokens.c.vendor == vendor)
            .order_by(vendor_tokens.c.created_at, vendor_tokens.c.hash)
        )
        return await self.database.read(
            lambda connection: [VendorToken(**row._mapping) for row in connection.execute(query)]
        )

    async def end(self, hashes: Collection[str], audit: AuditEntry) -> None:
        """They are remembered as ended: who still uses one is heard of."""

        def work(connection: Connection) -> None:
            living = vendor_tokens.c.hash.in_(hashes) & (vendor_tokens.c.expires_at > audit.at)
            connection.execute(update(vendor_tokens).where(living).values(expires_at=audit.at))
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def revocations(self) -> Sequence[Revocation]:
        query = select(vendor_revocations).order_by(vendor_revocations.c.vendor)
        return await self.database.read(
            lambda connection: [Revocation(**row._mapping) for row in connection.execute(query)]
        )

    async def revoke(self, revocation: Revocation, audit: AuditEntry) -> None:
        """Ends its tokens and shuts it out."""

        def work(connection: Connection) -> None:
            theirs, now = vendor_tokens.c.vendor == revocation.vendor, revocation.at
            living = theirs & (vendor_tokens.c.expires_at > now)
            connection.execute(update(vendor_tokens).where(living).values(expires_at=now))
            upsert(connection, vendor_revocations, asdict(revocation))
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def restore(self, vendor: str, audit: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            connection.execute(delete(vendor_revocations).where(vendor_revocations.c.vendor == vendor))
            trail.append(connection, (audit,))

        await self.database.change(work)
