"""What an account may tell passes; what is made up is flagged, with the words as written."""

import re
from collections.abc import Iterator
from re import _parser
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import facts as facts_module
from app.core.facts import Fact, FactKind, FactList
from app.core.mentions import addresses, documents, hours, links, mention, numerals, phones
from app.core.model import Category, Conversation, Finding, Reply, Severity
from app.core.policy import CheckPolicy
from tests.core.judging import checker, evidence, folder

LISTED = {
    FactKind.PHONE: ("028-12345678",),
    FactKind.LINK: ("www.example.gov.cn",),
    FactKind.ADDRESS: ("示例市中心区和平路12号",),
    FactKind.DOCUMENT: ("示政办〔2024〕3号",),
    FactKind.HOURS: ("周一至周五 9:00-12:00，13:30-17:00",),
}
HOTLINES = [Fact(FactKind.PHONE, number) for number in ("110", "12345")]


def fact_list(**more: str) -> FactList:
    """The list above, with one value more by kind."""
    own = [Fact(kind, folder().fold(value).text) for kind, values in LISTED.items() for value in values]
    own += [Fact(FactKind(kind), folder().fold(value).text) for kind, value in more.items()]
    return FactList.of(own, HOTLINES)


FACTS = fact_list()


def found(reply: str, message: str = "", facts: FactList = FACTS) -> list[Finding]:
    return list(facts.unknown(evidence(reply, message)))


@pytest.mark.parametrize(
    ("reply", "message", "rules"),
    [
        pytest.param("请拨打028-12345678或12345咨询", "", [], id="numbers listed and known to all"),
        pytest.param("请拨打028-12345679咨询", "", ["phone medium"], id="another number"),
        pytest.param("请联系王师傅13900001234", "", ["phone high"], id="a mobile"),
        pytest.param("请拨打110、96110", "", ["phone medium"], id="a hotline nobody listed"),
        pytest.param("我们会回拨88886666", "我的座机是8888 6666", [], id="the citizen's own number"),
        pytest.param("我们会回拨88886667", "我的座机是88886666", ["phone medium"], id="not quite"),
        pytest.param("详见https://www.example.gov.cn/zwgk/", "", [], id="a page of a listed site"),
        pytest.param("详见www.example-zhengwu.com", "", ["link high"], id="a made-up site"),
        pytest.param("详见example.gov.cn.evil.com", "", ["link high"], id="a look-alike"),
        pytest.param("详见www.example.gоv.cn", "", ["link high"], id="a Cyrillic letter in a listed site"),
        pytest.param("b.com不是本单位网址", "b.com是你们的吗", [], id="a link the citizen sent"),
        pytest.param("请到和平路12号", "", [], id="an address listed"),
        pytest.param("请到和平路14号", "", ["address medium"], id="an address made up"),
        pytest.param("依据示政办[2024]3号", "", [], id="a document listed"),
        pytest.param("依据市政办〔2031〕999号", "", ["document medium"], id="a document made up"),
        pytest.param("依据《某某办法》", "", [], id="titles are not compared"),
        pytest.param("窗口工作日上午九点到十二点开放", "", [], id="hours listed"),
        pytest.param("窗口周日全天开放", "", ["hours medium"], id="hours made up"),
        pytest.param("www.example.gov.cn/028-87654321.html", "", [], id="digits of a link are no number"),
        pytest.param(
            "请到人民路1号，电话028-1111111、13900001234", "",
            ["phone medium", "phone high", "address medium"],
            id="each kind a finding of its own",
        ),
        pytest.param("您好，您反映的情况已转交市政部门。", "", [], id="nothing to compare"),
    ],
)  # fmt: skip
def test_what_is_made_up(reply: str, message: str, rules: list[str]) -> None:
    findings = found(reply, message)
    assert [f"{one.rule.removeprefix('fabrication.')} {one.severity.value}" for one in findings] == rules
    assert {one.category for one in findings} <= {Category.FABRICATION}


def test_a_finding_quotes_the_reply_as_written() -> None:
    reply = "详见ｗｗｗ.Evil.ＣＯＭ，或拨打（０２８）８７６５４３２１"
    link, phone = sorted(found(reply), key=lambda one: one.rule)
    assert (link.quote, phone.quote) == ("ｗｗｗ.Evil.ＣＯＭ", "（０２８）８７６５４３２１")
    assert reply[phone.span.start : phone.span.end] == phone.quote


def test_one_finding_shows_every_place() -> None:
    (finding,) = found("请拨打028-11111111，不是028-22222222")
    assert len(finding.spans) == 2
    assert finding.quote == "028-11111111，不是028-22222222"


def test_a_look_alike_of_the_government_is_named_so() -> None:
    (imitation,), (other,) = found("详见example-gov.cn"), found("详见example.com")
    assert "貌似政府网站" in imitation.why
    assert imitation.why != other.why


def test_titles_are_compared_where_one_is_listed() -> None:
    facts = fact_list(title="《居住证管理办法》")
    assert found("依据《居住证管理办法》", facts=facts) == []
    (finding,) = found("依据《某某办法》", facts=facts)
    assert (finding.rule, finding.severity) == ("fabrication.document", Severity.LOW)


