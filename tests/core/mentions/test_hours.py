"""Hours of an office, with the days they are said of."""

import pytest

from app.core.mentions.hours import KnownHours, find, listed
from tests.core.mentions.reading import keys, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("受理时间9:00-17:00", ["540-1020"], id="digits"),
        pytest.param("受理时间９：００至１７：００", ["540-1020"], id="full width"),
        pytest.param("上班：上午九点到下午五点", ["540-1020"], id="in words"),
        pytest.param("上班时间9点—17点", ["540-1020"], id="hours alone"),
        pytest.param("上班时间9时30分至16时45分", ["570-1005"], id="with minutes"),
        pytest.param("窗口八点半到十一点三刻", ["510-705"], id="halves and quarters"),
        pytest.param("窗口八点三十至十二点", ["510-720"], id="minutes in words"),
        pytest.param("窗口下午一点半至五点", ["810-1020"], id="one 下午 for both"),
        pytest.param("窗口上午9点到5点", ["540-1020"], id="the end is in the afternoon"),
        pytest.param("窗口8:30-12:00,2:00-5:30", ["510-720", "840-1050"], id="no office opens at two"),
        pytest.param("窗口中午12点至1点", ["720-780"], id="noon"),
        pytest.param("窗口九至十七点", ["540-1020"], id="点 said once"),
        pytest.param("周一至周五9:00-17:00", ["12345:540-1020"], id="days"),
        pytest.param("周一9点到17点上班", ["1:540-1020"], id="one day"),
        pytest.param("星期六、星期日9:00-12:00", ["67:540-720"], id="two days"),
        pytest.param("星期六到周一9:00-12:00", ["167:540-720"], id="over the week's end"),
        pytest.param("工作日9:00-12:00，13:30-17:00", ["12345:540-720", "12345:810-1020"], id="two ranges"),
        pytest.param("工作日9:00-17:00，周六9:00-12:00", ["12345:540-1020", "6:540-720"], id="days change"),
        pytest.param("周一至周五9:00-17:00（节假日除外）", ["12345:540-1020"], id="not on holidays"),
        pytest.param("节假日休息，9:00-17:00办公", ["540-1020"], id="closed on holidays"),
        pytest.param("周末不休息，9:00-17:00办公", ["67:540-1020"], id="not closed at the weekend"),
        pytest.param("周日全天开放", ["7:0-1440"], id="all day"),
        pytest.param("24小时服务热线", [], id="the name of a line"),
        pytest.param("早上九点开门，下午五点半下班", ["540-", "-1050"], id="opening and closing"),
        pytest.param("下午五点给您回电", [], id="another time"),
        pytest.param("垃圾投放时间为7:00—9:00", [], id="another thing's hours"),
        pytest.param("请按第1至3点准备材料到窗口", [], id="points of a list"),
    ],
)
def test_hours(text: str, expected: list[str]) -> None:
    assert keys(find, text) == expected


@pytest.mark.parametrize(
    ("reply", "covered"),
    [
        pytest.param("工作日9:00-12:00办理", [True], id="as listed"),
        pytest.param("9:00-12:00办理", [True], id="days left out"),
        pytest.param("周三9:00-12:00办理", [True], id="one of the days"),
        pytest.param("周六9:00-12:00办理", [False], id="another day"),
        pytest.param("9:00-13:00办理", [False], id="another hour"),
        pytest.param("上午九点开门", [True], id="opens as listed"),
        pytest.param("上午七点半开门", [False], id="opens earlier"),
        pytest.param("16:30停止取号", [True], id="a time listed alone"),
        pytest.param("周日8:00-20:00办公", [True], id="listed without days"),
    ],
)
def test_a_list_covers(reply: str, covered: list[bool]) -> None:
    values = ("周一至周五 9:00-12:00，13:30-17:00", "16:30停止取号", "自助区8:00-20:00")
    known = KnownHours.of(key for value in values for key in listed(plain(value)))
    assert [known.covers(key) for key in keys(find, reply)] == covered


def test_no_hours_are_no_value() -> None:
    assert listed("按时上班") == ()
