"""All of it, and what must fit together."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from app.settings.bots import AnyBot
from app.settings.channels import AnyChannel
from app.settings.coordination import Coordination
from app.settings.desk import Console, Review, WorkOrders
from app.settings.forward_proxy import ForwardProxy
from app.settings.machinery import Conversations, Courier, Monitoring, Rules, Server, Storage, Sweeper
from app.settings.notifications import Notifications
from app.settings.policies import Judge, Policy
from app.settings.retention import Retention
from app.settings.values import Closed, Identifier, Secret
from app.settings.vendors import Vendor

UNGUARDABLE = {
    "websocket": "the bot answers over a connection of its own",
    "longpoll": "the bot fetches messages and answers by itself",
    "wechaty": "it speaks as a personal account",
    "itchat": "it speaks as a personal account",
    "gewechat": "it speaks as a personal account",
    "aispeech": "智能对话, once bound to the account, answers from the platform itself",
    "component": "a third-party platform (第三方平台) holds tokens of the account's own",
}
"""Kinds that people ask for, and why they are none."""

Scope = Literal[
    "holds:read", "holds:decide", "deliveries:read", "deliveries:decide", "check", "chat", "replies", "canary"
]


class ApiToken(Closed):
    """A program or person that may use /v1. Only the token's hash is kept."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """`shenyan token new` prints a token and this."""
    scopes: tuple[Scope, ...]
    channels: tuple[Identifier, ...] | None = None
    """None: every channel."""
    per_minute: int = Field(1200, ge=1, le=1_000_000)
    """Requests to /v1 at most, in any minute; each text of a batch counts."""
    callback_url: str = Field("", pattern=r"^(https?://.+)?$")
    """Where it is told what people decided on its submitted texts; never taken from a request."""
    callback_secret: Secret | None = None
    """Keys the signature in X-Shenyan-Signature."""
    reply_expires_hours: float | None = Field(None, gt=0, le=8_760)
    """How long its submitted texts wait for a decision; None: as long as it takes."""

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.callback_url and self.callback_secret is None:
            raise ValueError(
                "a callback_url needs a callback_secret: with it the other side proves that a post is ours"
            )
        return self

    @property
    def reply_expires_after(self) -> timedelta | None:
        return None if self.reply_expires_hours is None else timedelta(hours=self.reply_expires_hours)


