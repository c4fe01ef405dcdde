"""Kind, urgency, secrecy and topic of a message."""

import pytest

from app.core.elements.model import Kind, Urgency
from tests.core.elements.reading_aloud import read


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("请问换驾照要带什么材料", Kind.INQUIRY, id="asks"),
        pytest.param("社保断缴了怎么补", Kind.INQUIRY, id="asks how"),
        pytest.param("老板拖欠工资三个月，我们该怎么办", Kind.HELP, id="wages owed to me"),
        pytest.param("家里停水两天了，有没有人帮帮忙", Kind.HELP, id="cries for help"),
        pytest.param("我要投诉隔壁装修，周末也不停", Kind.COMPLAINT, id="openly"),
        pytest.param("窗口工作人员态度很差，问什么都不理", Kind.COMPLAINT, id="rude"),
        pytest.param("实名举报村里砂场夜间偷采", Kind.REPORT, id="a breach"),
        pytest.param("有人无证经营黑诊所", Kind.REPORT, id="without a licence"),
        pytest.param("我投诉也举报这家厂偷排", Kind.REPORT, id="both: secrecy wins"),
        pytest.param("建议公园多设几个座椅", Kind.SUGGESTION, id="proposes"),
        pytest.param("能否增设一条夜班公交线", Kind.SUGGESTION, id="could be added"),
        pytest.param("为交警小哥点赞，雨里推车太暖心", Kind.PRAISE, id="applauds"),
        pytest.param("特别感谢社区医生上门给老人打针", Kind.PRAISE, id="thanks for a deed"),
        pytest.param("请问投诉电话是多少", Kind.INQUIRY, id="asks for a number to complain"),
        pytest.param("哈哈", Kind.OTHER, id="nothing"),
        pytest.param("12345", Kind.OTHER, id="digits"),
    ],
)
def test_kind(text: str, kind: Kind) -> None:
    assert read(text).kind is kind


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        pytest.param("三楼着火了快来人", Urgency.EXTREME, id="fire"),
        pytest.param("电梯里有人被困", Urgency.EXTREME, id="trapped"),
        pytest.param("担心老房子着火", Urgency.URGENT, id="a fear"),
        pytest.param("去年这里着火烧过两户", Urgency.URGENT, id="once"),
        pytest.param("并没有着火，是有人烤串", Urgency.URGENT, id="denied"),
        pytest.param("我不想活了", Urgency.EXTREME, id="self-harm"),
        pytest.param("去年就想过跳楼，如果再没人管", Urgency.EXTREME, id="self-harm is never eased"),
        pytest.param("小区停电了", Urgency.URGENT, id="no power"),
        pytest.param("如果停电怎么报修", Urgency.NORMAL, id="if there were none"),
        pytest.param("井盖不见了", Urgency.URGENT, id="an open manhole"),
        pytest.param("路灯不亮", Urgency.NORMAL, id="a lamp"),
        pytest.param("感谢消防员救出被困老人", Urgency.NORMAL, id="thanks, it is over"),
    ],
)
def test_urgency(text: str, urgency: Urgency) -> None:
    assert read(text).urgency is urgency


@pytest.mark.parametrize(
    ("text", "confidential"),
    [
        pytest.param("举报有人赌博", True, id="a report"),
        pytest.param("投诉店家，请不要透露我的电话", True, id="asks for it"),
        pytest.param("怕被报复，匿名反映一下", True, id="afraid"),
        pytest.param("投诉店家乱收费", False, id="a complaint"),
        pytest.param("公司泄露商业保密资料吗", False, id="somebody else's secrets"),
    ],
)
def test_confidential(text: str, confidential: bool) -> None:
    assert read(text).confidential is confidential


@pytest.mark.parametrize(
    ("text", "topic", "department"),
    [
        pytest.param("广场舞音响太吵", "噪声", "生态环境部门", id="noise"),
        pytest.param("小区停水三天", "供水", "水务部门", id="water"),
        pytest.param("包工头拖欠工资", "欠薪", "人社部门", id="wages"),
        pytest.param("暖气不热", "供暖", "供热主管部门", id="heating"),
        pytest.param("物业费太贵", "物业", "住建部门", id="managers"),
        pytest.param("你好", "", "", id="none"),
    ],
)
def test_topic(text: str, topic: str, department: str) -> None:
    elements = read(text)
    assert (elements.topic, elements.department) == (topic, department)
