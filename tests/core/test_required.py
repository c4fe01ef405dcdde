"""What a pattern is said to need is in everything it matches."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from app.core.evidence import Evidence
from app.core.required import met, needs_of
from app.loading.ruleset import load_checker

PATTERNS = [
    "不(?:说话|开口)没人",
    "(?:你|您)(?!好)的?情况",
    "(?<![已曾])经[^,。]{0,4}查",
    "[一-三][零〇]{2}",
    "(?:a|)b?",
    "(哑)\\1",
    "(?i:sb)|傻",
    "[^好]坏+",
    "(?:甲(?:乙|丙)|丁){2}",
    "\\d{3}路",
]


@pytest.mark.parametrize("written", PATTERNS)
def test_every_match_meets_the_needs(written: str) -> None:
    pattern = re.compile(written)

    @given(st.from_regex(pattern))
    @settings(max_examples=60, deadline=None)
    def holds(text: str) -> None:
        assert met(needs_of(pattern), frozenset(text))

    holds()


@pytest.mark.parametrize(
    ("written", "needs"),
    [
        pytest.param("哑巴", [{"哑"}, {"巴"}], id="each letter"),
        pytest.param("哑?巴", [{"巴"}], id="but not what may be missing"),
        pytest.param("(?:哑巴|聋子)", [{"哑", "子"}], id="one of several"),
        pytest.param("(?:哑巴|.)", [], id="unless one of them is anything"),
        pytest.param("[^哑]", [], id="not a class of all others"),
        pytest.param("(?!哑)巴", [{"巴"}], id="nor what must not follow"),
    ],
)
def test_needs_of(written: str, needs: list[set[str]]) -> None:
    assert set(needs_of(re.compile(written))) == {frozenset(one) for one in needs}


class Unhurried(Evidence):
    """Asks every condition, whatever the text holds."""

    def may_hold(self, condition: object) -> bool:
        return True


@pytest.mark.timeout(180)
def test_the_quick_look_changes_no_verdict() -> None:
    checker = load_checker(None, None, None)
    corpus = Path(__file__).parents[1] / "corpus"
    entries = [
        one if isinstance(one, dict) else {"reply": one}
        for name in ("held.yaml", "passed.yaml")
        for one in YAML(typ="safe").load((corpus / name).read_text(encoding="utf-8"))
    ]
    examples = [
        {"reply": example.reply, "message": example.message}
        for rule in checker.ruleset.rules
        for example in (*rule.hits, *rule.passes)
    ]
    for one in entries + examples:
        message = Evidence.of(one.get("message", ""), checker.folder, checker.lexicons, checker.cut)
        quick, slow = (
            checker.ruleset.evaluate(
                kind.of(one["reply"], checker.folder, checker.lexicons, checker.cut, message)
            )
            for kind in (Evidence, Unhurried)
        )
        assert quick == slow, one
