"""The label of generated content."""

import pytest

from app.core.label import Label, Place, labelled, unlabelled
from app.core.model import Media, MediaKind, Reply, Text

LABEL = Label("（本条由人工智能生成）")
FIRST = Label("【智能回复】", Place.START)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        pytest.param(LABEL, "九点开门。\n（本条由人工智能生成）", id="at the end"),
        pytest.param(FIRST, "【智能回复】\n九点开门。", id="at the start"),
        pytest.param(None, "九点开门。", id="none is asked for"),
    ],
)
def test_a_bots_reply_carries_it(label: Label | None, text: str) -> None:
    assert labelled(Reply.of("九点开门。"), label).text == text


@pytest.mark.parametrize("label", [LABEL, FIRST])
def test_it_stands_there_once(label: Label) -> None:
    once = labelled(Reply.of("九点开门。"), label)
    assert labelled(once, label) == once


def test_a_picture_carries_none() -> None:
    picture = Reply((Media(MediaKind.IMAGE, media_id="m"),))
    assert labelled(picture, LABEL) == picture


def test_of_several_texts_the_last_carries_it() -> None:
    reply = labelled(Reply((Text("一"), Media(MediaKind.IMAGE, media_id="m"), Text("二"))), LABEL)
    assert reply.parts[0] == Text("一")
    assert reply.parts[2] == Text(f"二\n{LABEL.text}")


@pytest.mark.parametrize("label", [LABEL, FIRST])
def test_a_person_begins_without_it(label: Label) -> None:
    assert unlabelled(labelled(Reply.of("九点开门。"), label).text, label) == "九点开门。"
    assert unlabelled("九点开门。", None) == "九点开门。"