def test_nothing_listed_turns_it_off() -> None:
    assert found("请拨打028-11111111", facts=FactList.of((), HOTLINES)) == []


def test_lists_have_names_and_policies_with_them() -> None:
    assert fact_list().fingerprint == FACTS.fingerprint
    assert fact_list(phone="028-87654321").fingerprint != FACTS.fingerprint
    names = {CheckPolicy(facts=facts).fingerprint for facts in (None, FACTS, fact_list(phone="96110"))}
    assert len(names) == 3
    assert len({CheckPolicy(facts=fact_list()), CheckPolicy(facts=FACTS), CheckPolicy()}) == 2


def test_the_checker_asks_the_policys_list() -> None:
    reply, rule = Reply.of("请拨打028-11111111"), "fabrication.phone"
    policies = (CheckPolicy(), CheckPolicy(facts=FACTS), CheckPolicy(facts=FACTS, shadow=frozenset({rule})))
    verdicts = [checker().check(reply, Conversation(), policy) for policy in policies]
    assert [verdict.disposition.value for verdict in verdicts] == ["release", "hold", "release"]
    assert [[(one.rule, one.shadow) for one in verdict.findings] for verdict in verdicts] == [
        [],
        [(rule, False)],
        [(rule, True)],
    ]


# --- whatever the text ------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *"0189一二十幺点时号路街村段附转至到.-:@/(（〔【《》）)+# \n，。、周日&;%１🙂\u200b\ud800",
        *("028-", "1390", "www.", "http://", ".cn", "和平路", "地址：", "电话", "9:00-", "全天", "上班"),
        *("〔2024〕", "令第", "&#48;", "%31"),
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join), st.lists(PIECES, max_size=20).map("".join))
def test_any_text_has_findings_whose_spans_lie_inside_it(reply: str, message: str) -> None:
    for finding in found(reply, message, fact_list(title="办法")):
        assert finding.spans
        for span in finding.spans:
            assert 0 <= span.start < span.end <= len(reply)
        assert finding.quote == reply[finding.span.start : finding.span.end]


@given(st.text(max_size=200))
def test_no_text_raises(reply: str) -> None:
    assert all(finding.severity >= Severity.LOW for finding in found(reply, reply))


@pytest.mark.parametrize("kind", LISTED)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_value_of_a_list_is_read_or_is_none(kind: FactKind, value: str) -> None:
    keys = Fact(kind, folder().fold(value).text).keys
    assert all(isinstance(key, str) and key for key in keys)


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    modules: tuple[ModuleType, ...] = (
        facts_module, addresses, documents, hours, links, mention, numerals, phones,
    )  # fmt: skip
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{module.__name__}.{name}", value


def may_run_away(parsed: object, *, last: bool = True) -> bool:
    """Whether something stands behind a repeat without bound, or one such repeat in another."""
    steps = list(parsed)  # type: ignore[call-overload]
    for index, (operator, argument) in enumerate(steps):
        ends = last and index == len(steps) - 1
        match str(operator):
            case "MAX_REPEAT" | "MIN_REPEAT":
                _, most, repeated = argument
                unbounded = most is _parser.MAXREPEAT
                if (unbounded and (not ends or len(repeated) != 1)) or may_run_away(
                    repeated, last=ends and most == 1
                ):
                    return True
            case "SUBPATTERN":
                if may_run_away(argument[-1], last=ends):
                    return True
            case "BRANCH":
                if any(may_run_away(branch, last=ends) for branch in argument[1]):
                    return True
            case "ASSERT" | "ASSERT_NOT":
                if may_run_away(argument[1], last=False):
                    return True
    return False


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(re.compile("(a+)+"), id="one in another"),
        pytest.param(re.compile("[a-z]+:"), id="something behind"),
        pytest.param(re.compile("(x|a*)b?"), id="in a branch"),
    ],
)
def test_a_pattern_that_runs_away_is_seen(pattern: re.Pattern[str]) -> None:
    assert may_run_away(_parser.parse(pattern.pattern))


@pytest.mark.parametrize(("name", "pattern"), [pytest.param(*one, id=one[0]) for one in patterns()])
def test_no_pattern_can_run_away(name: str, pattern: re.Pattern[str]) -> None:
    """So that the time is linear: every step back is bounded, whatever the text."""
    assert not may_run_away(_parser.parse(pattern.pattern, pattern.flags)), name


@pytest.mark.parametrize(
    "unit",
    [
        *("1", "1 ", "a.", "a-", "www.", "http://", "a@", "x.cn/", "9点", "周一", "十"),
        *("和平路12号", "地址:和平大厦", "〔2024〕", "《", "转1"),
    ],
)
def test_a_huge_text_is_read_to_its_end(unit: str) -> None:
    """With what is to be found at its very end."""
    reply = (unit * 50_000)[:50_000] + "。\n请拨打028-11111111"
    assert any(
        finding.rule == "fabrication.phone" and finding.span.end == len(reply) for finding in found(reply)
    )
