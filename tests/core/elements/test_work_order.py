"""The work order: its title tells all, and nothing in it names the citizen."""

import json

import pytest

from app.core.elements.model import Field
from app.core.elements.work_order import WorkOrder, work_order
from tests.core.elements.reading_aloud import RECEIVED_AT, read

HASH = "0" * 64


def order(text: str) -> WorkOrder:
    return work_order(text, read(text), RECEIVED_AT, HASH)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        pytest.param(
            "您好，城东区和平路12号某烧烤店油烟扰民，希望规范经营",
            "【投诉】城东区和平路12号某烧烤店油烟扰民，希望规范经营",
            id="place, party, problem, wish",
        ),
        pytest.param(
            "我要举报阳光化工厂每天凌晨两点偷排污水",
            "【举报】阳光化工厂偷排污水",
            id="no place, no wish",
        ),
        pytest.param("请问换驾照要带什么材料", "【咨询】换驾照要带什么材料", id="a question"),
        pytest.param("哈哈", "【其他】待补充", id="nothing"),
    ],
)
def test_title(text: str, title: str) -> None:
    assert order(text).title == title


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        pytest.param("我叫李建国，电话13800001234，老板欠我工资", "13800001234", id="mobile"),
        pytest.param("我叫李建国，电话13800001234，老板欠我工资", "李建国", id="name"),
        pytest.param("李建国就是我，我叫李建国，包工头欠李建国工资", "李建国", id="a name said again"),
        pytest.param("微信lin_mei2020，井盖坏了加lin_mei2020", "lin_mei2020", id="WeChat"),
        pytest.param("邮箱lin@example.com，路灯坏了", "lin@example.com", id="e-mail"),
        pytest.param("身份证110101199003077571被冒用", "110101199003077571", id="identity number"),
    ],
)
def test_nothing_names_the_citizen(text: str, secret: str) -> None:
    made = order(text)
    assert secret not in made.as_text()
    assert secret not in json.dumps(made.as_json(), ensure_ascii=False)


def test_as_text_shows_what_a_dispatcher_needs() -> None:
    text = "昨晚十点和平路12号烧烤店油烟扰民，影响老人休息，希望规范经营，请保密，电话13800001234"
    assert order(text).as_text().splitlines() == [
        "【投诉】和平路12号烧烤店油烟扰民，希望规范经营",
        "来件时间：2026-11-23T09:30+08:00",
        "类型：投诉",
        "紧急程度：一般",
        "内容分类：油烟",
        "建议承办单位：城管部门（仅供参考，由派单人员确定）",
        "市民反映：昨晚十点和平路12号烧烤店油烟扰民，影响老人休息。",
        "事发时间：昨晚十点（2026-11-22T22:00）。",
        "事发地点：和平路12号。",
        "被反映对象：烧烤店。",
        "情形与后果：影响老人休息。",
        "诉求：希望规范经营；请保密。",
        "联系方式：见加密字段。",
        "是否保密：是。",
        f"原文校验（SHA-256）：{HASH}",
    ]


def test_as_json_survives_json() -> None:
    made = order("和平路12号太吵").as_json()
    assert json.loads(json.dumps(made)) == made
    assert made["version"] == 1
    assert made["original_sha256"] == HASH
    assert made["missing"] == [Field.WHEN, Field.WHOM, Field.WANT, Field.CONTACT]
