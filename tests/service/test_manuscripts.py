"""A text that another system hands in waits for a person like any other, and its submitter is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.disposition import abandon
from app.core.errors import (
    Invalid,
    KeyReused,
    NeedsConfirmation,
    NotFound,
    StillChecking,
    StoreError,
    Undeliverable,
)
from app.core.manuscripts import Fate, Manuscript
from app.core.model import Reply, Severity
from app.core.opinion import Opinion
from app.core.policy import CheckPolicy
from app.core.records import Callback, Decision, ExchangeState, Hold, HoldState, Outcome, PostState
from app.core.review import Ruling
from app.ports import HoldFilter
from app.service.consultation import Consultation
from app.service.manuscripts import Handed
from app.service.review import Desk
from app.storage.manuscripts import SqlCallbacks
from tests.service.stage import BLOCKING, CURT, MOCKING, POLITE, FlakyStore, Stage, ToyCodec, stage, toy_check
from tests.service.test_consultation import BROKEN, DOUBTFUL, FINE, ToyJudge

MINUTE = timedelta(minutes=1)


def handed(text: str = MOCKING.text, key: str = "", **changes: Any) -> Handed:
    fields = {"channel": "hall", "message": "几点开门？", "reference": "稿 8", "token": "press", **changes}
    raw = json.dumps({**fields, "text": text}, sort_keys=True).encode()
    return Handed(text=text, idempotency_key=key, raw=raw, **fields)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as it:
        yield it


async def queue(here: Stage) -> list[Hold]:
    return list((await here.store.holds(HoldFilter())).items)


async def callbacks(here: Stage) -> list[Callback]:
    """Those that are due."""
    return list(await SqlCallbacks(here.store.database).take(here.clock(), MINUTE, 10))


async def decide(here: Stage, decision: Decision, by: str = "li", **changes: Any) -> Hold:
    (hold,) = await queue(here)
    return await here.review.decide(hold.id, Ruling(decision, by, hold.version, **changes))


# --- what is answered at once -----------------------------------------------------------------


async def test_what_passes_is_released_and_nobody_is_bothered(here: Stage) -> None:
    found = await here.manuscripts.submit(handed(POLITE.text))
    assert (found.fate, found.text) == (Fate.RELEASED, POLITE.text)
    assert await queue(here) == []
    stored = await here.store.exchange(found.exchange.id)
    assert stored.state is ExchangeState.ANSWERED


@pytest.mark.parametrize("reply", [MOCKING, BLOCKING], ids=["held", "blocked"])
async def test_what_is_flagged_stands_in_the_same_queue_as_all_others(here: Stage, reply: Reply) -> None:
    found = await here.manuscripts.submit(handed(reply.text))
    assert (found.fate, found.text) == (Fate.HELD, None)
    (hold,) = await queue(here)
    assert (hold.reply.text, hold.message.text, hold.channel) == (reply.text, "几点开门？", "hall")
    assert hold.decide_by == here.clock() + timedelta(hours=2)
    assert hold.deliver_by is None


async def test_while_the_channel_is_stopped_a_person_looks_at_everything(here: Stage) -> None:
    here.stopped.add("hall")
    found = await here.manuscripts.submit(handed(POLITE.text))
    assert found.fate is Fate.HELD
    assert [one.rule for one in found.hold.verdict.findings] == ["system.stopped"] if found.hold else False
    await decide(here, Decision.APPROVE)


@pytest.mark.parametrize(
    ("opinion", "fate"),
    [
        pytest.param(FINE, Fate.RELEASED, id="fine: it is released"),
        pytest.param(DOUBTFUL, Fate.HELD, id="doubtful: held"),
        pytest.param(BROKEN, Fate.HELD, id="an error holds"),
    ],
)
async def test_the_channels_second_opinion_is_asked_for(
    here: Stage, opinion: Opinion | Exception, fate: Fate
) -> None:
    judge = ToyJudge(opinion)
    judge.may_answer.set()
    consultation = Consultation(judge, CheckPolicy, 5, 30.0, hold_on_error=True, observer=here.heard)
    terms = replace(here.manuscripts.channels["hall"], consultation=consultation)
    asking = replace(here.manuscripts, channels={"hall": terms})
    assert (await asking.submit(handed(CURT.text))).fate is fate
    assert judge.asked == [(CURT.text, "几点开门？", ("tone.x",))]


async def test_a_channel_that_is_not_there_is_refused(here: Stage) -> None:
    with pytest.raises(Invalid, match="no channel 'nowhere'"):
        await here.manuscripts.submit(handed(channel="nowhere"))


async def test_records_that_are_away_release_nothing(tmp_path: Path) -> None:
    switch: list[FlakyStore] = []
    async with stage(tmp_path, flaky=switch) as here:
        switch[0].away = True
        with pytest.raises(StoreError):
            await here.manuscripts.submit(handed(POLITE.text))


# --- what a person decides --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "words", "status", "text"),
    [
        pytest.param(Decision.APPROVE, {}, "approved", MOCKING.text, id="放行"),
        pytest.param(Decision.EDIT, {"reply": POLITE}, "edited", POLITE.text, id="改后放行"),
        pytest.param(Decision.REJECT, {"reason": "语气不当"}, "rejected", None, id="拦截"),
        pytest.param(
            Decision.REJECT, {"reason": "语气", "reply": POLITE}, "rejected", POLITE.text, id="拦截并改说"
        ),
        pytest.param(Decision.TRANSFER, {"reason": "归他们", "to": "住建局"}, "transferred", None, id="转办"),
    ],
)
async def test_each_decision_is_told_with_it_and_nothing_is_delivered(
    here: Stage, decision: Decision, words: dict[str, Any], status: str, text: str | None
) -> None:
    found = await here.manuscripts.submit(handed())
    hold = await decide(here, decision, **words)
    (callback,) = await callbacks(here)
    body = json.loads(callback.body)
    assert (body["status"], body["text"], body["reference"]) == (status, text, "稿 8")
    assert (body["id"], body["reply_id"]) == (hold.id, found.exchange.id)
    assert (callback.hold_id, callback.token) == (hold.id, "press")
    assert await here.store.due(here.clock(), 10, MINUTE) == []
    now = await here.manuscripts.manuscript(found.exchange.id, "press")
    assert (now.fate, now.text) == (Fate(status), text)


@pytest.mark.parametrize("decision", [Decision.CLAIM, Decision.NOTE], ids=["认领", "备注"])
async def test_what_is_no_end_is_not_told(here: Stage, decision: Decision) -> None:
    await here.manuscripts.submit(handed())
    await decide(here, decision, reason="看过")
    assert await callbacks(here) == []


async def test_a_note_after_the_end_tells_nothing_again(here: Stage) -> None:
    await here.manuscripts.submit(handed())
    hold = await decide(here, Decision.APPROVE)
    await here.review.decide(hold.id, Ruling(Decision.NOTE, "li", hold.version, reason="已登记"))
    assert len(await callbacks(here)) == 1


async def test_a_draft_is_told_once_a_second_person_has_released_it(here: Stage) -> None:
    here.review.desks["hall"] = Desk(toy_check, ToyCodec(), lambda: Severity.MEDIUM)  # type: ignore[index]
    found = await here.manuscripts.submit(handed())
    await decide(here, Decision.EDIT, reply=POLITE)
    assert await callbacks(here) == []
    assert (await here.manuscripts.manuscript(found.exchange.id, "press")).fate is Fate.HELD
    await decide(here, Decision.EDIT, by="wang", reply=POLITE)
    (callback,) = await callbacks(here)
    assert json.loads(callback.body)["text"] == POLITE.text


async def test_a_persons_text_is_checked_as_any_other(here: Stage) -> None:
    await here.manuscripts.submit(handed())
    with pytest.raises(NeedsConfirmation):
        await decide(here, Decision.EDIT, reply=MOCKING)


async def test_the_platforms_limits_are_not_a_submitters(here: Stage) -> None:
    article = "呵呵，" + "公告全文" * 20  # the toy platform takes 30 characters
    found = await here.manuscripts.submit(handed(article))
    await decide(here, Decision.APPROVE)
    assert (await here.manuscripts.manuscript(found.exchange.id, "press")).text == article


async def test_a_token_without_an_address_fetches_what_was_decided(here: Stage) -> None:
    found = await here.manuscripts.submit(handed(token="quiet"))
    await decide(here, Decision.APPROVE)
    assert await callbacks(here) == []
    page = await here.manuscripts.records.decided("quiet", (PostState.KEPT,), None, "", 10)
    assert [one.exchange.id for one in page.items] == [found.exchange.id]


async def test_who_waits_no_longer_is_told_that_it_expired(here: Stage) -> None:
    found = await here.manuscripts.submit(handed(token="wiki"))
    here.clock.forward(days=1)
    with pytest.raises(Undeliverable, match="wants it no more"):
        await decide(here, Decision.APPROVE)
    await here.sweeper.run_once()
    (callback,) = await callbacks(here)
    assert json.loads(callback.body)["status"] == "expired"
    now = await here.manuscripts.manuscript(found.exchange.id, "wiki")
    assert (now.fate, now.text) == (Fate.EXPIRED, None)


async def test_without_a_limit_it_waits_for_ever(here: Stage) -> None:
    await here.manuscripts.submit(handed())
    here.clock.forward(days=400)
    await here.sweeper.run_once()
    assert (await decide(here, Decision.APPROVE)).state is HoldState.APPROVED


async def test_of_two_who_decide_at_once_one_is_told(here: Stage) -> None:
    await here.manuscripts.submit(handed())
    (hold,) = await queue(here)
    rulings = [
        Ruling(Decision.APPROVE, "li", hold.version),
        Ruling(Decision.REJECT, "wang", hold.version, "不妥"),
    ]
    done = await asyncio.gather(
        *(here.review.decide(hold.id, one) for one in rulings), return_exceptions=True
    )
    assert sum(isinstance(one, Hold) for one in done) == 1
    assert len(await callbacks(here)) == 1


# --- the same request again -------------------------------------------------------------------


async def test_the_same_key_is_answered_with_what_became_of_the_first(here: Stage) -> None:
    first = await here.manuscripts.submit(handed(key="k-1"))
    again = await here.manuscripts.submit(handed(key="k-1"))
    assert (again.exchange.id, again.fate) == (first.exchange.id, Fate.HELD)
    await decide(here, Decision.EDIT, reply=POLITE)
    later = await here.manuscripts.submit(handed(key="k-1"))
    assert (later.fate, later.text) == (Fate.EDITED, POLITE.text)


async def test_without_a_key_each_request_is_its_own(here: Stage) -> None:
    for _ in range(2):
        await here.manuscripts.submit(handed())
    assert len(await queue(here)) == 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(handed(POLITE.text, "k-1"), id="another text"),
        pytest.param(handed(key="k-1", reference="稿 9"), id="another reference"),
        pytest.param(handed(key="k-1", channel="weibo"), id="another channel"),
    ],
)
async def test_the_same_key_with_another_body_is_refused(here: Stage, other: Handed) -> None:
    await here.manuscripts.submit(handed(key="k-1"))
    with pytest.raises(KeyReused):
        await here.manuscripts.submit(other)
    assert len(await queue(here)) == 1


async def test_another_token_may_use_the_same_key(here: Stage) -> None:
    await here.manuscripts.submit(handed(key="k-1"))
    await here.manuscripts.submit(handed(key="k-1", token="wiki"))
    assert len(await queue(here)) == 2


async def test_a_repetition_at_the_same_time_makes_no_second_hold(here: Stage) -> None:
    done = await asyncio.gather(
        *(here.manuscripts.submit(handed(key="k-1")) for _ in range(5)), return_exceptions=True
    )
    assert {type(one) for one in done} <= {Manuscript, StillChecking}
    assert any(isinstance(one, Manuscript) for one in done)
    assert len(await queue(here)) == 1


async def test_while_the_first_is_at_it_the_second_is_asked_to_wait(tmp_path: Path) -> None:
    switch: list[FlakyStore] = []
    async with stage(tmp_path, flaky=switch) as here:
        switch[0].slow = asyncio.Event()
        first = asyncio.create_task(here.manuscripts.submit(handed(key="k-1")))
        while not (  # noqa: ASYNC110 - the records have no event for it
            await here.store.exchanges((ExchangeState.CLAIMED,), None, "", 10)
        ).items:
            await asyncio.sleep(0)
        with pytest.raises(StillChecking):
            await here.manuscripts.submit(handed(key="k-1"))
        switch[0].slow.set()
        assert (await first).fate is Fate.HELD


async def cut_short(here: Stage) -> str:
    """Killed between the claim and the verdict; the id."""
    crashing = replace(
        here.manuscripts, channels={"hall": replace(here.manuscripts.channels["hall"], check=_kill)}
    )
    with pytest.raises(KilledError):
        await crashing.submit(handed(key="k-1"))
    found = await here.store.exchanges((ExchangeState.CLAIMED,), None, "", 10)
    return found.items[0].id


class KilledError(Exception):
    pass


def _kill(*_: object) -> Any:
    raise KilledError


async def test_killed_in_between_the_same_request_is_judged_after_all(here: Stage) -> None:
    name = await cut_short(here)
    await here.store.orphan_claims(here.clock())
    found = await here.manuscripts.submit(handed(key="k-1"))
    assert (found.exchange.id, found.fate) == (name, Fate.HELD)


async def test_also_once_it_was_listed_as_unanswered(here: Stage) -> None:
    name = await cut_short(here)
    stored = await here.store.exchange(name)
    await here.store.amend(Outcome(abandon(stored, here.clock())), ExchangeState.CLAIMED)
    assert (await here.manuscripts.manuscript(name, "press")).fate is Fate.INTERRUPTED
    found = await here.manuscripts.submit(handed(key="k-1"))
    assert (found.exchange.id, found.fate) == (name, Fate.HELD)
    assert (await here.store.exchange(name)).why == ""


# --- who may look -----------------------------------------------------------------------------


async def test_nobody_sees_what_another_token_handed_in(here: Stage) -> None:
    found = await here.manuscripts.submit(handed())
    with pytest.raises(NotFound):
        await here.manuscripts.manuscript(found.exchange.id, "wiki")
    await decide(here, Decision.APPROVE)
    assert (await here.manuscripts.records.decided("wiki", list(PostState), None, "", 10)).items == ()
