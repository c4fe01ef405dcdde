"""How long finished records are kept before they leave for an archive."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, field_validator

from app.core.retention import LAW, LEAST_DAYS, Class
from app.settings.values import Closed


class Retention(Closed):
    """Without any of the three limits everything is kept for ever."""

    exchanges_days: int | None = Field(None, le=36_500)
    """Of messages that no person had to see, with their deliveries."""
    holds_days: int | None = Field(None, le=36_500)
    """Of messages whose reply was held, with all that came of it."""
    audit_days: int | None = Field(None, le=36_500)
    archive_dir: Path = Path("var/archive")
    """Made where it is missing, for its owner alone; the same one for every process."""

    @field_validator("exchanges_days", "holds_days", "audit_days")
    @classmethod
    def _lawful(cls, days: int | None) -> int | None:
        if days is not None and days < LEAST_DAYS:
            raise ValueError(LAW)
        return days

    @property
    def days(self) -> Mapping[Class, int | None]:
        return {
            Class.EXCHANGES: self.exchanges_days,
            Class.HOLDS: self.holds_days,
            Class.AUDIT: self.audit_days,
        }

    @property
    def limited(self) -> bool:
        return any(days is not None for days in self.days.values())
