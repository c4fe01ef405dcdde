"""A channel has its places, a line before them, and no more."""

import asyncio

import pytest

from app.core.errors import BotError
from app.core.model import NO_CONVERSATION
from app.service.share import Share, SharedBot
from tests.service.stage import POLITE, ToyBot
from tests.values import message

PATIENT, IMPATIENT = 5.0, 0.01


async def test_so_many_have_a_place_and_one_more_goes_away() -> None:
    turned_away: list[None] = []
    share = Share(2, IMPATIENT, lambda: turned_away.append(None))
    assert [await share.take() for _ in range(3)] == [True, True, False]
    assert (share.taken, share.free, share.in_line, len(turned_away)) == (2, 0, 0, 1)


async def test_who_stands_in_line_gets_the_next_place_in_turn() -> None:
    share, came = Share(2, PATIENT), list[int]()
    assert [share.take_now() for _ in range(2)] == [True, True]

    async def wait(number: int) -> None:
        assert await share.take()
        came.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(2)]
    await asyncio.sleep(0)
    assert share.in_line == 2
    share.give()
    share.give()
    await asyncio.gather(*waiting)
    assert (came, share.taken, share.in_line) == ([0, 1], 2, 0)


async def test_the_line_is_no_longer_than_the_places() -> None:
    share = Share(1, PATIENT)
    assert share.take_now()
    first = asyncio.create_task(share.take())
    await asyncio.sleep(0)
    assert await share.take() is False  # at once, not after the others' patience
    share.give()
    assert await first


@pytest.mark.parametrize("called", [False, True], ids=["still in line", "just called"])
async def test_who_leaves_the_line_leaves_no_gap(called: bool) -> None:
    share = Share(1, PATIENT)
    assert share.take_now()
    gone = asyncio.create_task(share.take())
    await asyncio.sleep(0)
    if called:
        share.give()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    if not called:
        share.give()
    assert (share.taken, share.in_line) == (0, 0)


async def test_a_bot_gives_its_place_back_when_it_answers() -> None:
    bot = ToyBot()
    bot.may_answer.set()
    shared = SharedBot(bot, Share(1, IMPATIENT))
    assert [await shared.ask(message(), NO_CONVERSATION) for _ in range(2)] == [POLITE] * 2
    assert shared.share.taken == 0


async def test_a_bot_gives_its_place_back_when_it_fails() -> None:
    bot = ToyBot(BotError(code="http-500"))
    bot.may_answer.set()
    shared = SharedBot(bot, Share(1, IMPATIENT))
    for _ in range(2):
        with pytest.raises(BotError) as failed:
            await shared.ask(message(), NO_CONVERSATION)
        assert failed.value.code == "http-500"
    assert shared.share.taken == 0


async def test_a_bot_without_a_free_place_is_not_asked() -> None:
    bot = ToyBot()
    shared = SharedBot(bot, Share(1, IMPATIENT))
    first = asyncio.create_task(shared.ask(message(), NO_CONVERSATION))
    await bot.was_asked.wait()
    with pytest.raises(BotError) as refused:
        await shared.ask(message(), NO_CONVERSATION)
    assert (refused.value.code, len(bot.asked)) == ("busy", 1)
    bot.may_answer.set()
    assert await first == POLITE
