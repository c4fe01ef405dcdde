"""The check alone: against a bare scan and jieba, with more entries, with longer texts, and its loading."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from tempfile import TemporaryDirectory

import ahocorasick
import jieba
from rich.progress import Progress

from app.core.checker import Checker
from app.core.lexicon import Lexicon, Term
from app.core.model import Conversation, Disposition, Reply
from app.core.policy import CheckPolicy
from app.loading.characters import make_folder, sound_of
from app.loading.lexicons import load_lexicons
from app.loading.ruleset import load_checker, shipped_dirs

CLEAN = (
    "您好，您咨询的城镇居民医疗保险参保登记事项，可以在户籍所在地街道便民服务中心窗口办理，请携带本人身份证原件和户口簿，"
    "工作时间为周一至周五上午九点到十二点、下午一点半到五点。如有其他疑问，欢迎拨打服务热线咨询。"
)
FLAGGED = (
    "您好，您反映的问题我们早就说过多少遍了，看不懂字吗？自己去窗口问，别再来这里闹了。经核实，该店已经被我局责令停业整改，"
    "三个工作日内保证给您解决，请您以后管好自己的嘴，不要听风就是雨，祝您生活愉快。"
)
HOSTILE = (
    "您",
    "经",
    "的您我",
    "，",
    "呵呵",
    "哈哈😀",
    "a1",
    "经核实您不符合",
    "“您”",
    "嗡 ",
    "傻*",
    "\u200b您",
    "《》",
)
"""Repeated to 2,000 characters each."""

Entry = dict[str, str | float]
ROUNDS = 15


def measure() -> list[Entry]:
    """One entry for each ratio that has a target."""
    load_seconds, load_mb = _loading()
    checker = load_checker(None, None, None)
    steps = (_against_scan, _against_jieba, _by_entries, _by_length, _hostile)
    entries = [
        _entry("check_load_seconds", load_seconds, 3.0),
        _entry("check_load_peak_mb", load_mb, 200.0),
    ]
    with Progress(transient=True) as progress:
        for step in progress.track(steps, description="the check alone"):
            entries += step(checker)
    return entries


def _against_scan(checker: Checker) -> Iterable[Entry]:
    folded = checker.folder.fold(CLEAN).text
    bare = _bare(_shipped())
    scan, check = _seconds(lambda: list(bare.iter(folded))), _seconds(_checking(checker, CLEAN, held=False))
    yield _entry("check_clean_over_bare_scan", check / scan, 2.0)
    yield _entry("check_clean_us_above_bare_scan", (check - scan) * 1e6, 60.0)


def _against_jieba(checker: Checker) -> Iterable[Entry]:
    cut, check = _seconds(lambda: jieba.lcut(FLAGGED)), _seconds(_checking(checker, FLAGGED, held=True))
    yield _entry("check_flagged_over_jieba_lcut", check / cut, 1.5)


def _by_entries(checker: Checker) -> Iterable[Entry]:
    few, many = (_seconds(_checking(_with_entries(checker, n), CLEAN, held=None)) for n in (1_000, 100_000))
    yield _entry("check_100000_over_1000_entries", many / few, 1.5)


def _by_length(checker: Checker) -> Iterable[Entry]:
    long = (CLEAN * 20)[:2_000]
    short = _seconds(_checking(checker, CLEAN, held=False)) / len(CLEAN)
    yield _entry(
        "check_2000_over_100_per_character", _seconds(_checking(checker, long, None)) / 2_000 / short, 1.2
    )


def _hostile(checker: Checker) -> Iterable[Entry]:
    ordinary = _seconds(_checking(checker, CLEAN, held=False)) / len(CLEAN)
    texts = [(one * 2_000)[:2_000] for one in HOSTILE]
    worst = max(_seconds(_checking(checker, text, None), times=1, rounds=3) / 2_000 for text in texts)
    yield _entry("check_hostile_over_ordinary_per_character", worst / ordinary, 50.0)


def _checking(checker: Checker, text: str, held: bool | None) -> Callable[[], object]:
    reply, conversation, policy = Reply.of(text), Conversation(), CheckPolicy()
    verdict = checker.check(reply, conversation, policy)
    if held is not None and (verdict.disposition is not Disposition.RELEASE) != held:
        raise RuntimeError(f"the bench's own text is judged otherwise: {verdict}")
    return lambda: checker.check(reply, conversation, policy)


def _seconds(work: Callable[[], object], times: int = 200, rounds: int = ROUNDS) -> float:
    """Of one call, in the best of some rounds: what else runs on the machine only adds."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - started) / times)
    return best


def _shipped() -> Sequence[Lexicon]:
    return load_lexicons(shipped_dirs()[1], make_folder())[0]


def _bare(lists: Iterable[Lexicon]) -> ahocorasick.Automaton:
    """Nothing but the terms."""
    automaton = ahocorasick.Automaton()
    for lexicon in lists:
        for term in lexicon.terms:
            automaton.add_word(term.text, len(term.text))
    automaton.make_automaton()
    return automaton


def _with_entries(checker: Checker, wanted: int) -> Checker:
    """The same rules over so many terms: some of the shipped ones, or these and invented ones."""
    lists, left = [], wanted
    for lexicon in _shipped():
        lists.append(replace(lexicon, terms=lexicon.terms[: max(0, left)]))
        left -= len(lexicon.terms)
    letters = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥乾坤震巽坎离艮兑"
    shuffled = random.Random(1)  # noqa: S311
    invented = {"".join(shuffled.choices(letters, k=4)) for _ in range(max(0, left))}
    lists.append(Lexicon("invented.terms", tuple(Term(one) for one in sorted(invented))))
    rules, scales = checker.ruleset.rules, checker.scales
    return Checker.of(
        rules, lists, checker.folder, checker.cut, sound_of, lambda text: 0.1 ** len(text), scales, "bench"
    )


def _loading() -> tuple[float, float]:
    """Seconds and peak megabytes of a process that loads the whole judgement; jieba's cache is there."""
    code = (
        "import time, resource; a = time.perf_counter()\n"
        "from pathlib import Path; from app.loading.ruleset import load_checker\n"
        "load_checker(None, None, Path({0!r}))\n"
        "print(time.perf_counter() - a, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    with TemporaryDirectory() as folder:
        runs = [
            subprocess.run(  # noqa: S603
                [sys.executable, "-c", code.format(folder)], capture_output=True, text=True, check=True
            ).stdout.split()
            for _ in range(3)
        ]
    return min(float(seconds) for seconds, _ in runs[1:]), max(float(mb) for _, mb in runs[1:])


def _entry(name: str, value: float, reach: float) -> Entry:
    return {"name": name, "value": round(value, 3), "reach": reach, "better": "lower"}


if __name__ == "__main__":
    for entry in measure():
        print(entry["name"], entry["value"], "to reach", entry["reach"])
