"""What the desk is told: how many of what, where; nothing anybody wrote."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from app.core.notices import HEADINGS, MOST_BYTES, Notice, NoticeKind, told
from tests.values import NOON


def test_many_notices_become_one_message() -> None:
    notices = [
        Notice(NoticeKind.URGENT_HOLD, NOON, "hall"),
        Notice(NoticeKind.URGENT_HOLD, NOON, "hall"),
        Notice(NoticeKind.URGENT_HOLD, NOON, "tax"),
        Notice(NoticeKind.QUEUE_LONG, NOON, count=63),
    ]
    lines = told(notices, "http://guard/console/").splitlines()
    assert lines[1].startswith("紧急待办：hall 2、tax 1（")
    assert lines[2].startswith("待办积压：63（")
    assert lines[-1] == "http://guard/console/"


def test_many_channels_leave_room_for_every_kind_and_the_link() -> None:
    everywhere = [Notice(kind, NOON, f"office-{number}") for number in range(200) for kind in NoticeKind]
    lines = told(everywhere, "http://guard/console/").splitlines()
    assert [line.partition("：")[0] for line in lines[1:-1]] == [HEADINGS[kind] for kind in NoticeKind]
    assert "office-0 1" in lines[1]
    assert "200 个频道共 200（" in lines[1]
    assert lines[-1] == "http://guard/console/"


def test_a_link_that_is_too_long_is_left_out() -> None:
    text = told([Notice(NoticeKind.STOPPED, NOON, "hall")], "http://guard/" + "x" * MOST_BYTES)
    assert text.splitlines()[1].startswith("已停机：")
    assert "guard" not in text


def test_a_notice_has_no_room_for_words() -> None:
    assert {one.name for one in fields(Notice)} == {"kind", "at", "channel", "count"}


@given(
    st.lists(
        st.builds(
            Notice,
            kind=st.sampled_from(NoticeKind),
            at=st.just(NOON),
            channel=st.from_regex(r"[a-z0-9-]{0,40}", fullmatch=True),
            count=st.integers(1, 10**6),
        ),
        max_size=200,
    )
)
def test_no_message_is_longer_than_the_strictest_robot_takes(notices: list[Notice]) -> None:
    assert 0 < len(told(notices, "http://guard/console/").encode()) <= MOST_BYTES
