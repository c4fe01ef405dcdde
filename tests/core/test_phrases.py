"""Standing phrases pass by id and hash; what is filled in does not."""

from dataclasses import replace

import pytest

from app.core.errors import Invalid
from app.core.model import Category, Finding, Severity, Span
from app.core.phrases import Kind, Phrase, fill, on_values

REFER = Phrase(
    "refer",
    "转介",
    "归别的单位",
    "您好，请向⟨单位⟩咨询，电话⟨电话⟩。",
    {"单位": Kind.WORDS, "电话": Kind.PHONE},
)
VALUES = {"单位": "住建局", "电话": "0571-88001234"}


def test_values_stand_where_the_gaps_were() -> None:
    filled = fill(REFER, REFER.hash, VALUES)
    assert filled.reply.text == "您好，请向住建局咨询，电话0571-88001234。"
    assert [filled.reply.text[one.start : one.end] for one in filled.spans] == ["住建局", "0571-88001234"]


def test_a_phrase_that_was_changed_by_one_character_is_another() -> None:
    changed = replace(REFER, text=REFER.text.replace("您", "你"))
    with pytest.raises(Invalid, match="刚刚改过"):
        fill(changed, REFER.hash, VALUES)


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        pytest.param(Kind.PHONE, "12345", True, id="hotline"),
        pytest.param(Kind.PHONE, "0571-88001234", True, id="landline"),
        pytest.param(Kind.PHONE, "400-123-4567", True, id="400"),
        pytest.param(Kind.PHONE, "13912345678", False, id="somebody's mobile"),
        pytest.param(Kind.PHONE, "打给我", False, id="words"),
        pytest.param(Kind.DATE, "3月8日", True, id="a day"),
        pytest.param(Kind.DATE, "2026-03-08", True, id="an ISO day"),
        pytest.param(Kind.DATE, "尽快", False, id="no day"),
        pytest.param(Kind.NUMBER, "WX-2026-001", True, id="a case number"),
        pytest.param(Kind.NUMBER, "第一号", False, id="no case number"),
        pytest.param(Kind.WORDS, "住建局", True, id="a department"),
        pytest.param(Kind.WORDS, "⟨单位⟩", False, id="the gap itself"),
        pytest.param(Kind.WORDS, "甲" * 41, False, id="too long"),
        pytest.param(Kind.PASSAGE, "第一行\n第二行", True, id="two lines of a passage"),
        pytest.param(Kind.PASSAGE, "", False, id="nothing"),
    ],
)
def test_a_gap_takes_what_it_is_for(kind: Kind, value: str, fits: bool) -> None:
    phrase = Phrase("x", "甲", "乙", "⟨值⟩", {"值": kind})
    if fits:
        assert fill(phrase, phrase.hash, {"值": value}).reply.text == value
    else:
        with pytest.raises(Invalid, match="值"):
            fill(phrase, phrase.hash, {"值": value})


def finding(category: Category, *spans: Span) -> Finding:
    return Finding(f"{category}.x", category, Severity.MEDIUM, "某处不妥", spans=spans)


def test_only_what_was_filled_in_can_be_found_wanting() -> None:
    filled = fill(REFER, REFER.hash, VALUES)
    agreed = finding(Category.TONE, Span(0, 2))
    value = finding(Category.MOCKERY, Span(5, 8))
    reaching_in = finding(Category.MOCKERY, Span(3, 6))
    whole = finding(Category.TONE)
    too_long = finding(Category.SYSTEM)
    assert on_values(filled, [agreed, value, reaching_in, whole, too_long]) == (value, reaching_in, too_long)
