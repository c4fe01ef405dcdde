from collections.abc import Mapping

import pytest

from app.core.model import MessageKind
from app.core.submission import Way
from app.web.console.words import aim
from tests.values import message

COMMENT = MessageKind.COMMENT


@pytest.mark.parametrize(
    ("way", "kind", "extra", "words"),
    [
        pytest.param(Way.MASS, MessageKind.EVENT, {"tag_id": "9"}, "标签 9 的关注者", id="a group"),
        pytest.param(Way.MASS, MessageKind.EVENT, {"touser": '["1", "2"]'}, "2 位关注者", id="a list"),
        pytest.param(Way.COMMENT, COMMENT, {"id": "37"}, "微博 37 下", id="a comment"),
        pytest.param(
            Way.COMMENT, COMMENT, {"id": "37", "cid": "77"}, "微博 37 下的评论 77", id="an answer to one"
        ),
        pytest.param(Way.STATUS, MessageKind.EVENT, {}, "", id="a post is for everybody"),
    ],
)
def test_whom_a_vendors_words_are_for(
    way: Way, kind: MessageKind, extra: Mapping[str, str], words: str
) -> None:
    assert aim(message("egress:1", kind=kind, event=way, passive=False, extra=extra)) == words
