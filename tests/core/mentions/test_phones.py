"""One number is one number, whichever way it is written; a count is none."""

import pytest

from app.core.mentions.phones import KnownPhones, find, is_mobile, listed, said
from tests.core.mentions.reading import keys, plain

LANDLINE = "02812345678"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("电话028-12345678", [LANDLINE], id="with a hyphen"),
        pytest.param("(028)12345678", [LANDLINE], id="with brackets"),
        pytest.param("（０２８）１２３４５６７８", [LANDLINE], id="full width"),
        pytest.param("０２８ 12345678", [LANDLINE], id="with a space"),
        pytest.param("028 1234 5678", [LANDLINE], id="in groups"),
        pytest.param("028—1234·5678", [LANDLINE], id="with a dash and a dot"),
        pytest.param("02812345678", [LANDLINE], id="in one"),
        pytest.param("+86 28 1234 5678", [LANDLINE], id="from abroad"),
        pytest.param("0086-028-12345678", [LANDLINE], id="from abroad, with zeros"),
        pytest.param("零二八一二三四五六七八", [LANDLINE], id="read out"),
        pytest.param("tel:02812345678", [LANDLINE], id="after tel"),
        pytest.param("028-12345678转801", [f"{LANDLINE}x801"], id="an extension"),
        pytest.param("028-12345678-801", [f"{LANDLINE}x801"], id="an extension with a hyphen"),
        pytest.param("028-12345678 分机 801", [f"{LANDLINE}x801"], id="an extension in words"),
        pytest.param("电话028-12345678转人工", [LANDLINE], id="转人工 is none"),
        pytest.param("0816-1234567", ["08161234567"], id="seven digits"),
        pytest.param("13900001234", ["13900001234"], id="a mobile"),
        pytest.param("139-0000-1234", ["13900001234"], id="a mobile in groups"),
        pytest.param("+86 139 0000 1234", ["13900001234"], id="a mobile from abroad"),
        pytest.param("幺三九零零零零幺二三四", ["13900001234"], id="a mobile read out"),
        pytest.param("1 3 9 0 0 0 0 1 2 3 4", ["13900001234"], id="a mobile spelled"),
        pytest.param("1️⃣3️⃣9️⃣0️⃣0️⃣0️⃣0️⃣1️⃣2️⃣3️⃣4️⃣", ["13900001234"], id="a mobile in emoji"),
        pytest.param("400-123-4567，4001234567", ["4001234567"] * 2, id="400"),
        pytest.param("+852 2123 4567", ["+85221234567"], id="another country's"),
        pytest.param("028-12345678、87654321", [LANDLINE, "87654321"], id="the next without area code"),
        pytest.param("座机：87654321", ["87654321"], id="announced"),
        pytest.param("请拨打110、119或120", ["110", "119", "120"], id="short, in a row"),
        pytest.param("12345热线", ["12345"], id="named behind"),
        pytest.param("拨打幺二三四五", ["12345"], id="short, read out"),
        pytest.param("0791-12345", ["079112345"], id="a hotline of another town"),
        pytest.param("2024 0281-2345678", [LANDLINE], id="behind a year"),
    ],
)
def test_numbers_to_be_called(text: str, expected: list[str]) -> None:
    assert keys(find, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("本月受理12345件", id="a count"),
        pytest.param("罚款1200元", id="money"),
        pytest.param("工单编号20260102003456", id="a ticket"),
        pytest.param("您的单号：12345678", id="a short ticket"),
        pytest.param("电话预约自2024年1月1日起", id="a date behind 电话"),
        pytest.param("电话预约2024-2025学年", id="a school year behind 电话"),
        pytest.param("电话大厅110号窗口", id="a counter"),
        pytest.param("2026-01-02 08:30:00", id="a time stamp"),
        pytest.param("身份证尾号123X", id="letters"),
        pytest.param("统一社会信用代码91510100MA6CXXXX0X", id="a company"),
        pytest.param("三五天内，一二楼", id="words"),
    ],
)
def test_what_is_no_number_to_be_called(text: str) -> None:
    assert keys(find, text) == []


def test_a_citizens_numbers_need_no_announcement() -> None:
    assert list(said(plain("88886666一直占线"))) == ["88886666"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("028-12345678", (LANDLINE,), id="one"),
        pytest.param("大厅 028-12345678、87654321", (LANDLINE, "87654321"), id="two, with words"),
        pytest.param("12345", ("12345",), id="short"),
        pytest.param("2812345678901", (), id="what a spreadsheet made of it"),
        pytest.param("暂无", (), id="none"),
    ],
)
def test_a_value_of_a_list(value: str, expected: tuple[str, ...]) -> None:
    assert listed(plain(value)) == expected


@pytest.mark.parametrize(
    ("key", "covered"),
    [
        pytest.param("02812345678", True, id="listed"),
        pytest.param("12345678", True, id="without its area code"),
        pytest.param("01012345678", False, id="in another town"),
        pytest.param("02887654321x1", True, id="with its extension"),
        pytest.param("02887654321", True, id="without its extension"),
        pytest.param("02887654321x2", False, id="another extension"),
        pytest.param("12345", True, id="a hotline"),
        pytest.param("02812345", True, id="a hotline behind our area code"),
        pytest.param("01012345", False, id="a hotline of another town"),
        pytest.param("1234567", False, id="a part"),
    ],
)
def test_a_list_covers(key: str, covered: bool) -> None:
    assert KnownPhones.of([LANDLINE, "02887654321x1", "12345"]).covers(key) is covered


def test_a_mobile_is_told_from_a_landline() -> None:
    assert is_mobile("13900001234")
    assert not is_mobile(LANDLINE)
