"""The way of a reply that the rules release only just."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.core.errors import OpinionError
from app.core.model import Finding, Reply
from app.core.opinion import RULE, Opinion
from app.core.policy import CheckPolicy
from app.core.records import Exchange, ExchangeState
from app.ports import HoldFilter
from app.service.consultation import Consultation
from app.service.relay import Answer
from tests.service.stage import BLOCKING, CURT, HOLDING, MOCKING, POLITE, Stage, stage
from tests.values import message

HELD = Answer(HOLDING, "holding")
FINE = Opinion(doubtful=False)
DOUBTFUL = Opinion(doubtful=True, reason="太冷淡")
BROKEN = OpinionError("no", code="http-500")


@dataclass
class ToyJudge:
    """Says `opinion` (or raises it) as soon as `may_answer` is set."""

    opinion: Opinion | Exception = FINE
    version: str = "1a2b3c4d"
    asked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, reply: str, message: str, findings: Sequence[Finding]) -> Opinion:
        self.asked.append((reply, message, tuple(finding.rule for finding in findings)))
        self.was_asked.set()
        await self.may_answer.wait()
        if isinstance(self.opinion, Exception):
            raise self.opinion
        return self.opinion


def consult(
    here: Stage,
    opinion: Opinion | Exception = FINE,
    *,
    hold_on_error: bool = True,
    timeout_s: float = 30.0,
    score_at_least: int = 5,
    policy: CheckPolicy | None = None,
) -> ToyJudge:
    """A judge that answers at once, asked by the relay."""
    judge = ToyJudge(opinion)
    judge.may_answer.set()
    here.relay.consultation = Consultation(
        judge, lambda: policy or CheckPolicy(), score_at_least, timeout_s, hold_on_error, here.heard
    )
    here.bot.reply = CURT
    here.bot.may_answer.set()
    return judge


async def recorded(here: Stage) -> Exchange:
    return await here.store.find_exchange("hall", "MsgId:1")


@pytest.mark.parametrize(
    ("opinion", "hold_on_error", "answer", "heard"),
    [
        pytest.param(FINE, True, Answer(CURT, "reply"), "fine", id="fine: it goes out"),
        pytest.param(DOUBTFUL, True, HELD, "doubtful", id="doubtful: held"),
        pytest.param(DOUBTFUL, False, HELD, "doubtful", id="doubtful: held, however lenient with errors"),
        pytest.param(BROKEN, True, HELD, "failed", id="an error holds"),
        pytest.param(BROKEN, False, Answer(CURT, "reply"), "failed", id="an error leaves it to the rules"),
    ],
)
async def test_an_opinion(
    tmp_path: Path, opinion: Opinion | Exception, hold_on_error: bool, answer: Answer, heard: str
) -> None:
    async with stage(tmp_path) as here:
        judge = consult(here, opinion, hold_on_error=hold_on_error)
        assert await here.relay.respond(message()) == answer
        assert judge.asked == [(CURT.text, "办事大厅几点开门？", ("tone.x",))]
        assert here.heard.opinions == [heard]


async def test_a_held_reply_says_why(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        consult(here, DOUBTFUL)
        await here.relay.respond(message())
        (held,) = (await here.store.holds(HoldFilter())).items
        first, second = held.verdict.findings
        assert (first.rule, second.rule, held.verdict.ruleset) == ("tone.x", RULE, "ruleset-1+1a2b3c4d")
        assert second.why == "第二意见认为不宜直接发出：太冷淡"


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        pytest.param(POLITE, Answer(POLITE, "reply"), id="nothing was found"),
        pytest.param(MOCKING, HELD, id="held by the rules"),
        pytest.param(BLOCKING, HELD, id="blocked by the rules"),
        pytest.param(Reply.of(CURT.text * 9), HELD, id="too long for the platform"),
        pytest.param(None, Answer(None, "none"), id="silence"),
    ],
)
async def test_what_nobody_is_asked_about(tmp_path: Path, reply: Reply | None, answer: Answer) -> None:
    async with stage(tmp_path) as here:
        judge = consult(here)
        here.bot.reply = reply
        assert await here.relay.respond(message()) == answer
        assert (judge.asked, here.heard.opinions) == ([], [])


async def test_below_the_score_nobody_is_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        judge = consult(here, DOUBTFUL, score_at_least=26)
        assert await here.relay.respond(message()) == Answer(CURT, "reply")
        assert judge.asked == []


async def test_when_it_is_off_the_rules_judge_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.reply = CURT
        here.bot.may_answer.set()
        assert await here.relay.respond(message()) == Answer(CURT, "reply")
        verdict = (await recorded(here)).verdict
        assert verdict is not None
        assert verdict.ruleset == "ruleset-1"


async def test_in_shadow_mode_a_doubt_is_recorded_and_holds_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        consult(here, DOUBTFUL, policy=CheckPolicy(shadow=frozenset({RULE})))
        assert await here.relay.respond(message()) == Answer(CURT, "reply")
        verdict = (await recorded(here)).verdict
        assert verdict is not None
        assert [(one.rule, one.shadow) for one in verdict.findings] == [("tone.x", False), (RULE, True)]


@pytest.mark.parametrize(
    ("hold_on_error", "answer", "state"),
    [
        pytest.param(True, HELD, ExchangeState.HELD, id="held"),
        pytest.param(False, Answer(CURT, "reply"), ExchangeState.ANSWERED, id="released, in time"),
    ],
)
@pytest.mark.parametrize(
    ("answer_within_s", "timeout_s"),
    [
        pytest.param(30.0, 0.02, id="its own limit"),
        pytest.param(5.0, 30.0, id="the answer window"),
    ],
)
async def test_a_judge_that_says_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer_within_s: float,
    timeout_s: float,
    hold_on_error: bool,
    answer: Answer,
    state: ExchangeState,
) -> None:
    monkeypatch.setattr("app.service.relay.WRITING_S", 4.9)
    async with stage(tmp_path, answer_within_s=answer_within_s) as here:
        judge = consult(here, hold_on_error=hold_on_error, timeout_s=timeout_s)
        judge.may_answer.clear()
        assert await here.relay.respond(message()) == answer
        assert (await recorded(here)).state is state
        assert here.heard.failures == [("opinion", "OpinionError")]


@pytest.mark.parametrize(
    ("opinion", "state"),
    [
        pytest.param(FINE, ExchangeState.QUEUED, id="fine: delivered"),
        pytest.param(DOUBTFUL, ExchangeState.HELD, id="doubtful: held"),
        pytest.param(BROKEN, ExchangeState.HELD, id="an error: held"),
    ],
)
async def test_about_a_late_reply_one_is_asked_at_leisure(
    tmp_path: Path, opinion: Opinion | Exception, state: ExchangeState
) -> None:
    async with stage(tmp_path, answer_within_s=0.02) as here:
        judge = consult(here, opinion)
        here.bot.may_answer.clear()
        judge.may_answer.clear()
        assert await here.relay.respond(message()) == HELD
        here.bot.may_answer.set()
        await judge.was_asked.wait()
        judge.may_answer.set()
        await here.relay.drain(5)
        assert (await recorded(here)).state is state


async def test_about_a_comments_reply_too_since_no_passive_answer_waits_for_it(tmp_path: Path) -> None:
    async with stage(tmp_path, answer_within_s=0.02) as here:
        judge = consult(here)
        judge.may_answer.clear()
        assert await here.relay.respond(message(passive=False)) == Answer(None, "none")
        await judge.was_asked.wait()
        judge.may_answer.set()
        await here.relay.drain(5)
        assert (await recorded(here)).state is ExchangeState.QUEUED


async def test_a_bug_in_the_judge_releases_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        consult(here, RuntimeError("a bug"), hold_on_error=False)
        assert await here.relay.respond(message()) == HELD
        assert (await recorded(here)).state is ExchangeState.CLAIMED
