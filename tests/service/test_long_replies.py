"""A reply in pieces: the quota is looked at before the first goes out."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.model import Message, Reply
from app.core.records import DeliveryState, ExchangeState
from app.ports import HoldFilter
from tests.service.stage import HOLDING, Stage, ToyCodec, stage
from tests.values import message


@dataclass
class CuttingCodec(ToyCodec):
    """A platform that takes a word at a time."""

    def pieces(self, message: Message, reply: Reply) -> Sequence[Reply]:
        return [Reply.of(word) for word in reply.text.split()] or [reply]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as found:
        found.relay.codec = CuttingCodec()
        found.bot.may_answer.set()
        yield found


async def test_the_first_goes_at_once_and_the_rest_follows_in_order(here: Stage) -> None:
    here.bot.reply = Reply.of("一 二 三 四 五 六")
    answer = await here.relay.respond(message())
    assert answer.reply == Reply.of("一")
    here.clock.forward(seconds=1)
    for _ in range(5):
        await here.courier.run_once()
    assert [text for _, text in here.platform.received] == ["二", "三", "四", "五", "六"]
    exchange = await here.store.find_exchange("hall", message().key)
    assert exchange.state is ExchangeState.ANSWERED
    assert exchange.reply == Reply.of("一 二 三 四 五 六")


async def test_what_the_quota_does_not_carry_waits_whole(here: Stage) -> None:
    here.bot.reply = Reply.of("一 二 三 四 五 六 七")
    answer = await here.relay.respond(message())
    assert answer.reply == HOLDING
    (hold,) = (await here.store.holds(HoldFilter())).items
    assert [finding.rule for finding in hold.verdict.findings] == ["system.quota"]
    page = await here.store.deliveries(tuple(DeliveryState), None, "", 10)
    assert page.items == ()


async def test_a_comment_has_no_passive_answer_so_all_pieces_are_deliveries(here: Stage) -> None:
    here.bot.reply = Reply.of("一 二")
    await here.relay.respond(message(passive=False))
    here.clock.forward(seconds=1)
    for _ in range(2):
        await here.courier.run_once()
    assert [text for _, text in here.platform.received] == ["一", "二"]
