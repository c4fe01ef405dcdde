"""A street and its number, whatever stands before them."""

import pytest

from app.core.mentions.addresses import KnownAddresses, find, listed, said
from tests.core.mentions.reading import keys, plain

KNOWN = ("示例市中心区和平路12号", "人民南路四段11号附2号", "清水村3组7号", "示例市市民中心三楼大厅")


def known() -> KnownAddresses:
    return KnownAddresses.of(key for value in KNOWN for key in listed(plain(value)))


@pytest.mark.parametrize(
    ("reply", "covered"),
    [
        pytest.param("请到示例市中心区和平路12号办理", [True], id="as listed"),
        pytest.param("请到和平路12号", [True], id="without town and district"),
        pytest.param("和平路十二号", [True], id="in Chinese numerals"),
        pytest.param("和平路 １２ 号", [True], id="full width, with spaces"),
        pytest.param("和平路13号", [False], id="another number"),
        pytest.param("和平路12-1号", [False], id="another entrance"),
        pytest.param("和平街12号", [False], id="a street, not a road"),
        pytest.param("北和平路12号", [False], id="another road that ends like it"),
        pytest.param("平路12号", [False], id="a part of its name"),
        pytest.param("人民南路4段11号附2号", [True], id="section and annex"),
        pytest.param("人民南路四段11号", [False], id="without its annex"),
        pytest.param("清水村三组7号", [True], id="in a village"),
        pytest.param("地址：市民中心三楼", [True], id="a place without a number"),
        pytest.param("地址：示例市市民中心三楼大厅（东门进）", [True], id="with more words"),
        pytest.param("办公地址为示例市和平大厦五楼。", [False], id="another place"),
        pytest.param("地址:和平路12号市民中心五楼", [True], id="a number counts more than the rest"),
        pytest.param("地址：请见官网", [], id="no place"),
        pytest.param("乘2路到3号线，到3号窗口", [], id="buses and counters"),
        pytest.param("和平路2号楼", [], id="a building"),
        pytest.param("和平街道12号", [], id="a subdistrict"),
    ],
)
def test_addresses(reply: str, covered: list[bool]) -> None:
    assert [known().covers(key) for key in keys(find, reply)] == covered


def test_what_a_citizen_named_is_known_in_other_words() -> None:
    heard = KnownAddresses.of(said(plain("我家住在和平路15号")))
    assert [heard.covers(key) for key in keys(find, "您反映的和平路15号漏水")] == [True]
    assert [heard.covers(key) for key in keys(find, "您反映的和平路16号漏水")] == [False]


def test_too_short_for_a_place() -> None:
    assert listed(plain("三楼")) == ()
