"""Every word of the console has its English, with the same places to fill in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import app.web.console
from app.core.elements import model as labels
from app.web.console import words
from app.web.console.figures import PRESETS
from app.web.console.language import CHINESE, ENGLISH, LANGUAGE, translate

HERE = Path(app.web.console.__path__[0])
METHODS = [("**.html", "jinja2"), ("**.py", "python")]
NAMED = (
    words.CATEGORIES,
    words.SEVERITIES,
    words.HOLD_STATES,
    words.DELIVERY_STATES,
    words.WORK_ORDER_STATES,
    words.ROLES,
    words.WAYS,
    words.WHY_UNANSWERED,
    words.ACTIONS,
    words.SPEAKER_KINDS,
    words.ALERT_KINDS,
    words.ALERT_ADVICE,
    words.AUTOREPLIES,
    words.CHECKLIST_ITEMS,
    PRESETS,
    labels.FIELD_LABELS,
    labels.KIND_LABELS,
    labels.URGENCY_LABELS,
)


def texts() -> Iterator[str]:
    keywords = {"_": None, "translate": None}
    for found in extract_from_dir(HERE, METHODS, keywords=keywords):
        yield str(found[2])
    for names in NAMED:
        yield from names.values()


@pytest.mark.parametrize("text", sorted(set(texts())))
def test_it_has_its_english(text: str) -> None:
    reset = LANGUAGE.set(ENGLISH)
    try:
        english = translate(text)
    finally:
        LANGUAGE.reset(reset)
    assert not re.search(r"[\u4e00-\u9fff]", english), "add it to locale/en/LC_MESSAGES/console.po"
    assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", text))


def test_the_templates_write_no_chinese_past_the_catalogue() -> None:
    for file in (HERE / "templates").glob("*.html"):
        bare = re.sub(r'_\("[^"]*"\)|{#.*?#}|"中文"', "", file.read_text("utf-8"), flags=re.DOTALL)
        assert re.findall(r"[\u4e00-\u9fff]+", bare) == [], file.name


def test_chinese_is_as_written() -> None:
    assert LANGUAGE.get() == CHINESE
    assert translate("待办") == "待办"
