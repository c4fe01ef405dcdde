"""The client for one server, for what Sentinels watch, or for a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.settings.coordination import Coordination, Servers, servers_of

Client = Redis | RedisCluster
CONNECTIONS = 32
"""More than are ever used at once, so that the client refuses nothing by itself."""
REDIRECTIONS = 3
"""A slot may have moved, and moved on."""


@dataclass(frozen=True, slots=True)
class Way:
    client: Client
    clients: Sequence[Client]
    """All that must be closed."""


def way_of(settings: Coordination) -> Way:
    """Connects when it is first used. `settings.url` is not empty."""
    servers = servers_of(settings.url)
    if servers.kind == "sentinel":
        return _watched(settings, servers)
    client: Client
    if servers.kind == "cluster":
        nodes = [ClusterNode(host, port) for host, port in servers.hosts]
        client = RedisCluster(startup_nodes=nodes, **_options(settings, servers, REDIRECTIONS))
    else:
        host, port = servers.hosts[0]
        client = Redis(host=host, port=port, db=servers.database, **_options(settings, servers, 1))
    return Way(client, (client,))


def _watched(settings: Coordination, servers: Servers) -> Way:
    # A Sentinel that is silent must leave time to ask the next one.
    asking = _options(settings, servers, 0) | {
        "socket_timeout": settings.timeout_s / 2,
        "socket_connect_timeout": settings.timeout_s / 2,
        "username": None,
        "password": _plain(settings.sentinel_password),
    }
    sentinels = Sentinel(list(servers.hosts), sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    master = sentinels.master_for(servers.service, **_options(settings, servers, 1))
    return Way(master, (master, *sentinels.sentinels))


def _options(settings: Coordination, servers: Servers, retries: int) -> dict[str, Any]:
    """One more try at once: a connection that lay idle may have been cut. Waiting is not the client's."""
    tls: dict[str, Any] = {"ssl": True} if servers.tls else {}
    if servers.tls and settings.ca_file is not None:
        tls["ssl_ca_certs"] = str(settings.ca_file)
    return tls | {
        "username": servers.user or None,
        "password": _plain(settings.password),
        "socket_timeout": settings.timeout_s,
        "socket_connect_timeout": settings.timeout_s,
        "retry": Retry(NoBackoff(), retries),
        "max_connections": CONNECTIONS,
        "protocol": 2,  # servers that only resemble Redis know no other
    }


def _plain(secret: Any) -> str | None:
    return None if secret is None else secret.get_secret_value()
