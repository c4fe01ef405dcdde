"""The people: how long they may take, how they sign in, whom they pass things on to."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from app.settings.values import Closed, Secret


class Review(Closed):
    claim_minutes: float = Field(10, gt=0, le=120)
    """How long a claimed hold is kept for its moderator."""

    @property
    def claim_lease(self) -> timedelta:
        return timedelta(minutes=self.claim_minutes)


class Console(Closed):
    """The moderators' pages below /console/."""

    idle_minutes: float = Field(30, gt=0, le=720)
    """A session that was not used for so long is over."""
    longest_hours: float = Field(12, gt=0, le=24)
    """A session is over after this, used or not."""


class WorkOrders(Closed):
    """Where the work orders of transferred holds are posted, signed; without a URL people export them."""

    url: str = Field("", pattern=r"^(https?://.*)?$")
    secret: Secret | None = None
    """Keys the signature in X-Shenyan-Signature."""

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.url and self.secret is None:
            raise ValueError("a url needs a secret, with which the other side can prove that a post is ours")
        return self
