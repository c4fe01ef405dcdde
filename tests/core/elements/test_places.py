"""Where: streets, estates, villages, crossings; and words that end alike."""

import pytest

from app.core.elements.model import SURE, Field
from tests.core.elements.reading_aloud import quotes, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("和平路12号门口井盖没了", ["和平路12号门口"], id="street and number"),
        pytest.param("我家住锦绣花园5栋2单元302室", ["锦绣花园5栋2单元302室"], id="down to the flat"),
        pytest.param("学府街与科技路交叉口红绿灯不亮", ["学府街与科技路交叉口"], id="a crossing"),
        pytest.param(
            "成都市武侯区晋阳街道有人遛狗不牵绳", ["成都市武侯区晋阳街道"], id="division upon division"
        ),
        pytest.param("石桥镇白杨树村三组断水了", ["石桥镇白杨树村三组"], id="a village group"),
        pytest.param("人民医院对面有人摆摊", ["人民医院对面"], id="across from"),
        pytest.param("东风小学门口堵车", ["东风小学门口"], id="a school gate"),
        pytest.param("万达广场地下车库收费太高", ["万达广场地下车库"], id="below a mall"),
        pytest.param("青年路老菜市场附近全是垃圾", ["青年路老菜市场附近"], id="near"),
        pytest.param("弄堂在永嘉路35弄", ["永嘉路35弄"], id="a lane"),
        pytest.param("3号楼2单元电梯坏了", ["3号楼2单元"], id="a building alone"),
        pytest.param("长虹大桥上大货车多", ["长虹大桥"], id="a bridge"),
        pytest.param("在火车站被拒载", ["火车站"], id="the station"),
        pytest.param("从建设路到滨河路都在挖", ["建设路到滨河路"], id="a stretch"),
        pytest.param("张家界好玩吗", ["张家界"], id="a city, not a person"),
    ],
)
def test_says_where(text: str, expected: list[str]) -> None:
    assert quotes(text, Field.WHERE) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("我不知道怎么办", id="知道"),
        pytest.param("道路坑坑洼洼", id="any road"),
        pytest.param("全市的马路都这样", id="any street"),
        pytest.param("这是唯一的出路", id="出路"),
        pytest.param("坐102路上班", id="a bus line"),
        pytest.param("工作组什么时候来", id="a group of people"),
        pytest.param("网上报道了这件事", id="报道"),
    ],
)
def test_says_no_place(text: str) -> None:
    assert quotes(text, Field.WHERE) == []


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        pytest.param("我们小区停水了", False, id="which estate?"),
        pytest.param("成都停水了", False, id="where in the city?"),
        pytest.param("翠湖小区停水了", True, id="a name"),
    ],
)
def test_a_vague_place_is_asked_for(text: str, sure: bool) -> None:
    elements = read(text)
    assert all((one.confidence >= SURE) is sure for one in elements.of(Field.WHERE))
    assert (Field.WHERE not in elements.missing) is sure
