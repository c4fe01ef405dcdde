"""A small judgement for tests: a few words, the real folder, the real segmenter."""

from functools import cache

from app.core.checker import Checker
from app.core.evidence import Evidence
from app.core.lexicon import Lexicon, Match, Term
from app.core.rules import Rule
from app.core.scale import Scale, Scales
from app.core.text import Folder
from app.loading.characters import make_folder, sound_of
from app.loading.ruleset import shipped_dirs
from app.loading.segmenter import make_segmenter

WORDS = {
    "mockery.gag": [("哑巴", Match.WORD), ("滚", Match.WORD), ("没人问你", Match.ANYWHERE)],
    "mockery.sound": [("煞笔", Match.SOUND)],
    "mockery.letters": [("sb", Match.ANYWHERE)],
    "emoji.smile": [("[微笑]", Match.ANYWHERE), ("🙂", Match.ANYWHERE)],
    "person.citizen": [("你", Match.ANYWHERE), ("您", Match.ANYWHERE)],
    "exception.apology": [("抱歉", Match.ANYWHERE)],
    "message.grief": [("去世", Match.ANYWHERE)],
}


SCALES = Scales.of([Scale("private", -100, {"呗": 150, "嘛": 150, "请": -200})])


@cache
def folder() -> Folder:
    return make_folder()


@cache
def lexicons() -> tuple[Lexicon, ...]:
    return tuple(
        Lexicon(name, tuple(Term(folder().fold(text).text, match=match) for text, match in terms))
        for name, terms in WORDS.items()
    )


@cache
def _cut():  # type: ignore[no-untyped-def]
    return make_segmenter(shipped_dirs()[1] / "no-dictionary.txt", None)


def evidence(text: str, message: str = "") -> Evidence:
    judge = checker()
    return judge.evidence(text, judge.evidence(message))


def checker(*rules: Rule) -> Checker:
    return Checker.of(
        rules, lexicons(), folder(), _cut(), sound_of, lambda text: 0.1 ** len(text), SCALES, "test"
    )
