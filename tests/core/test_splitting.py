"""Long replies are cut where a sentence ends, and nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.model import Media, MediaKind, Reply, Text
from app.core.splitting import MOST_PIECES, pieces_of

LIMIT = 60
"""Twenty Han characters."""


def texts(text: str, limit: int = LIMIT) -> list[str]:
    return [piece.text for piece in pieces_of(Reply.of(text), limit)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        pytest.param("您好。", ["您好。"], id="fits"),
        pytest.param(
            "请先在网上预约好时间。再带身份证到二楼三号窗口。当天就能取。",
            ["请先在网上预约好时间。", "再带身份证到二楼三号窗口。当天就能取。"],
            id="at the end of a sentence",
        ),
        pytest.param(
            "他说：“先预约好了时间再来吧。”然后带上身份证和户口本到窗口。",
            ["他说：“先预约好了时间再来吧。”", "然后带上身份证和户口本到窗口。"],
            id="a closing quotation mark stays with its sentence",
        ),
        pytest.param(
            "请带身份证原件和复印件各一份，户口本原件和复印件各一份",
            ["请带身份证原件和复印件各一份，", "户口本原件和复印件各一份"],
            id="a sentence that is too long is cut at a comma",
        ),
        pytest.param("甲" * 25, ["甲" * 20, "甲" * 5], id="no mark anywhere"),
        pytest.param("甲" * 200, ["甲" * 200], id="too many pieces: left whole, to be held"),
    ],
)
def test_it_is_cut_where_a_reader_would(text: str, pieces: list[str]) -> None:
    assert texts(text) == pieces


def test_other_parts_than_one_text_are_left_as_they_are() -> None:
    for reply in (
        Reply((Text("甲" * 30), Text("乙" * 30))),
        Reply((Media(MediaKind.IMAGE, media_id="m"),)),
        Reply(()),
    ):
        assert pieces_of(reply, LIMIT) == (reply,)


@given(st.text(alphabet=st.sampled_from("甲乙。！，a1 \n”😀"), max_size=120))
def test_every_piece_fits_and_joined_they_are_the_text(text: str) -> None:
    pieces = texts(text)
    assert len(pieces) <= MOST_PIECES
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", text)
    if len(pieces) > 1:
        assert all(0 < len(one.encode()) <= LIMIT for one in pieces)


def test_a_very_long_text_takes_no_time_to_speak_of() -> None:
    assert texts("，".join(["甲"] * 50_000)) == ["，".join(["甲"] * 50_000)]
