"""lexicons/gazetteer.tsv and lexicons/topics.tsv -> Gazetteer, every problem named by file and line."""

from collections.abc import Iterator
from pathlib import Path

from app.core.elements.gazetteer import Gazetteer, Name, Topic
from app.loading.problems import Problem, refuse

NAMES = "gazetteer.tsv"
TOPICS = "topics.tsv"
_NAMES_HEADER = ("kind", "name", "note")
_TOPICS_HEADER = ("topic", "department", "words")


def load_gazetteer(lexicons: Path) -> Gazetteer:
    """From the two tables in the folder. Raises ConfigError with every problem of both."""
    problems: list[Problem] = []
    names = _names(lexicons / NAMES, problems)
    topics = _topics(lexicons / TOPICS, names[Name.DEPARTMENT], problems)
    refuse(problems)
    return Gazetteer.of(names, topics)


def _names(file: Path, problems: list[Problem]) -> dict[Name, set[str]]:
    names: dict[Name, set[str]] = {kind: set() for kind in Name}
    for number, (kind, name, _) in _rows(file, _NAMES_HEADER, problems):
        if kind not in set(Name):
            problems.append(Problem(file, number, f"expected a kind of {', '.join(Name)}, found {kind!r}"))
        elif not name or name != name.strip():
            problems.append(
                Problem(file, number, f"expected a name without spaces around it, found {name!r}")
            )
        elif name in names[Name(kind)]:
            problems.append(Problem(file, number, f"{name!r} is there already as {kind}"))
        else:
            names[Name(kind)].add(name)
    return names


def _topics(file: Path, departments: set[str], problems: list[Problem]) -> list[Topic]:
    topics: list[Topic] = []
    owners: dict[str, str] = {}
    for number, (name, department, listed) in _rows(file, _TOPICS_HEADER, problems):
        words = tuple(listed.split())
        if not name or not words:
            problems.append(Problem(file, number, "expected a topic and its words, found none"))
        if department not in departments:
            problems.append(Problem(file, number, f"expected a department of {NAMES}, found {department!r}"))
        for word in words:
            owner = owners.setdefault(word, name)
            if owner != name:
                problems.append(Problem(file, number, f"{word!r} is a word of {owner!r} already"))
        topics.append(Topic(name, department, words))
    return topics


def _rows(file: Path, header: tuple[str, ...], problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Lines of as many fields as the header has, with their numbers."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        problems.append(Problem(file, 0, "expected this table, found no file"))
        return
    except UnicodeDecodeError as error:
        problems.append(Problem(file, 0, f"expected UTF-8, found another byte at {error.start}"))
        return
    if not lines or tuple(lines[0].split("\t")) != header:
        found = lines[0] if lines else ""
        problems.append(
            Problem(file, 1, f"expected the header `{' | '.join(header)}` (tabs), found {found!r}")
        )
        return
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != len(header):
            problems.append(
                Problem(file, number, f"expected {len(header)} fields separated by tabs, found {len(fields)}")
            )
            continue
        yield number, fields
