"""Contractors that send by themselves, through the stand-in of the platform's API."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field

from app.settings.values import Closed, Identifier


class Vendor(Closed):
    channel: Identifier
    secret_sha256: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = Field((), max_length=2)
    """WeChat: `shenyan vendor secret` prints a secret and this; while it is rotated, two stand here.

    Weibo: none, the vendor is given a token by `shenyan vendor token`.
    """
    scopes: tuple[Literal["send", "media", "read", "posts", "templates", "comments"], ...] = ("send",)
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where it may call from; empty: from anywhere."""
    token_minutes: float = Field(120, gt=0, le=120)
    """WeChat's; the platform's own live for two hours."""
    when_held: Literal[0, 45047, 48001] = 0
    """What its code hears of a held message: success, the quota's error (Weibo: 10024), a refusal (10014)."""
    kf_accounts: tuple[str, ...] = ()
    """The customer-service accounts (客服账号) under whose names it may speak."""
