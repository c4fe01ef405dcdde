"""Whom the guard tells that something waits, and when."""

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.core.notices import NoticeKind
from app.settings.values import Closed, Identifier, Secret


class RobotBase(Closed):
    url: Secret
    """Whoever knows it may speak in the group: keep it like a password."""
    kinds: tuple[NoticeKind, ...] | None = None
    """None: every kind."""
    channels: tuple[Identifier, ...] | None = None
    """None: every channel."""
    per_minute: int = Field(12, ge=1, le=20)
    """Messages at most; the group robots take 20."""
    quiet_from: time | None = None
    quiet_to: time | None = None
    """Between them only urgent holds, stops, bots that fail and ways past us are told; the rest waits."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet_from and quiet_to belong together, like 22:00:00 and 07:00:00")
        return self


class WeComGroup(RobotBase):
    kind: Literal["wecom"]


class DingTalkGroup(RobotBase):
    kind: Literal["dingtalk"]
    secret: Secret | None = None
    """Of 加签; None: the robot lets us in by the keyword 慎言 or our address."""


class FeishuGroup(RobotBase):
    kind: Literal["feishu"]
    secret: Secret | None = None
    """Of 签名校验; None: it is not switched on."""


class PlainWebhook(RobotBase):
    kind: Literal["webhook"]
    secret: Secret
    """Keys the signature in X-Shenyan-Signature."""


AnyRobot = Annotated[WeComGroup | DingTalkGroup | FeishuGroup | PlainWebhook, Field(discriminator="kind")]


class Notifications(Closed):
    """Group robots hear how many of what wait where; never a citizen's or a bot's words."""

    robots: dict[Identifier, AnyRobot] = Field(default_factory=dict)
    console_url: str = Field("", pattern=r"^(https?://.*)?$")
    """Written below each message."""
    queue_longer_than: int = Field(50, ge=1, lt=1_000)
    window_closes_within_minutes: float = Field(120, gt=0)
    bot_down_after: int = Field(5, ge=1)
    """Failures of a channel's bot on end."""
    digest_every_minutes: float = Field(0, ge=0)
    """0: no digest."""
