"""Which words of the lists do nothing, or do harm."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.core.lexicon import Lexicon, Match, Term
from app.core.model import Conversation, Reply, Severity
from app.core.quality import Flaw, duplicates, ordinary, term_remarks
from app.core.rules import Example, Rule
from tests.core.judging import checker, lexicons
from tests.core.test_conditions import rule

GAG = {"lexicon": "mockery.gag"}
HITS = (Example("你这哑巴"), Example("快滚"), Example("没人问你"))


def with_examples(
    when: Mapping[str, Any],
    unless: Mapping[str, Any] | None,
    *hits: Example,
    passes: tuple[Example, ...] = (),
) -> Rule:
    return replace(rule(when, unless), hits=hits, passes=passes)


def told(a_rule: Rule) -> dict[tuple[str, str], Flaw]:
    """By list and term."""
    remarks = term_remarks(checker(a_rule), lexicons(), lambda _: None)
    return {(one.lexicon, one.term): one.flaw for one in remarks if one.flaw is not Flaw.UNUSED}


@pytest.mark.parametrize(
    ("a_rule", "flaws"),
    [
        pytest.param(with_examples(GAG, None, *HITS), {}, id="each term holds a reply by itself"),
        pytest.param(
            with_examples({"any": [GAG, {"pattern": "滚"}]}, None, *HITS),
            {("mockery.gag", "滚"): Flaw.NEVER_DECIDES},
            id="a pattern of the rule holds it anyway",
        ),
        pytest.param(
            with_examples({"all": [GAG, {"not": {"pattern": "没人"}}]}, None, *HITS[:2]),
            {("mockery.gag", "没人问你"): Flaw.NEVER_DECIDES},
            id="the rule's own `not` speaks of it",
        ),
        pytest.param(
            with_examples(GAG, {"pattern": "没人"}, *HITS[:2]),
            {("mockery.gag", "没人问你"): Flaw.SHADOWED},
            id="an exemption lets it go whatever stands around it",
        ),
        pytest.param(
            with_examples(
                {"all": [GAG, {"message": {"pattern": "低保"}}]}, None, Example("哑巴", "没有低保")
            ),
            {},
            id="terms that need the message of the example",
        ),
        pytest.param(
            with_examples(
                {"all": [GAG, {"message": {"lexicon": "message.grief"}}]}, None, Example("哑巴", "家父去世了")
            ),
            {},
            id="a list of the message",
        ),
        pytest.param(
            with_examples(GAG, {"lexicon": "exception.apology"}, *HITS), {}, id="an exception lets a hit go"
        ),
        pytest.param(
            with_examples(
                {"any": [GAG, {"all": [{"lexicon": "emoji.smile"}, {"pattern": "再见"}]}]}, None, *HITS
            ),
            {("emoji.smile", ""): Flaw.NEVER_DECIDES},
            id="no example shows what a list is for: told once",
        ),
    ],
)
def test_a_term_decides_where_a_verdict_turns_on_it(a_rule: Rule, flaws: dict[tuple[str, str], Flaw]) -> None:
    assert told(a_rule) == flaws


def test_a_list_no_rule_names_is_told_once() -> None:
    remarks = term_remarks(checker(with_examples(GAG, None, *HITS)), lexicons(), lambda _: None)
    assert [one.lexicon for one in remarks if one.flaw is Flaw.UNUSED] == sorted(
        lexicon.id for lexicon in lexicons() if lexicon.id != "mockery.gag"
    )
    assert {one.term for one in remarks if one.flaw is Flaw.UNUSED} == {""}


def test_a_remark_says_why() -> None:
    def why(a_rule: Rule) -> list[str]:
        remarks = term_remarks(checker(a_rule), lexicons(), lambda _: None)
        return [one.why for one in remarks if one.flaw is not Flaw.UNUSED]

    assert why(with_examples({"any": [GAG, {"pattern": "滚"}]}, None, *HITS)) == [
        "去掉它，mockery.x 照样拦下“你这滚”"
    ]
    assert why(with_examples(GAG, {"pattern": "没人"}, *HITS[:2])) == [
        "mockery.x 的豁免（句式 没人）总是放过它，例如“你这没人问你”"
    ]
    assert why(with_examples({"all": [GAG, {"not": {"pattern": "没人"}}]}, None, *HITS[:2])) == [
        "在“你这没人问你”里，mockery.x 不该有：句式 没人"
    ]


def test_every_term_is_counted() -> None:
    done: list[int] = []
    term_remarks(checker(with_examples(GAG, None, *HITS)), lexicons(), done.append)
    assert sum(done) == sum(len(lexicon.terms) for lexicon in lexicons())


def test_the_same_term_in_two_lists_of_a_group_is_told_at_the_later() -> None:
    remarks = duplicates(
        [
            Lexicon("mockery.gag", (Term("哑巴"), Term("滚"))),
            Lexicon("mockery.insult", (Term("哑巴", match=Match.WORD),)),
            Lexicon("tone.rude", (Term("滚"),)),
        ]
    )
    assert [(one.lexicon, one.term, one.why) for one in remarks] == [
        ("mockery.insult", "哑巴", "mockery.gag 里也有")
    ]


@pytest.mark.parametrize(
    ("when", "severity", "reply", "message", "blamed"),
    [
        pytest.param(GAG, Severity.MEDIUM, "请走哑巴路", "", ["哑巴"], id="the term that holds it"),
        pytest.param(GAG, Severity.LOW, "请走哑巴路", "", [], id="nothing is held"),
        pytest.param(GAG, Severity.MEDIUM, "哑巴路上不滚动", "", ["哑巴"], id="not those inside other words"),
        pytest.param(GAG, Severity.MEDIUM, "哑巴说：没人问你", "", [], id="none of two alone"),
        pytest.param({"pattern": "路"}, Severity.MEDIUM, "请走哑巴路", "", [], id="a pattern holds it"),
        pytest.param(
            {"all": [{"pattern": "路"}, {"message": {"lexicon": "message.grief"}}]},
            Severity.MEDIUM,
            "请走大路",
            "家父去世",
            ["去世"],
            id="a term of the message",
        ),
    ],
)
def test_an_ordinary_reply_blames_the_terms_that_hold_it(
    when: Mapping[str, Any], severity: Severity, reply: str, message: str, blamed: list[str]
) -> None:
    judge = checker(replace(rule(when), severity=severity))
    remarks = ordinary(judge, [(Reply.of(reply), Conversation(message))])
    assert [one.term for one in remarks] == blamed


def test_ordinary_replies_are_counted() -> None:
    replies = [(Reply.of(text), Conversation()) for text in ("哑巴路", "哑巴桥，哑巴河", "您好")]
    (remark,) = ordinary(checker(rule(GAG)), replies)
    assert remark.why == "有 2 条正常答复因它被 mockery.x 拦下，例如“哑巴”"
