"""The check as a whole: it explains, it repeats itself, and it never raises."""

from dataclasses import replace

import pytest

from app.core.checker import Checker
from app.core.model import (
    Card,
    Cards,
    Conversation,
    Disposition,
    Media,
    MediaKind,
    Opaque,
    Reply,
    Severity,
    Text,
)
from app.core.policy import CheckPolicy
from tests.core.judging import checker
from tests.core.test_conditions import rule

RULE = rule({"lexicon": "mockery.gag"})
POLICY = CheckPolicy()
PICTURE = Media(MediaKind.IMAGE, "media-1")


def dispositions(policy: CheckPolicy, *replies: Reply) -> list[Disposition]:
    return [checker(RULE).check(reply, Conversation(), policy).disposition for reply in replies]


def test_a_verdict_quotes_the_reply_as_written() -> None:
    reply = Reply.of("當啞巴！")
    (finding,) = checker(RULE).check(reply, Conversation(), POLICY).findings
    assert (finding.rule, finding.quote) == ("mockery.x", "啞巴")
    assert reply.text[finding.span.start : finding.span.end] == "啞巴"


def test_every_part_a_person_can_read_is_checked() -> None:
    hidden = Card("标题", "哑巴")
    assert dispositions(
        POLICY,
        Reply((Text("您好"), Cards((hidden,)))),
        Reply((Text('<a href="weixin://bizmsgmenu?msgmenucontent=%E5%93%91%E5%B7%B4">点我</a>'),)),
    ) == [Disposition.HOLD, Disposition.HOLD]


@pytest.mark.parametrize(
    ("reply", "policy", "disposition"),
    [
        pytest.param(Reply((PICTURE,)), POLICY, Disposition.HOLD, id="a picture waits"),
        pytest.param(
            Reply((PICTURE,)), CheckPolicy(unreadable_holds=False), Disposition.RELEASE, id="unless allowed"
        ),
        pytest.param(
            Reply((Cards((Card("标题", picture_url="http://x/y.png"),)),)),
            POLICY,
            Disposition.HOLD,
            id="a card's picture is one",
        ),
        pytest.param(
            Reply((Opaque("hologram"),)),
            CheckPolicy(unreadable_holds=False, shadow_all=True),
            Disposition.BLOCK,
            id="what nobody knows never passes",
        ),
        pytest.param(Reply.of("哑巴"), CheckPolicy(shadow_all=True), Disposition.RELEASE, id="shadow mode"),
        pytest.param(
            Reply.of("哑巴"),
            CheckPolicy(shadow=frozenset({"mockery.x"})),
            Disposition.RELEASE,
            id="one in shadow",
        ),
    ],
)
def test_policy_decides(reply: Reply, policy: CheckPolicy, disposition: Disposition) -> None:
    assert dispositions(policy, reply) == [disposition]


def test_an_error_inside_holds_under_every_policy() -> None:
    def broken(text: str) -> list[object]:
        raise RuntimeError("a bug")

    failing: Checker = replace(checker(RULE), cut=broken)  # type: ignore[arg-type]
    for policy in (POLICY, CheckPolicy(hold_at=Severity.HIGH, shadow_all=True)):
        verdict = failing.check(Reply.of("滚"), Conversation(), policy)
        assert [finding.rule for finding in verdict.findings] == ["system.check-failed"]
        assert verdict.disposition is not Disposition.RELEASE


def test_the_same_inputs_give_the_same_verdict_and_another_policy_another_version() -> None:
    first, second = (checker(RULE).check(Reply.of("哑巴"), Conversation(), POLICY) for _ in range(2))
    assert first == second
    strict = checker(RULE).check(Reply.of("哑巴"), Conversation(), CheckPolicy(hold_at=Severity.LOW))
    assert strict.ruleset != first.ruleset
