"""When: what citizens write, and what it comes to on the calendar. Received on Monday 2026-11-23, 09:30."""

from datetime import UTC, datetime

import pytest

from app.core.elements.model import Field
from tests.core.elements.reading_aloud import quotes, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "昨晚十点楼上还在打孔", [("昨晚十点", "2026-11-22T22:00")], id="evening counts from noon"
        ),
        pytest.param(
            "昨晚两点被吵醒", [("昨晚两点", "2026-11-23T02:00")], id="the small hours belong to today"
        ),
        pytest.param("昨晚12点还在放歌", [("昨晚12点", "2026-11-23T00:00")], id="midnight ends the day"),
        pytest.param("今早七点半公交没来", [("今早七点半", "2026-11-23T07:30")], id="half past"),
        pytest.param("上周五去窗口没人", [("上周五", "2026-11-20")], id="last Friday"),
        pytest.param(
            "前天下午3点20分在路口摔了", [("前天下午3点20分", "2026-11-21T15:20")], id="to the minute"
        ),
        pytest.param("今天凌晨两点有人倒垃圾", [("今天凌晨两点", "2026-11-23T02:00")], id="small hours"),
        pytest.param("11月3号晚上停的电", [("11月3号晚上", "2026-11-03")], id="a day without a year"),
        pytest.param("12月28号交的押金", [("12月28号", "2026-12-28")], id="a day to come soon"),
        pytest.param("3月5日买的票", [("3月5日", "2026-03-05")], id="earlier this year"),
        pytest.param("2026年3月入住的", [("2026年3月", "2026-03-01/2026-03-31")], id="a month"),
        pytest.param("2026-11-20 18:05 发生追尾", [("2026-11-20 18:05", "2026-11-20T18:05")], id="digits"),
        pytest.param("去年12月签的合同", [("去年12月", "2025-12-01/2025-12-31")], id="December of last year"),
        pytest.param("上个月15号断的气", [("上个月15号", "2026-10-15")], id="a day of last month"),
        pytest.param("每天晚上10点以后开始跳舞", [("每天晚上10点以后", "")], id="every evening"),
        pytest.param(
            "昨天晚上8点到10点停水",
            [("昨天晚上8点到10点", "2026-11-22T20:00/2026-11-22T22:00")],
            id="a range",
        ),
        pytest.param("三天前报修的", [("三天前", "2026-11-20")], id="days ago"),
        pytest.param("路灯坏了已经半年了", [("半年", "")], id="how long so far"),
        pytest.param("拖了三个月", [("三个月", "")], id="it drags on"),
        pytest.param("国庆期间景区停车乱收费", [("国庆期间", "2026-10-01/2026-10-07")], id="a holiday"),
        pytest.param("早高峰堵得厉害", [("早高峰", "")], id="rush hour"),
        pytest.param("长期占道", [("长期", "")], id="for long"),
        pytest.param("5号下午没上班", [("5号下午", "2026-11-05")], id="a day of this month"),
        pytest.param(
            "２３号早上八点", [("２３号早上八点", "2026-11-23T08:00")], id="wide digits are quoted as typed"
        ),
        pytest.param("2月31号", [("2月31号", "")], id="no such day"),
        pytest.param("上周末一直在施工", [("上周末", "2026-11-21/2026-11-22")], id="last weekend"),
    ],
)
def test_says_when(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.text, one.value) for one in read(text).of(Field.WHEN)] == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("十分感谢", id="十分 is very"),
        pytest.param("有一点吵", id="一点 is a little"),
        pytest.param("我有三点建议", id="points, not hours"),
        pytest.param("一号线太挤", id="a line"),
        pytest.param("3号楼的门坏了", id="a building"),
        pytest.param("国庆路和五一路", id="streets named after holidays"),
        pytest.param("合同签的是保修三年", id="a term"),
        pytest.param("孩子上二年级", id="a form at school"),
        pytest.param("离我最近的医院", id="the nearest"),
        pytest.param("转让费18.5万", id="a sum"),
    ],
)
def test_says_no_time(text: str) -> None:
    assert quotes(text, Field.WHEN) == []


def test_the_hour_of_receipt_is_read_in_china() -> None:
    """16:30 in UTC is past midnight there: yesterday is the day that just ended."""
    (when,) = read("昨天停水", datetime(2026, 11, 22, 16, 30, tzinfo=UTC)).of(Field.WHEN)
    assert when.value == "2026-11-22"
