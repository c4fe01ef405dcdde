"""What is said: by citizens, by the bot in all its moods, by moderators. Each text carries its conversation's
marker, so that whatever reaches a citizen is traced back; the rules certainly release or hold each."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

QUESTIONS = ("办事大厅几点开门？（{}）", "工地扬尘太大，孩子们没法上课！（{}）", "请问护照在哪里办？（{}）")
CLEAN = "您好，办事大厅工作日九点开门。（{}）"
RUDE = "不说话没人把你当哑巴（{}）"
NEVER = "您好，这一条谁也不该收到。（{}）"
"""Clean words in an answer that is none: broken, doubled, or for somebody else."""
EDITED = "您好，您反映的问题已转交有关部门核实。（{}）"
SUBSTITUTE = "您好，请工作日到办事大厅窗口咨询。（{}）"

_MARKER = re.compile(r"kx\d{6}")


def marker_of(number: int) -> str:
    return f"kx{number:06d}"


def markers_in(text: str) -> list[str]:
    return _MARKER.findall(text)


class Act(StrEnum):
    """What the bot does with one message."""

    CLEAN = "clean"
    RUDE = "rude"
    PICTURE = "picture"
    SILENT = "silent"
    LATE = "late"
    LATE_AND_RUDE = "late-and-rude"
    SLOW_BYTES = "slow-bytes"
    ANSWERS_TWICE = "answers-twice"
    """A whole HTTP answer, and another one behind it."""
    SAYS_TWO_THINGS = "says-two-things"
    WRONG_CITIZEN = "wrong-citizen"
    HUGE = "50-megabytes"
    GARBAGE = "garbage"
    ERROR = "http-500"
    HANGS = "hangs"
    HANGS_UP = "hangs-up"


_WEIGHTS: Mapping[Act, float] = {
    Act.CLEAN: 44,
    Act.RUDE: 22,
    Act.PICTURE: 4,
    Act.SILENT: 3,
    Act.LATE: 5,
    Act.LATE_AND_RUDE: 3,
    Act.SLOW_BYTES: 3,
    Act.ANSWERS_TWICE: 3,
    Act.SAYS_TWO_THINGS: 3,
    Act.WRONG_CITIZEN: 3,
    Act.HUGE: 0.3,
    Act.GARBAGE: 2,
    Act.ERROR: 2,
    Act.HANGS: 1,
    Act.HANGS_UP: 2,
}

BOT_SAYS: Mapping[Act, str] = {
    Act.CLEAN: CLEAN,
    Act.LATE: CLEAN,
    Act.SLOW_BYTES: CLEAN,
    Act.ANSWERS_TWICE: CLEAN,
    Act.RUDE: RUDE,
    Act.LATE_AND_RUDE: RUDE,
    Act.PICTURE: "media-{}",
}
"""What a person, or the rules, could let out. The others give nothing that may leave."""

RELEASED = frozenset(act for act, text in BOT_SAYS.items() if text == CLEAN)
"""What the rules release by themselves."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a citizen, and what the bot will make of it."""

    number: int
    user: str
    asks: str
    act: Act
    pushed_twice: bool
    """The platform pushes it twice at the same moment."""

    @property
    def marker(self) -> str:
        return marker_of(self.number)

    @property
    def message_id(self) -> int:
        return 24_800_000_000_000_000 + self.number

    @property
    def bot_says(self) -> str | None:
        text = BOT_SAYS.get(self.act)
        return None if text is None else text.format(self.marker)


def line(number: int, chance: random.Random) -> Line:
    act = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    # A third of the citizens write more than once.
    user = f"o-citizen-{number - number % 3 if chance.random() < 0.5 else number:06d}"
    asks = chance.choice(QUESTIONS).format(marker_of(number))
    return Line(number, user, asks, act, pushed_twice=chance.random() < 0.03)
