"""Contract of searching holds: the same answer along the queue, by the index, and by looking at each."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from app.core.errors import Invalid
from app.core.model import Category, Reply, Severity
from app.core.records import Hold, HoldState
from app.ports import HoldFilter, Store
from app.storage import searching
from tests.contract.given import HOUR, SECOND, entry, held
from tests.values import MOCKED, NOON

ALL = tuple(HoldState)
OPEN = (HoldState.PENDING, HoldState.CLAIMED)
DECIDED = (HoldState.REJECTED, HoldState.APPROVED)
WORDS = ("路灯", "坏了", "公交", "abc_1", "ABC%", "100%", "_", "😀😀", "坏", "\\/", " ", "İ", "ẞx", "a\0b")


WAYS = {
    "as it is": {},
    "by the index": {"GLANCE": 1, "LOOK": 1, "WALK": 0},
    "a few steps, then the index": {"GLANCE": 3, "LOOK": 2, "STEP": 3, "WALK": 10},
    "step by step to the end": {"GLANCE": 1, "LOOK": 1, "STEP": 2, "WALK": 10_000},
}


@pytest.fixture(params=WAYS)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, places in WAYS[request.param].items():
        monkeypatch.setattr(searching, name, places)


@pytest.fixture
async def made(store: Store, _way: None) -> Sequence[Hold]:
    """Forty holds that say this and that, some decided, some on another channel."""
    chance = Random(11)
    holds = [await _held(store, number, chance) for number in range(40)]
    return [hold if number % 3 else await _decided(store, hold) for number, hold in enumerate(holds)]


async def _held(store: Store, number: int, chance: Random) -> Hold:
    severity = chance.choice((Severity.LOW, Severity.MEDIUM, Severity.HIGH))
    category = chance.choice((Category.TONE, Category.MOCKERY))
    finding = replace(MOCKED.findings[0], severity=severity, category=category)
    return await held(
        store,
        number,
        at=NOON + number * SECOND,
        incoming={"text": _saying(chance), "channel": chance.choice(("hall", "desk"))},
        reply=Reply.of(_saying(chance)),
        verdict=replace(MOCKED, findings=(finding,)),
        deliver_by=NOON + chance.choice((1, 2, 3)) * HOUR,
    )


def _saying(chance: Random) -> str:
    return "".join(chance.choices(WORDS, k=3))


async def _decided(store: Store, hold: Hold) -> Hold:
    state = DECIDED[int(hold.id[5:]) % 2]
    over = replace(hold, state=state, version=2, decided_by="li", decided_at=hold.created_at + HOUR)
    await store.settle(over, None, entry(f"hold:{hold.id}"))
    return over


def says(hold: Hold, text: str) -> bool:
    """Capitals or not, in ASCII; NUL is kept as another sign."""
    said = f"{hold.message.text}\n{hold.reply.text}".replace("\0", "\ufffd")
    return text.replace("\0", "\ufffd").encode().lower() in said.encode().lower()


async def all_pages(store: Store, wanted: HoldFilter) -> list[str]:
    found: list[str] = []
    while True:
        page = await store.holds(wanted)
        assert len(page.items) == wanted.limit or not page.next
        found += [hold.id for hold in page.items]
        if not page.next:
            return found
        wanted = replace(wanted, after=page.next)


ASKED = {
    "路灯": "what many say",
    "路灯坏了公交": "what few say",
    "路灯坏了": "pairs that all occur, but not always in this order",
    "坏": "one character",
    "没有这句": "what nobody says",
    "aBc_1": "in capitals or not",
    "0%": "a sign that stands for anything elsewhere",
    "a%1": "which it does not here",
    "c_": "a sign that stands for one character elsewhere",
    "\\/": "signs that guard others elsewhere",
    "了 ": "with a space at the end",
    "了\n路": "over the end of the message",
    "😀😀": "signs beyond the first 65536",
    "a\0b": "what no database takes",
}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"states": OPEN}, id="open"),
        pytest.param({"states": DECIDED}, id="decided"),
        pytest.param({"states": (HoldState.REJECTED,)}, id="rejected"),
        pytest.param({"states": (*OPEN, HoldState.REJECTED)}, id="some of either"),
        pytest.param({"states": ()}, id="all"),
        pytest.param({"channels": ("desk",), "severity": Severity.HIGH}, id="the severe of a channel"),
        pytest.param({"category": "tone", "claims_as_of": NOON}, id="of a category, free"),
    ],
)
async def test_searching_finds_what_looking_at_each_would(
    store: Store, made: Sequence[Hold], wanted: dict[str, Any]
) -> None:
    among = await all_pages(store, HoldFilter(**wanted, limit=100))
    known = {hold.id: hold for hold in made}
    for text, what in ASKED.items():
        expected = [one for one in among if says(known[one], text)]
        for limit in (3, 50):
            assert await all_pages(store, HoldFilter(**wanted, text=text, limit=limit)) == expected, what
        assert await store.count_holds(HoldFilter(**wanted, text=text)) == len(expected), what


async def test_a_made_up_page_of_a_search_is_refused(store: Store, made: Sequence[Hold]) -> None:
    for text in ("坏", "坏了"):
        with pytest.raises(Invalid):
            await store.holds(HoldFilter(text=text, after="WzFd"))


@pytest.mark.usefixtures("_way")
async def test_a_long_question_is_compared_to_its_end(store: Store) -> None:
    long = "".join(chr(0x4E00 + number) for number in range(200))
    await held(store, 1, incoming={"text": f"{long}甲"})
    await held(store, 2, incoming={"text": f"{long}乙"})
    assert await all_pages(store, HoldFilter(text=f"{long}乙")) == ["hold-2"]
