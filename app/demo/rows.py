"""What the demonstration saw, scene by scene, and whether it is what the scene is to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.model import Disposition
from app.demo.guard_api import Judged
from app.demo.script import Expected, Scene
from app.settings.channels import HOLDING_TEXT


@dataclass(frozen=True, slots=True)
class Arrival:
    text: str
    via: str
    """passive, api, comment, notice."""
    after_s: float
    """Since the citizen's message."""


@dataclass(frozen=True, slots=True)
class Row:
    """One scene as it was."""

    shows: str
    platform: str
    asked: str
    expected: str
    wanted: str
    """What the bot wanted to say; empty: nothing usable."""
    disposition: str
    quotes: tuple[str, ...]
    reasons: tuple[str, ...]
    received: tuple[Arrival, ...]
    tries: int
    """How often the platform pushed it."""
    bot_asked: int
    as_expected: bool


HELD = frozenset({Disposition.HOLD.value, Disposition.BLOCK.value})
PASSED = frozenset({Disposition.RELEASE.value})

DISPOSITIONS: Mapping[Expected, frozenset[str]] = {
    Expected.RELEASED: PASSED,
    Expected.LATE: PASSED,
    Expected.RESENT: PASSED,
    Expected.SURVIVED: PASSED,
    Expected.HELD: HELD,
    Expected.APPROVED: HELD,
    Expected.EDITED: HELD,
    Expected.FALLBACK: frozenset({""}),
}


def due(scene: Scene, wanted: str) -> tuple[tuple[str, str], ...]:
    """How and what the citizen is to receive, in this order and nothing else."""
    holding = ("passive", HOLDING_TEXT)
    match scene.expected:
        case Expected.RELEASED | Expected.RESENT | Expected.SURVIVED:
            return (("passive", wanted),)
        case Expected.HELD | Expected.FALLBACK:
            return (holding,)
        case Expected.LATE | Expected.APPROVED:
            return (holding, ("api", wanted))
        case Expected.EDITED:
            return (holding, ("api", scene.edited_text))


def row_of(scene: Scene, judged: Judged, received: Sequence[Arrival], *, tries: int, bot_asked: int) -> Row:
    arrived = tuple((one.via, one.text) for one in received)
    return Row(
        shows=scene.shows,
        platform=scene.platform.value,
        asked=scene.asks,
        expected=scene.expected.value,
        wanted=judged.wanted,
        disposition=judged.disposition,
        quotes=judged.quotes,
        reasons=judged.reasons,
        received=tuple(received),
        tries=tries,
        bot_asked=bot_asked,
        as_expected=arrived == due(scene, judged.wanted)
        and judged.disposition in DISPOSITIONS[scene.expected]
        and _resent_as_expected(scene, tries, bot_asked),
    )


def _resent_as_expected(scene: Scene, tries: int, bot_asked: int) -> bool:
    match scene.expected:
        case Expected.RESENT:
            return tries == 2 and bot_asked == 1
        case Expected.SURVIVED:
            return tries > 1
        case _:
            return tries == 1 and bot_asked == 1
