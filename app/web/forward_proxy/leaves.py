"""The certificates the guard shows as a platform's host: made in memory, renewed while it runs."""

import secrets
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from app.core.forward_proxy import HOSTS
from app.ports import Clock
from app.web.bodies import Refused
from app.web.forward_proxy.authority import Authority, issue

RENEWED_AFTER = timedelta(days=1)
"""Long before they end, and with them whatever somebody may have stolen from memory."""


@dataclass(slots=True)
class Leaves:
    authority: Authority
    clock: Clock
    _made: dict[str, tuple[datetime, ssl.SSLContext]] = field(default_factory=dict)

    def make_all(self) -> None:
        """Before the first vendor comes: what cannot be made is known at start."""
        for host in HOSTS:
            self.context(host)

    def context(self, host: str) -> ssl.SSLContext:
        """TLS as `host`. Raises Refused once the CA itself has expired."""
        now = self.clock()
        if now >= self.authority.ends_at:
            raise Refused(503, "ca-expired", "慎言的私有 CA 已过期 the guard's private CA has expired")
        made = self._made.get(host)
        if made is None or now >= made[0] + RENEWED_AFTER:
            made = self._made[host] = (now, _context(self.authority, host, now))
        return made[1]


def _context(authority: Authority, host: str, now: datetime) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])

    def only_this(_connection: ssl.SSLObject, named: str | None, _context: ssl.SSLContext) -> int | None:
        """Whoever names a host names the one it asked the tunnel for."""
        same = named is None or named.lower() == host
        return None if same else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context.sni_callback = only_this
    # The standard library reads keys from files alone: this one is sealed, and its password kept nowhere.
    password = secrets.token_hex(32)
    pair = issue(authority, host, now, password.encode())
    with TemporaryDirectory(prefix="shenyan-") as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_bytes(pair.certificate)
        key.write_bytes(pair.key)
        context.load_cert_chain(certificate, key, password)
    return context
