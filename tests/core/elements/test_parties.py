"""Who writes, whom it is about, how to reach them."""

import pytest

from app.core.elements.model import Field
from tests.core.elements.reading_aloud import quotes, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("您好，我姓张，想问下公积金", ["我姓张"], id="a surname"),
        pytest.param("我叫李建国，在工地上干活", ["李建国"], id="a full name"),
        pytest.param("联系人：王女士，有空请回电", ["王女士"], id="to be called"),
        pytest.param("我是翠湖小区业主，物业乱收费", ["翠湖小区业主"], id="a role"),
        pytest.param("作为一名退休教师，想提点意见", ["退休教师"], id="as a"),
        pytest.param("我们是三中高三学生家长，学校周末补课", ["三中高三学生家长"], id="parents"),
        pytest.param("本人系东风村村民", ["东风村村民"], id="formal"),
        pytest.param("张家界人民好客", [], id="a city"),
        pytest.param("我姓名填错了怎么改", [], id="姓名 is no surname"),
        pytest.param("我叫了外卖一直不到", [], id="叫 is to order"),
    ],
)
def test_who(text: str, expected: list[str]) -> None:
    assert quotes(text, Field.WHO) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("物业一直不修电梯", ["物业"], id="the managers"),
        pytest.param("楼下烧烤店油烟大", ["楼下烧烤店"], id="a shop downstairs"),
        pytest.param("粤B12345在人行道上停了一周", ["粤B12345"], id="a plate"),
        pytest.param("18路公交司机闯红灯", ["18路公交司机"], id="a bus driver"),
        pytest.param("阳光化工厂偷排废水", ["阳光化工厂"], id="a works"),
        pytest.param("楼上邻居天天蹦迪", ["楼上邻居"], id="neighbours"),
        pytest.param("感谢派出所的王警官", ["派出所", "王警官"], id="an officer by name"),
        pytest.param("希望城管来管管", [], id="whom one asks is not whom one blames"),
        pytest.param("烧烤店旁边的路灯坏了", [], id="a shop as a landmark"),
        pytest.param("我是物业公司员工", [], id="the citizen's own"),
    ],
)
def test_whom(text: str, expected: list[str]) -> None:
    assert quotes(text, Field.WHOM) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("电话13800001234", [("13800001234", "13800001234")], id="mobile"),
        pytest.param("打我手机 138 0000 1234", [("138 0000 1234", "13800001234")], id="in groups"),
        pytest.param("座机0571-88123456", [("0571-88123456", "057188123456")], id="landline"),
        pytest.param(
            "邮箱 Lin.Mei@example.com", [("Lin.Mei@example.com", "lin.mei@example.com")], id="e-mail"
        ),
        pytest.param("加我微信：lin_mei2020", [("lin_mei2020", "lin_mei2020")], id="WeChat"),
        pytest.param("打12345说不归他们管", [], id="a public number"),
        pytest.param("商家电话13800001234打不通", [], id="theirs, not mine"),
        pytest.param("订单号2026112312345678", [], id="an order"),
    ],
)
def test_contact(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.text, one.value) for one in read(text).of(Field.CONTACT)] == expected
