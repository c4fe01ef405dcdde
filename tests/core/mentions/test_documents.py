"""Document numbers in all their brackets, and titles."""

import pytest

from app.core.mentions.documents import (
    KnownTitles,
    find,
    find_titles,
    listed,
    listed_titles,
    said,
    said_titles,
)
from app.core.mentions.mention import KnownNames
from tests.core.mentions.reading import keys, plain

KNOWN = ("示政办〔2024〕3号", "国务院令第722号", "国家税务总局公告2024年第5号")


@pytest.mark.parametrize(
    ("reply", "covered"),
    [
        pytest.param("根据示政办〔2024〕3号文", [True], id="as listed"),
        pytest.param("示政办[2024]3号", [True], id="square brackets"),
        pytest.param("示政办（2024）第3号", [True], id="round brackets, 第"),
        pytest.param("示政办【２０２４】 003 号", [True], id="zeros before, full width"),
        pytest.param("示政办〔二〇二四〕三号", [True], id="in Chinese numerals"),
        pytest.param("示政办〔2024〕4号", [False], id="another number"),
        pytest.param("示政办〔2031〕3号", [False], id="another year"),
        pytest.param("示政发〔2024〕3号", [False], id="another office"),
        pytest.param("《办法》（国务院令第722号）", [True], id="an order"),
        pytest.param("国务院令第723号", [False], id="another order"),
        pytest.param("国家税务总局2024年第5号公告", [True], id="a notice, the other way round"),
        pytest.param("见〔2024〕3号", [False], id="见 is no office"),
        pytest.param("(2024)3号文", [True], id="the office left out"),
        pytest.param("2024年3号窗口调整，第5号台", [], id="counters"),
    ],
)
def test_document_numbers(reply: str, covered: list[bool]) -> None:
    known = KnownNames.of(key for value in KNOWN for key in listed(plain(value)))
    assert [known.covers(key) for key in keys(find, reply)] == covered


def test_what_a_citizen_quoted_is_known() -> None:
    heard = KnownNames.of(said(plain("听说川府发〔2020〕9号可以补")))
    assert [heard.covers(key) for key in keys(find, "您说的川府发（2020）9号")] == [True]


@pytest.mark.parametrize(
    ("reply", "covered"),
    [
        pytest.param("依据《居住证管理办法》", [True], id="as listed"),
        pytest.param("《居住证管理办法（2024年修订）》", [True], id="an edition"),
        pytest.param("《中华人民共和国居住证管理办法》", [True], id="the country's name"),
        pytest.param("《居住证暂行条例》", [False], id="another"),
        pytest.param("《》", [], id="nothing"),
    ],
)
def test_titles(reply: str, covered: list[bool]) -> None:
    known = KnownTitles.of(listed_titles(plain("《居住证管理办法》")))
    assert [known.covers(key) for key in keys(find_titles, reply)] == covered
    assert KnownTitles.of(said_titles(plain(reply))).titles == set(keys(find_titles, reply))
