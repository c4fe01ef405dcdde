"""Names begin anywhere in a sentence."""

import pytest

from app.core.mentions.mention import KnownNames, every_name, name_before, named


def test_the_name_before_is_bounded_and_ends_at_what_is_no_han_character() -> None:
    assert name_before("请到，和平路", 5) == "和平"
    assert name_before("路", 0) == ""
    assert name_before("和" * 100, 100) == "和" * 16


def test_a_mention_shows_the_name() -> None:
    mention = named("我们现在请您到市中心和平路12号", 11, 15, "路12号")
    assert (mention.key, mention.start, mention.end) == ("我们现在请您到市中心和|路12号", 5, 15)


@pytest.mark.parametrize(
    ("key", "covered"),
    [
        pytest.param("和平|路1号", True, id="the name"),
        pytest.param("请到和平|路1号", True, id="in a sentence"),
        pytest.param("北和平|路1号", False, id="another name"),
        pytest.param("平|路1号", False, id="a part of it"),
        pytest.param("|路1号", True, id="no name at all"),
        pytest.param("|路2号", False, id="no name, another number"),
    ],
)
def test_known_names(key: str, covered: bool) -> None:
    assert KnownNames.of(["和平|路1号"], "北").covers(key) is covered


def test_every_place_where_a_name_may_begin() -> None:
    assert list(every_name(["到和平|路1号", "|路2号"])) == ["到和平|路1号", "和平|路1号", "|路2号"]
