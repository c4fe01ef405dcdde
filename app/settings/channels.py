"""The accounts that citizens write to."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from app.core import egress, weibo_calls
from app.settings.values import Closed, EncodingAesKey, Identifier, Secret, WebhookToken

HOLDING_TEXT = "您的留言已收到，工作人员核实后会尽快回复您。"


class Canary(Closed):
    """Test messages that the guard answers itself, to see that the platform still asks it and nobody else."""

    users: tuple[str, ...] = Field(min_length=1)
    """The platform's ids (openid, uid) of the test accounts."""
    keyword: str = Field("慎言值守", min_length=2, max_length=40, pattern=r"^\S(.*\S)?$")
    secret: Secret
    """Keys the answers; the vendor must not have it."""
    expect_every_minutes: float = Field(0, ge=0)
    """No test message for so long is an alert; 0: none is expected."""

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < 16:
            raise ValueError("a secret has at least 16 characters, else its answers can be guessed")
        return secret


class ChannelConduct(Closed):
    """How a channel treats its citizens: what is published for every guard, beside its rules."""

    policy: Identifier = "default"
    holding_text: str = HOLDING_TEXT
    """What the citizen hears while a reply waits; checked like any reply when it is loaded."""
    when_held: Literal["holding_text", "nothing"] = "holding_text"
    when_late: Literal["holding_text", "nothing"] = "holding_text"
    """The bot is late, down or wrong."""
    ai_label: str = Field("", max_length=100)
    """What tells citizens that a bot's reply was generated; a person's words have none. Empty: no label."""
    ai_label_at: Literal["start", "end"] = "end"
    takeover: bool = True
    """People answer who asks for them, asks the same twice, is in danger, or is angry at the last answer."""
    takeover_rests_minutes: float = Field(120, gt=0)
    """A conversation in which the citizen did not write for so long goes back to the bot."""
    posts: Literal["review", "check"] = "review"
    """What vendors publish or send to many: a person sees all of it first, or only what the check holds."""
    posts_within_hours: float = Field(168, gt=0)
    """How long what no citizen's window bounds waits for a person: posts, templates, comments."""


class ChannelBase(ChannelConduct):
    bot: Identifier
    title: str = ""
    """The account's name as people know it."""
    facts: Path | None = None
    """The list, TOML or CSV, of the numbers, links, addresses, documents and hours that replies may give.

    In the file: relative to its folder. None, or an empty list: nothing is taken for made up.
    """
    canary: Canary | None = None
    watch_messages_minutes: float = Field(0, ge=0)
    """How often what the platform lists of the account's messages is compared with what we sent; 0: never."""
    checklist_days: float = Field(30, gt=0, le=366)
    """So long a person's word counts that the platform's own automatic replies are off."""
    answer_within_s: float = Field(4.5, gt=0, lt=5)
    """The platform hangs up at 5 s."""
    signature_max_age_s: float = Field(600, gt=0)
    """Older (or newer) pushes are refused."""
    bot_at_once: int = Field(200, ge=1, le=5_000)
    """Messages that may wait for the bot at once, in each process. As many again stand in line for
    `answer_within_s`; beyond, the citizen hears the holding text and the message is listed for a person."""
    platform_at_once: int = Field(16, ge=1, le=500)
    """Messages on their way to the platform at once, in each process; the others wait on record."""


class WeChatChannel(ChannelBase):
    platform: Literal["wechat"]
    app_id: str = Field(min_length=1)
    token: WebhookToken
    """3 to 32 letters and digits, as entered on the platform."""
    mode: Literal["plaintext", "compatible", "safe"] = "safe"
    """As set on the platform. A push in another mode is refused."""
    aes_key: EncodingAesKey | None = None
    previous_aes_key: EncodingAesKey | None = None
    """Still accepted while a new key spreads."""
    app_secret: Secret | None = None
    """For the access token; without it nothing can be delivered after the passive answer."""
    api_base: str = Field("https://api.weixin.qq.com", pattern=r"^https?://")
    watch_autoreply_minutes: float = Field(10, ge=0)
    """How often the platform is asked whether it answers by itself; 0, or without an app_secret: never."""
    egress_allow: tuple[str, ...] = ()
    """Calls that only tell a vendor something and are passed on, e.g. "/cgi-bin/user/info"."""

    @field_validator("egress_allow")
    @classmethod
    def _harmless(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        return _only(egress.READS, paths)

    @model_validator(mode="after")
    def _key_where_needed(self) -> Self:
        if self.watch_messages_minutes and self.app_secret is None:
            raise ValueError("watch_messages_minutes needs app_secret: the platform lists them for its owner")
        if self.mode != "plaintext" and self.aes_key is None:
            raise ValueError(f"mode {self.mode!r} needs aes_key (43 characters, from the platform's console)")
        return self


class WeiboChannel(ChannelBase):
    platform: Literal["weibo"]
    app_secret: Secret
    """Plays the part of WeChat's token in signatures."""
    access_token: Secret | None = None
    uid: str = ""
    """The account's own id; pushes for another account are refused when it is set."""
    api_base: str = Field("https://m.api.weibo.com", pattern=r"^https?://")
    comment_api_base: str = Field("https://api.weibo.com", pattern=r"^https?://")
    real_ip: str = "127.0.0.1"
    """`rip` of the comment API: the address the platform shall know us by."""
    egress_allow: tuple[str, ...] = ()
    """Calls that only tell a vendor something and are passed on, e.g. "/2/comments/to_me.json"."""

    @field_validator("egress_allow")
    @classmethod
    def _harmless(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        return _only(weibo_calls.READS, paths)

    @model_validator(mode="after")
    def _token_where_needed(self) -> Self:
        if self.watch_messages_minutes and self.access_token is None:
            raise ValueError(
                "watch_messages_minutes needs access_token: the platform lists them for its owner"
            )
        return self


def _only(known: frozenset[str], paths: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ValueError for a path that is none of them."""
    if unknown := sorted(set(paths) - known):
        raise ValueError(f"{', '.join(unknown)} cannot be allowed; known: {', '.join(sorted(known))}")
    return paths


AnyChannel = Annotated[WeChatChannel | WeiboChannel, Field(discriminator="platform")]