class Settings(Closed):
    server: Server = Server()
    storage: Storage = Storage()
    retention: Retention = Retention()
    coordination: Coordination = Coordination()
    rules: Rules = Rules()
    conversations: Conversations = Conversations()
    review: Review = Review()
    console: Console = Console()
    work_orders: WorkOrders = WorkOrders()
    notifications: Notifications = Notifications()
    courier: Courier = Courier()
    sweeper: Sweeper = Sweeper()
    monitoring: Monitoring = Monitoring()
    second_opinion: Judge | None = None
    policies: dict[Identifier, Policy] = Field(default_factory=lambda: {"default": Policy()})
    bots: dict[Identifier, AnyBot]
    channels: dict[Identifier, AnyChannel]
    vendors: dict[Identifier, Vendor] = Field(default_factory=dict)
    forward_proxy: ForwardProxy | None = None
    api_tokens: dict[Identifier, ApiToken] = Field(default_factory=dict)

    @field_validator("bots", mode="before")
    @classmethod
    def _guardable(cls, bots: object) -> object:
        """Raises ValueError for a bot whose words never pass by us."""
        for name, bot in bots.items() if isinstance(bots, dict) else ():
            kind = bot.get("kind") if isinstance(bot, dict) else None
            if kind in UNGUARDABLE:
                raise ValueError(
                    f"{name}.kind: {kind!r} cannot be guarded: {UNGUARDABLE[kind]} (docs/egress.md); "
                    "use its webhook, its HTTP API, or the stand-in of the platform's API"
                )
        return bots

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        wanted = {name: (channel.bot, channel.policy) for name, channel in self.channels.items()}
        problems = broken_names(wanted, self.bots, self.policies)
        problems += self._shared_credentials()
        problems += unasked_opinions(self.policies, self.second_opinion)
        problems += self._vendors_without_way()
        problems += self.alone(self.server.workers)
        if self.forward_proxy and not self.vendors:
            problems.append(
                "forward_proxy: there is no [vendors.…], so nobody could come in by it; add one, "
                "or take the section out"
            )
        if self.coordination.url and self.coordination.secret_key is None:
            problems.append(
                "coordination.secret_key: is missing; access tokens lie in Redis, sealed with it; "
                "make one with: openssl rand -base64 32"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def alone(self, workers: int) -> list[str]:
        """What so many processes lack to work together; nothing where there is one."""
        if workers == 1:
            return []
        problems = []
        if not self.storage.url.startswith("postgresql"):
            problems.append(
                f"storage.url: {workers} processes need PostgreSQL; write postgresql://…, or use one"
            )
        if not self.coordination.url:
            problems.append(f"coordination.url: {workers} processes need Redis; write redis://…, or use one")
        return problems

    def _vendors_without_way(self) -> list[str]:
        problems = []
        for name, vendor in self.vendors.items():
            channel = self.channels.get(vendor.channel)
            if channel is None:
                known = ", ".join(self.channels) or "none"
                problems.append(
                    f"vendors.{name}.channel: there is no [channels.{vendor.channel}]; known: {known}"
                )
            else:
                problems += [f"vendors.{name}.{problem}" for problem in _way_missing(vendor, channel)]
        return problems

    def _shared_credentials(self) -> list[str]:
        """Two channels with one account's credentials would each answer half of its messages."""
        seen: dict[tuple[str, str], str] = {}
        problems = []
        for name, channel in self.channels.items():
            account = (
                channel.app_id if channel.platform == "wechat" else channel.app_secret.get_secret_value()
            )
            first = seen.setdefault((channel.platform, account), name)
            if first != name:
                problems.append(
                    f"channels.{name}: the same account as channels.{first}; give each account one channel"
                )
        return problems


def _way_missing(vendor: Vendor, channel: AnyChannel) -> list[str]:
    """What a vendor's messages cannot leave without: the account's own token, and one for the vendor."""
    problems = []
    if channel.platform == "wechat":
        if channel.app_secret is None:
            problems.append(
                f"channel: {vendor.channel} needs an app_secret, "
                "since messages leave with the account's own token"
            )
        if not vendor.secret_sha256:
            problems.append("secret_sha256: missing; `shenyan vendor secret` makes one")
    else:
        if channel.access_token is None:
            problems.append(
                f"channel: {vendor.channel} needs an access_token, "
                "since messages leave with the account's own token"
            )
        if vendor.secret_sha256:
            problems.append(
                "secret_sha256: a vendor at a Weibo channel has none; "
                "`shenyan vendor token` gives it a token, take this line out"
            )
    return problems


def broken_names(
    wanted: Mapping[str, tuple[str, str]], bots: Collection[str], policies: Collection[str]
) -> list[str]:
    """Where a channel names a bot or a policy that is not there. `wanted`: both names by channel."""
    return [
        f"channels.{name}.bot: there is no [bots.{bot}]; known: {', '.join(bots) or 'none'}"
        for name, (bot, _) in wanted.items()
        if bot not in bots
    ] + unknown_policies({name: policy for name, (_, policy) in wanted.items()}, policies)


def unknown_policies(wanted: Mapping[str, str], policies: Collection[str]) -> list[str]:
    """Where a channel names a policy that is not there. `wanted`: its name by channel."""
    return [
        f"channels.{name}.policy: there is no [policies.{policy}]; known: {', '.join(policies) or 'none'}"
        for name, policy in wanted.items()
        if policy not in policies
    ]


def unasked_opinions(policies: Mapping[str, Policy], judge: Judge | None) -> list[str]:
    """Where a policy asks for a second opinion, and nobody was named to give one."""
    if judge is not None:
        return []
    return [
        f"policies.{name}.second_opinion: there is no [second_opinion]; add it, or write false"
        for name, policy in policies.items()
        if policy.second_opinion
    ]
