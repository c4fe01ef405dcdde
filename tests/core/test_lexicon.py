"""One pass finds every term of every list, and only where it stands for itself."""

import pytest

from tests.core.judging import evidence


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("没人问你", {"mockery.gag", "person.citizen"}, id="a phrase, and a word in it"),
        pytest.param("當啞巴", {"mockery.gag"}, id="in traditional characters"),
        pytest.param("聋哑巴士", set(), id="a word must be a word"),
        pytest.param("滚动公示", set(), id="not the first half of another"),
        pytest.param("滚!", {"mockery.gag"}, id="alone it is one"),
        pytest.param("shabiao", set(), id="letters of another word"),
        pytest.param("www.shabi.com", {"mockery.sound"}, id="a name made of it"),
        pytest.param("沙币", {"mockery.sound"}, id="it sounds the same"),
        pytest.param("杀毙", {"mockery.sound"}, id="whatever it is written with"),
        pytest.param("shabi", {"mockery.sound"}, id="spelled out"),
        pytest.param("煞·笔", {"mockery.sound"}, id="with a dot inside"),
        pytest.param("是sb吧", {"mockery.letters"}, id="letters as a whole"),
        pytest.param("usb接口", set(), id="not inside a longer word"),
        pytest.param("好的[微笑]", {"emoji.smile"}, id="a bracket emoticon"),
        pytest.param("好的🙂", {"emoji.smile"}, id="an emoji"),
        pytest.param("请微笑服务", set(), id="a smile in words is none"),
        pytest.param("", set(), id="nothing"),
    ],
)
def test_find(text: str, found: set[str]) -> None:
    assert set(evidence(text).hits) == found


def test_a_hit_points_at_the_text_as_written() -> None:
    seen = evidence("嘿，煞·笔！")
    (hit,) = seen.hits["mockery.sound"]
    span = seen.span(hit.start, hit.end)
    assert seen.folded.raw[span.start : span.end] == "煞·笔"
