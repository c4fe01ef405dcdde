"""rules/<category>/*.yaml -> Rule values, every problem named by file and line."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from app.core.rules import Rule
from app.loading.frames import FRAMES, load_frames
from app.loading.phrases import PHRASES
from app.loading.problems import Problem
from app.loading.schema import Frames, RuleFile
from app.loading.yaml import line_of, read_yaml, validation_problems

_NO_RULES = frozenset({FRAMES, PHRASES})


def load_rules(folder: Path, lexicon_ids: frozenset[str]) -> tuple[tuple[Rule, ...], Sequence[Problem]]:
    """Every rule below `folder`, in the order of their files. Problems instead of exceptions."""
    rules: dict[str, Rule] = {}
    frames, unframed = load_frames(folder / FRAMES, lexicon_ids)
    problems = list(unframed)
    files = sorted(
        file for file in folder.rglob("*.yaml") if file.parent != folder or file.name not in _NO_RULES
    )
    if not files:  # a folder misspelt must not be a guard that lets everything pass
        return (), [
            Problem(folder, 0, "expected rules, <category>/<name>.yaml, found none; is it the right folder?")
        ]
    problems += [
        Problem(file, 0, "a rule's file ends in .yaml; this one would be overlooked")
        for file in folder.rglob("*.yml")
    ]
    for file in files:
        rule, found = _rule(folder, file, lexicon_ids, frames)
        problems += found
        if rule is not None and rule.id in rules:
            problems.append(Problem(file, 1, f"the id {rule.id} is used by another file too"))
        elif rule is not None:
            rules[rule.id] = rule
    return tuple(rules.values()), problems


def _rule(
    folder: Path, file: Path, lexicon_ids: frozenset[str], frames: Frames
) -> tuple[Rule | None, list[Problem]]:
    document, unread = read_yaml(file)
    if unread:
        return None, list(unread)
    try:
        read = RuleFile.model_validate(document)
    except ValidationError as error:
        return None, validation_problems(file, document, error)
    problems = [
        Problem(file, line_of(document, ["when"]), f"there is no lexicon {one!r}")
        for one in sorted(read.lexicons() - lexicon_ids)
    ]
    unknown = read.frames() - frames.keys()
    problems += [
        Problem(file, line_of(document, ["when"]), f"there is no frame {one!r} in {FRAMES}")
        for one in sorted(unknown)
    ]
    expected = f"{file.relative_to(folder).parts[0]}.{file.stem}"
    if read.id != expected:
        problems.append(Problem(file, line_of(document, ["id"]), f"id: expected {expected}, found {read.id}"))
    if read.category.value != expected.partition(".")[0]:
        problems.append(
            Problem(file, line_of(document, ["category"]), "category: expected the folder's name")
        )
    return None if unknown else read.build(frames), problems
