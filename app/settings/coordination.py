"""Where processes that share the work meet: a Redis-protocol server, or nothing for a single process."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr

from app.settings.values import Closed, Secret

KEY_BYTES = 32
FORMS = (
    "redis://host:6379/0, redis+sentinel://host:26379,host:26379/service or "
    "redis+cluster://host:6379,host:6379; rediss... with TLS"
)


@dataclass(frozen=True, slots=True)
class Servers:
    """What an address says."""

    kind: Literal["plain", "sentinel", "cluster"]
    hosts: tuple[tuple[str, int], ...]
    tls: bool
    user: str = ""
    service: str = ""
    """What the Sentinels call the master."""
    database: int = 0


def servers_of(url: str) -> Servers:
    """Raises ValueError, quoting nothing."""
    parts = urlsplit(url)
    found = re.fullmatch(r"redis(s?)(?:\+(sentinel|cluster))?", parts.scheme)
    if found is None or parts.query or parts.fragment:
        raise ValueError(f"expected {FORMS}")
    kind: Literal["plain", "sentinel", "cluster"] = "plain"
    if found[2]:
        kind = "sentinel" if found[2] == "sentinel" else "cluster"
    user, _, where = parts.netloc.rpartition("@")
    if ":" in user:
        raise ValueError("a password has no place in the address; set coordination.password")
    hosts = tuple(_host(one, 26379 if kind == "sentinel" else 6379) for one in where.split(","))
    path = unquote(parts.path.strip("/"))
    if kind == "sentinel" and not path:
        raise ValueError("name the service the Sentinels watch: redis+sentinel://host:26379/service")
    if kind == "cluster" and path:
        raise ValueError("a cluster has no numbered databases; end the address with the last host")
    if kind == "plain" and (len(hosts) > 1 or not re.fullmatch(r"\d{0,4}", path)):
        raise ValueError(f"one host, and a number for the database; expected {FORMS}")
    service = path if kind == "sentinel" else ""
    database = int(path) if kind == "plain" and path else 0
    return Servers(kind, hosts, found[1] == "s", unquote(user), service, database)


def _host(text: str, usual_port: int) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:/\s]+)(?::(\d{1,5}))?", text)
    port = int(found[2] or usual_port) if found else 0
    if found is None or not 0 < port < 65_536:
        raise ValueError(f"a host is missing or is none; expected {FORMS}")
    return found[1].strip("[]"), port


def _address(url: str) -> str:
    if url:
        servers_of(url)
    return url


def key_of(secret: SecretStr) -> bytes:
    """Raises ValueError."""
    try:
        key = base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("a key is 32 random bytes in base64; make one with: openssl rand -base64 32")
    return key


def _seal_key(secret: SecretStr) -> SecretStr:
    key_of(secret)
    return secret


SealKey = Annotated[SecretStr, AfterValidator(_seal_key)]


class Coordination(Closed):
    url: Annotated[str, AfterValidator(_address)] = ""
    """Empty: within this process alone."""
    password: Secret | None = None
    sentinel_password: Secret | None = None
    """Where the Sentinels ask for one of their own."""
    ca_file: FilePath | None = None
    """Whom to trust with rediss; None: whom the system trusts."""
    secret_key: SealKey | None = None
    """Seals every value that is put there: who reads Redis shall have no access token of the platform's."""
    previous_secret_key: SealKey | None = None
    """Still opens what it sealed, while the new key spreads."""
    prefix: str = Field("shenyan", pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    """Of every key and channel; each installation on a shared server has its own."""
    timeout_s: float = Field(0.5, gt=0, le=2)
    """No call takes longer; then Redis counts as away."""
