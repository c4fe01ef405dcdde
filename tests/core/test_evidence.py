"""A text is cut into sentences and clauses, and quotes are known."""

import pytest

from app.core.evidence import ScopeKind
from tests.core.judging import evidence


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        pytest.param("您好。请稍候！", ["您好。", "请稍候!"], id="two sentences"),
        pytest.param("您好，请稍候", ["您好,请稍候"], id="a comma does not end one"),
        pytest.param("嗯……好", ["嗯...", "好"], id="an ellipsis does"),
        pytest.param("第一行\n第二行", ["第一行\n", "第二行"], id="so does a line"),
        pytest.param("。。。", ["。。。"], id="punctuation alone speaks too"),
        pytest.param("见《答：问！》一书", ["见《答:问!》一书"], id="a title is not cut"),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [scope.text for scope in evidence(text).scopes(ScopeKind.SENTENCE)] == sentences


def test_clauses_end_at_commas_too() -> None:
    assert [scope.text for scope in evidence("您好，请稍候。再见").scopes(ScopeKind.CLAUSE)] == [
        "您好,",
        "请稍候。",
        "再见",
    ]


def test_length_counts_neither_spaces_nor_punctuation() -> None:
    assert evidence("您 好！，100 分").whole.length == 6
