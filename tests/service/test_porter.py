"""Before there are records, a message is durable on the disk or the platform is told to push it again."""

import asyncio
from pathlib import Path

import pytest

from app.core.disposition import Fallbacks
from app.core.errors import StoreError
from app.core.model import Message
from app.service.porter import Porter
from app.service.relay import Answer
from app.storage.spool import Spool
from tests.service.stage import HOLDING, Heard
from tests.service.test_spooling import Broken
from tests.values import message


@pytest.mark.parametrize(
    ("asked", "fallbacks", "answer"),
    [
        pytest.param(message(), Fallbacks(None, HOLDING), Answer(HOLDING, "holding"), id="the holding text"),
        pytest.param(message(), Fallbacks(HOLDING, None), Answer(None, "none"), id="as the policy says"),
        pytest.param(
            message(passive=False), Fallbacks(HOLDING, HOLDING), Answer(None, "none"), id="a comment"
        ),
    ],
)
async def test_what_is_kept_is_answered(
    tmp_path: Path, asked: Message, fallbacks: Fallbacks, answer: Answer
) -> None:
    heard = Heard()
    spool = Spool(tmp_path, 1_000_000, heard)
    assert await Porter(spool, heard, fallbacks, 4.5).respond(asked) == answer
    assert (spool.waiting, heard.spooled) == (1, [asked.key])
    await spool.aclose()


@pytest.mark.parametrize("hangs", [False, True], ids=["full", "hangs"])
async def test_what_is_not_kept_is_refused_in_time(hangs: bool) -> None:
    heard = Heard()
    porter = Porter(Broken(hangs), heard, Fallbacks(HOLDING, HOLDING), 0.02)
    async with asyncio.timeout(2):
        with pytest.raises(StoreError):
            await porter.respond(message())
    assert heard.spooled == []
