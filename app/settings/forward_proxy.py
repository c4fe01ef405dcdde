"""The door for vendors whose programs have the platform's host name compiled in."""

from pathlib import Path

from pydantic import Field

from app.settings.values import Closed


class ForwardProxy(Closed):
    """Off unless the section is there. Which hosts: core.forward_proxy.HOSTS, and no others."""

    host: str = "127.0.0.1"
    port: int = Field(8901, ge=0, le=65535)
    """0: any free port, printed at the start."""
    ca_certificate: Path
    """PEM, as `shenyan proxy ca` makes it; vendors are told to trust it."""
    ca_key: Path
    """PEM, without a password."""
    connections: int = Field(256, ge=1, le=10_000)
    """At once, in all: they must leave file descriptors to the citizens' messages."""
    connections_per_address: int = Field(32, ge=1, le=10_000)
