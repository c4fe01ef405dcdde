"""The whole judgement from its files: a set loads complete or not at all."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import app
from app.core.checker import Checker
from app.core.model import Conversation, Reply, Severity
from app.core.policy import CheckPolicy
from app.core.rules import Example, Rule
from app.loading.characters import make_folder, sound_of
from app.loading.commonness import load_commonness
from app.loading.lexicons import load_lexicons
from app.loading.problems import Problem, refuse
from app.loading.rules import load_rules
from app.loading.scales import load_scales
from app.loading.segmenter import make_segmenter

DICTIONARY = "dictionary.txt"
EVERYTHING = CheckPolicy(hold_at=Severity.INFO)


def shipped_dirs() -> tuple[Path, Path]:
    """(rules, lexicons): of the checkout, or of the installed package."""
    package = Path(app.__file__).parent
    checkout = package.parent
    if (checkout / "rules").is_dir() and (checkout / "lexicons").is_dir():
        return checkout / "rules", checkout / "lexicons"
    return package / "data" / "rules", package / "data" / "lexicons"


def load_checker(rules_dir: Path | None, lexicons_dir: Path | None, cache_dir: Path | None) -> Checker:
    """None: what came with this version. Raises ConfigError with every problem of every file."""
    checker, problems = _load(rules_dir, lexicons_dir, cache_dir)
    refuse(problems)
    return checker


def lint(rules_dir: Path | None, lexicons_dir: Path | None, cache_dir: Path | None) -> Sequence[str]:
    """Every problem, also of examples that do not keep their word."""
    checker, problems = _load(rules_dir, lexicons_dir, cache_dir)
    folder = rules_dir or shipped_dirs()[0]
    found = [*problems]
    for rule in checker.ruleset.rules:
        file = folder / rule.category.value / f"{rule.id.partition('.')[2]}.yaml"
        found += [Problem(file, 0, what) for what in _broken_examples(checker, rule)]
    return [str(problem) for problem in sorted(found)]


def _load(
    rules_dir: Path | None, lexicons_dir: Path | None, cache_dir: Path | None
) -> tuple[Checker, Sequence[Problem]]:
    shipped_rules, shipped_lexicons = shipped_dirs()
    rules_from, lexicons_from = rules_dir or shipped_rules, lexicons_dir or shipped_lexicons
    folder = make_folder()
    lists, problems = load_lexicons(lexicons_from, folder)
    rules, more = load_rules(rules_from, frozenset(lexicon.id for lexicon in lists))
    cut = make_segmenter(lexicons_from / DICTIONARY, cache_dir)
    version = _version(rules_from, lexicons_from)
    commonness, unread = load_commonness(lexicons_from)
    scales, unweighed = load_scales(lexicons_from)
    checker = Checker.of(rules, lists, folder, cut, sound_of, commonness.of, scales, version)
    return checker, [*problems, *more, *unread, *unweighed]


def _broken_examples(checker: Checker, rule: Rule) -> list[str]:
    return [
        f"must hold, but {rule.id} does not: {example.reply}"
        for example in rule.hits
        if not _holds(checker, rule, example)
    ] + [
        f"must pass, but {rule.id} holds it: {example.reply}"
        for example in rule.passes
        if _holds(checker, rule, example)
    ]


def _holds(checker: Checker, rule: Rule, example: Example) -> bool:
    verdict = checker.check(Reply.of(example.reply), Conversation(example.message), EVERYTHING)
    return any(one.rule == rule.id and one.severity is rule.severity for one in verdict.findings)


def _version(*folders: Path) -> str:
    """A hash of every file's name and content."""
    digest = hashlib.sha256(app.__version__.encode())
    for folder in folders:
        for file in sorted(one for one in folder.rglob("*") if one.suffix in {".yaml", ".tsv", ".txt"}):
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
