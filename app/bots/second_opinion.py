"""A chat model of one's own that is asked what it thinks of a reply. It can do no more than hold.

It sits beside the bots because it speaks their protocol: it answers to the port `SecondOpinion`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from app.bots.completions import Completions
from app.core.errors import BotError, OpinionError
from app.core.masking import mask_numbers
from app.core.model import Finding
from app.core.opinion import Opinion
from app.core.strict_json import parse_object
from app.settings.policies import Judge

MAX_MESSAGE_CHARS = 2_000
"""Of the citizen's message; the reply is always shown whole."""
MAX_REASON_CHARS = 200
MAX_ANSWER_TOKENS = 512
NO_REASON = "没有用中文说明理由"


@dataclass(frozen=True, slots=True)
class JudgeLimits:
    give_up_after_s: float
    max_answer_bytes: int = 65_536


@dataclass(slots=True)
class ChatJudge:
    settings: Judge
    prompt: str
    """What it is told to judge by, as the system's message."""
    session: aiohttp.ClientSession
    version: str = field(init=False)

    def __post_init__(self) -> None:
        told = f"{self.settings.model}\n{self.prompt}"
        self.version = hashlib.sha256(told.encode()).hexdigest()[:8]

    async def ask(self, reply: str, message: str, findings: Sequence[Finding]) -> Opinion:
        limits = JudgeLimits(self.settings.timeout_s)
        judge = Completions(self.session, self.settings.url, self.settings.api_key, limits)
        try:
            return _opinion(await judge.whole(self._request(reply, message, findings)))
        except BotError as error:
            raise OpinionError("the judge gave no answer that can be used", code=error.code) from error

    def _request(self, reply: str, message: str, findings: Sequence[Finding]) -> dict[str, object]:
        """The texts go as JSON strings, out of which no quotation mark of theirs leads."""
        case = {
            "市民留言": _discreet(message[:MAX_MESSAGE_CHARS]),
            "待发回复": _discreet(reply),
            "规则提示": [_discreet(finding.why) for finding in findings if not finding.shadow],
        }
        return {
            "model": self.settings.model,
            "messages": [
                {"role": "system", "content": self.prompt},
                {"role": "user", "content": json.dumps(case, ensure_ascii=False)},
            ],
            "stream": False,
            "temperature": 0,
            "max_tokens": MAX_ANSWER_TOKENS,
        }


def _discreet(text: str) -> str:
    """Numbers covered; halves of characters, which no UTF-8 has, replaced."""
    return mask_numbers(text).encode("utf-8", "replace").decode("utf-8")


def _opinion(answer: str) -> Opinion:
    """Raises OpinionError for everything but one JSON object that says "fine" or "doubtful"."""
    try:
        said = parse_object(_bare(answer))
    except ValueError as error:
        raise OpinionError("the judge's answer is not the JSON it was asked for", code="no-json") from error
    match said.get("opinion"):
        case "fine":
            return Opinion(doubtful=False)
        case "doubtful":
            return Opinion(doubtful=True, reason=_reason(said.get("reason")))
    raise OpinionError("the judge's answer is neither fine nor doubtful", code="wrong-shape")


def _bare(answer: str) -> str:
    """Less the thoughts and the fence that models put around what they were asked for."""
    text = answer.rpartition("</think>")[2].strip()
    if not text.startswith("```"):
        return text
    return text.removeprefix("```").removeprefix("json").removesuffix("```").strip()


def _reason(reason: object) -> str:
    """One short line for a moderator's screen; a model that says something else has doubts all the same."""
    if not isinstance(reason, str):
        return NO_REASON
    line = "".join(one if one.isprintable() else " " for one in reason[:MAX_REASON_CHARS]).strip()
    return line if any("\u4e00" <= one <= "\u9fff" for one in line) else NO_REASON
