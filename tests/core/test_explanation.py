"""How a verdict came about."""

from app.core.explanation import Explanation, Place, explain
from app.core.model import Conversation, Disposition, Reply, Span
from app.core.policy import CheckPolicy
from tests.core.judging import checker
from tests.core.test_conditions import rule

GAG = {"lexicon": "mockery.gag"}
UNLESS = {"lexicon": "exception.apology"}


def explained(reply: str, message: str = "") -> Explanation:
    a_rule = rule({"all": [GAG, {"lexicon": "person.citizen"}]}, UNLESS)
    return explain(checker(a_rule), Reply.of(reply), Conversation(message), CheckPolicy())


def test_it_shows_what_was_read() -> None:
    reading = explained("你這啞*巴").reply
    assert (reading.folded, reading.squeezed) == ("你这哑*巴", "你这哑巴")
    assert [(cue.lexicon, cue.term, cue.place.quote) for cue in reading.cues] == [
        ("person.citizen", "你", "你"),
        ("mockery.gag", "哑巴", "啞*巴"),
    ]
    assert "".join(segment.place.quote for segment in reading.segments) == "你這啞巴"


def test_places_point_into_the_text_as_written() -> None:
    explanation = explained("\u200b你\u200b哑巴，抱歉")
    (tried,) = explanation.tried
    assert tried.missed is not None
    assert tried.missed.found == (Place(Span(6, 8), "抱歉"),)
    assert explanation.reply.raw[6:8] == "抱歉"


def test_a_rule_that_holds_is_said_to() -> None:
    explanation = explained("你这哑巴")
    assert explanation.verdict.disposition is Disposition.HOLD
    assert [(one.rule.id, one.missed, one.near) for one in explanation.tried] == [("mockery.x", None, True)]


def test_a_near_miss_says_what_was_there_and_what_was_not() -> None:
    (tried,) = explained("您好。哑巴").tried
    assert tried.missed is not None
    assert (tried.missed.exempted, tried.near, tried.missed.path) == (False, True, "when.all[1]")
    assert tried.missed.what == "还差：词表 person.citizen"
    assert tried.missed.proved == (Place(Span(3, 5), "哑巴"),)


def test_an_exempted_rule_says_by_what() -> None:
    (tried,) = explained("你这哑巴，抱歉").tried
    assert tried.missed is not None
    assert (tried.missed.exempted, tried.missed.what) == (True, "词表 exception.apology")


def test_rules_that_slept_are_counted_alone() -> None:
    explanation = explained("办事大厅九点开门")
    assert (explanation.tried, explanation.asleep) == ((), 1)


def test_the_message_is_read_too() -> None:
    explanation = explained("您好", "家父去世")
    assert explanation.message is not None
    assert [cue.lexicon for cue in explanation.message.cues] == ["message.grief"]
    assert explained("您好").message is None


def test_what_holds_comes_first_then_what_was_let_go() -> None:
    judge = checker(
        rule({"all": [GAG, {"length": {"at_least": 9}}]}),
        rule(GAG, {"pattern": "哑巴"}),
        rule(GAG),
    )
    explanation = explain(judge, Reply.of("哑巴"), Conversation(), CheckPolicy())
    assert [one.missed and one.missed.exempted for one in explanation.tried] == [None, True, False]


def test_anything_can_be_explained() -> None:
    for text in ("", "\ud800", "🙂" * 300, "，。！", "\u202e哑巴", "x" * 5000):
        assert explained(text, text).reply.raw == text
