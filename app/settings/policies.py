"""How a channel decides on findings, and who is asked for a second opinion."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from app.core.taxonomy import SUBCLASSES
from app.settings.values import Closed, HeaderValue


class DecideWithin(Closed):
    """Minutes that people may take over a hold, by its severity; None: as long as the platform's window."""

    info: float | None = Field(None, gt=0)
    low: float | None = Field(480, gt=0)
    medium: float | None = Field(120, gt=0)
    high: float | None = Field(30, gt=0)


class Policy(Closed):
    """How a channel decides on findings. domain: S1..S4 are info, low, medium, high."""

    hold_at: Literal["info", "low", "medium", "high"] = "medium"
    """Findings of this severity and above wait for a person."""
    block_at: Literal["low", "medium", "high", "never"] = "high"
    """From here on a draft cannot be approved as it stands, only edited, replaced or rejected."""
    unreadable: Literal["hold", "allow"] = "hold"
    """What to do with images, voice, video and mini programs, which no rule can look into."""
    off_register: Literal["strict", "lenient", "off"] = "strict"
    """What of a reply without one bad word that is not how an office writes: hold it, note it, let it be."""
    shadow: tuple[str, ...] = ()
    """Rule ids that are measured but do not hold. Shown in red, counted in a metric."""
    shadow_all: bool = False
    """Measure every rule of the channel, hold nothing. For trial weeks only."""
    decisions: dict[str, Literal["release", "hold", "block"]] = Field(default_factory=dict)
    """Instead of by severity: by rule id, `category.subclass` or category; the most particular decides."""
    decide_within_minutes: DecideWithin = DecideWithin()
    """The queue shows what is due first on top."""
    second_person_at: Literal["low", "medium", "high", "never"] = "never"
    """From this severity on, what one person would release waits until a second one releases the same."""
    second_opinion: bool = False
    """Ask [second_opinion] about replies that the rules release with a score."""

    @field_validator("decisions")
    @classmethod
    def _about_words(cls, decisions: dict[str, str]) -> dict[str, str]:
        categories = {str(category) for category in SUBCLASSES}
        for name in decisions:
            if name.partition(".")[0] not in categories:
                raise ValueError(f"{name}: begin with one of {', '.join(sorted(categories))}")
        return decisions


class Judge(Closed):
    """Whom to ask for a second opinion: an OpenAI-compatible chat endpoint. Texts of citizens go there."""

    url: str = Field(pattern=r"^https?://")
    """The full address, e.g. http://10.0.0.8:8000/v1/chat/completions. It must be in the intranet."""
    model: str = Field(min_length=1)
    api_key: HeaderValue | None = None
    timeout_s: float = Field(1.5, gt=0, le=5)
    """After the longest wait for a bot this still ends before the claim's lease of 90 s."""
    on_error: Literal["hold", "release"] = "hold"
    """What becomes of the reply when no opinion came in time, or none that can be read."""
    score_at_least: int = Field(5, ge=1, le=100)
    """Asked only about a reply with so many points: 5 for info, 25 for low, 60 for medium, 100 for high."""
    prompt_file: Path | None = None
    """The judge's instructions; None: second-opinion.md beside the rules that came with this version."""
