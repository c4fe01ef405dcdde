"""The figures of a period, counted by hand beside them; their files read back."""

import csv
import io
from datetime import date

import openpyxl
import pytest

from app.core.errors import BotTimeout
from app.core.identity import Role
from app.core.model import Reply
from app.core.statistics import Figures, Period, Step
from app.service.manuscripts import Handed
from app.storage.statistics import SqlStatistics
from tests.console.desk import Desk, Person
from tests.service.stage import MOCKING, POLITE
from tests.values import message

NOON_DAY = date(2026, 3, 2)
ADDRESS = "/console/statistics?first=2026-03-02&last=2026-03-02"


async def a_day(here: Desk) -> None:
    """Three released, four held (one approved after 20 minutes, one edited, one rejected), one unanswered."""
    bot = here.stage.bot
    for number in range(3):
        bot.reply = POLITE
        await here.stage.relay.respond(message(f"MsgId:p{number}", user="citizen-1"))
    held = []
    for number in range(4):
        held.append(
            await here.held(MOCKING, key=f"MsgId:h{number}", user=f"c-{number}", text="路灯坏了没人修")
        )
    bot.reply = BotTimeout()
    await here.stage.relay.respond(message("MsgId:u", user="citizen-9"))
    here.stage.clock.forward(minutes=20)
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    for hold, step, fields in (
        (held[0], "approve", {}),
        (held[1], "edit", {"text": "九点开门。"}),
        (held[2], "reject", {"reason": "嘲讽"}),
    ):
        await li.open(f"/console/holds/{hold.id}")
        await li.submit(f"/console/holds/{hold.id}/{step}", **fields)


async def figures(here: Desk, day: date = NOON_DAY, channels: tuple[str, ...] | None = None) -> Figures:
    statistics = SqlStatistics(here.database, lambda text: "井盖路灯" if "路灯" in text else "")
    return await statistics.figures(Period(day, day, Step.DAY), channels)


async def test_what_was_counted_by_hand(here: Desk) -> None:
    await a_day(here)
    found = await figures(here)
    assert (found.received, found.released, found.held, found.citizens) == (8, 3, 4, 6)
    assert found.holds == {"approved": 1, "edited": 1, "rejected": 1, "pending": 1}
    assert found.exchanges["unanswered"] == 1
    assert found.minutes_to_decide == [20, 20, 20]
    assert found.categories == {"mockery": 4}
    assert found.topics[("井盖路灯", "hall")] == 4
    (bucket,) = found.buckets
    assert (bucket.received, bucket.released, bucket.held) == (8, 3, 4)
    (bot,) = found.bots
    assert (bot.received, bot.held, bot.failed, bot.edited, bot.rejected) == (8, 4, 1, 1, 1)
    (rule,) = found.rules
    assert (rule.held, rule.approved) == (4, 1)


async def test_another_day_and_another_channel_have_nothing(here: Desk) -> None:
    await a_day(here)
    for nothing in (await figures(here, date(2026, 3, 1)), await figures(here, channels=("other",))):
        assert (nothing.received, nothing.held, nothing.citizens) == (0, 0, 0)


async def test_what_another_system_hands_in_is_no_citizens_message(here: Desk) -> None:
    await here.stage.manuscripts.submit(Handed("press", "hall", MOCKING.text, "", "", "", b""))
    found = await figures(here)
    assert (found.received, found.citizens) == (0, 0)
    assert found.holds == {"pending": 1}


@pytest.fixture
async def auditor(here: Desk) -> Person:
    return await here.somebody("auditor", Role.AUDITOR)


async def test_the_page_shows_them_with_a_chart(here: Desk, auditor: Person) -> None:
    await a_day(here)
    page = await auditor.open(ADDRESS)
    assert page.status_code == 200
    assert '<rect class="bar-held"' in page.text
    assert "嘲讽" in page.text
    assert "&lt;5" in page.text  # four of one topic are too few to tell


async def test_the_csv_opens_in_a_spreadsheet(here: Desk, auditor: Person) -> None:
    await a_day(here)
    answer = await auditor.open(ADDRESS.replace("?", "/export?form=csv&"))
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert ["收到的留言", "8"] in rows
    assert ["2026-03-02", "8", "3", "4"] in rows


async def test_the_xlsx_has_a_sheet_for_each_table_and_no_formula(here: Desk, auditor: Person) -> None:
    here.stage.bot.name = "=1+1"
    await a_day(here)
    answer = await auditor.open(ADDRESS.replace("?", "/export?form=xlsx&"))
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["概况", "走势", "类别", "规则", "吐槽集中点", "机器人"]
    assert book["走势"]["B2"].value == 8
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n"}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("first=2026-03-05&last=2026-03-01", id="backwards"),
        pytest.param("first=1000-01-01&last=2026-03-01", id="a thousand years"),
        pytest.param("first=yesterday&last=today", id="no dates"),
        pytest.param("period=forever", id="an unknown period"),
        pytest.param("step=hour", id="an unknown step"),
    ],
)
async def test_a_period_that_is_none_is_told(auditor: Person, query: str) -> None:
    assert (await auditor.open(f"/console/statistics?{query}")).status_code == 422


async def test_who_sees_one_channel_counts_one(here: Desk) -> None:
    await a_day(here)
    stranger = await here.somebody("wang", Role.LEADER, channels=("other",))
    assert (await stranger.open(f"{ADDRESS}&channel=hall")).status_code == 403
    page = await stranger.open(ADDRESS.replace("?", "/export?form=csv&"))
    assert "收到的留言,0" in page.text


async def test_nobodys_words_are_in_the_files(here: Desk, auditor: Person) -> None:
    await a_day(here)
    text = (await auditor.open(ADDRESS.replace("?", "/export?form=csv&"))).text
    for words in ("路灯坏了", "呵呵", "c-1", Reply.of("九点开门。").text):
        assert words not in text
