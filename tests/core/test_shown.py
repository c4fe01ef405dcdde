"""What the platform shows is explained by what we sent, or it is a stranger's."""

from datetime import timedelta

import pytest

from app.core.model import Card, Cards, Media, MediaKind, Reply, Text
from app.core.shown import NAMED, Said, Shown, strangers, told
from tests.values import NOON

MINUTE = timedelta(minutes=1)


def said(text: str = "九点开门。", user: str = "o-1", after: timedelta = timedelta(), *parts: object) -> Said:
    return Said(user, NOON + after, Reply((*((Text(text),) if text else ()), *parts)))  # type: ignore[arg-type]


def shown(text: str = "九点开门。", user: str = "o-1", after: timedelta = timedelta()) -> Shown:
    return Shown("desk1@guihe", user, NOON + after, text)


IMAGE = said("", "o-1", timedelta(), Media(MediaKind.IMAGE, "media-1"))
CARD = said("", "o-1", timedelta(), Cards((Card("办事指南", "怎么办", "http://a/"),)))


@pytest.mark.parametrize(
    ("seen", "ours", "foreign"),
    [
        pytest.param([shown()], [said()], 0, id="ours"),
        pytest.param([shown(after=-30 * MINUTE)], [said()], 0, id="ours, by a clock that differs"),
        pytest.param([shown(after=61 * MINUTE)], [said()], 1, id="the same words an hour later"),
        pytest.param([shown(user="o-2")], [said()], 1, id="the same words to somebody else"),
        pytest.param([shown("呵呵")], [said()], 1, id="other words"),
        pytest.param([shown("")], [], 1, id="nothing of ours"),
        pytest.param([shown(), shown(after=MINUTE)], [said()], 1, id="twice, and we said it once"),
        pytest.param([shown(), shown(after=MINUTE)], [said(), said(after=MINUTE)], 0, id="twice, as we did"),
        pytest.param([shown(" 九点\n开门。")], [said()], 0, id="with other white space"),
        pytest.param([shown("见http://t.cn/A6x")], [said("见https://www.a.gov.cn/1")], 0, id="a short link"),
        pytest.param([shown("甲&amp;乙")], [said("甲&乙")], 0, id="escaped"),
        pytest.param([shown(user="")], [said()], 0, id="the platform does not say to whom"),
        pytest.param([shown("[image]")], [IMAGE], 0, id="an image"),
        pytest.param([shown("[image]")], [said()], 1, id="an image, and we sent none"),
        pytest.param([shown("呵呵")], [IMAGE], 1, id="words, and we sent an image"),
        pytest.param([shown("办事指南")], [CARD], 0, id="a card by its title"),
    ],
)
def test_what_we_did_not_send_is_found(seen: list[Shown], ours: list[Said], foreign: int) -> None:
    assert len(strangers(seen, ours)) == foreign


def test_of_two_that_could_be_ours_the_far_one_is_the_strangers() -> None:
    near, far = shown(after=MINUTE), shown(after=50 * MINUTE)
    assert strangers([far, near], [said()]) == [far]


def test_an_alert_names_ids_and_times_and_no_words_and_no_citizen() -> None:
    many = [shown("呵呵", "o-secret", number * MINUTE) for number in range(NAMED + 2)]
    assert told(many[:1]) == "2026-03-02T04:00:00+00:00 desk1@guihe"
    assert told(many).endswith("; +2")
    assert "呵呵" not in told(many)
    assert "o-secret" not in told(many)
    assert "呵呵" not in repr(many[0])
