"""lexicons/**/*.tsv and their manifest -> Lexicon values, every problem named by file and line."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core.lexicon import Lexicon, Match, Term
from app.core.text import Folder
from app.loading.problems import Problem
from app.loading.yaml import read_yaml

HEADER = ("term", "weight", "match", "note")
MANIFEST = "manifest.yaml"


def load_lexicons(folder: Path, fold: Folder) -> tuple[tuple[Lexicon, ...], Sequence[Problem]]:
    """Every list in a folder below `folder`, by their ids; terms folded. Problems instead of exceptions.

    Tables right in `folder` (gazetteer.tsv, topics.tsv) are no lists of terms.
    """
    problems: list[Problem] = []
    lists: list[Lexicon] = []
    for file in sorted(folder.glob("*/**/*.tsv")):
        terms, found = _terms(file, fold)
        problems += found
        lists.append(Lexicon(lexicon_id(folder, file), terms))
    problems += _manifest_problems(folder, {lexicon.id for lexicon in lists})
    return tuple(sorted(lists, key=lambda lexicon: lexicon.id)), problems


def lexicon_id(folder: Path, file: Path) -> str:
    return ".".join(file.relative_to(folder).with_suffix("").parts)


def _terms(file: Path, fold: Folder) -> tuple[tuple[Term, ...], list[Problem]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        return (), [Problem(file, 0, f"expected UTF-8, found another byte at {error.start}")]
    if not lines or tuple(lines[0].split("\t")) != HEADER:
        found = lines[0] if lines else ""
        return (), [Problem(file, 1, f"expected the header `{' | '.join(HEADER)}` (tabs), found {found!r}")]
    problems: list[Problem] = []
    terms: dict[str, Term] = {}
    previous = ""
    for number, line in enumerate(lines[1:], 2):
        read = _term(file, number, line, fold)
        if isinstance(read, Problem):
            problems.append(read)
            continue
        written, term = read
        if written < previous:
            problems.append(
                Problem(file, number, f"expected terms in order, found {written!r} after {previous!r}")
            )
        if term.text in terms:
            problems.append(
                Problem(file, number, f"{written!r} is there already, after folding: {term.text!r}")
            )
        previous = written
        terms[term.text] = term
    return tuple(terms.values()), problems


def _term(file: Path, number: int, line: str, fold: Folder) -> tuple[str, Term] | Problem:
    fields = line.split("\t")
    if len(fields) != len(HEADER):
        return Problem(file, number, f"expected {len(HEADER)} fields separated by tabs, found {len(fields)}")
    written, weight, match, note = fields
    folded = fold.fold(written).text
    if not folded.strip():
        return Problem(file, number, f"expected a term, found {written!r}, of which folding leaves nothing")
    if not weight.isdigit() or not 1 <= int(weight) <= 5:
        return Problem(file, number, f"expected a weight from 1 to 5, found {weight!r}")
    if match not in set(Match):
        return Problem(file, number, f"expected a match of {', '.join(Match)}, found {match!r}")
    return written, Term(folded, int(weight), Match(match), note)


def _manifest_problems(folder: Path, ids: set[str]) -> list[Problem]:
    file = folder / MANIFEST
    if not file.exists():
        return [Problem(file, 0, "expected a manifest with source, licence and review date of each list")]
    document, problems = read_yaml(file)
    if problems:
        return list(problems)
    listed = document.get("lexicons") if isinstance(document, Mapping) else None
    if not isinstance(listed, Mapping):
        return [Problem(file, 1, "expected `lexicons:`, a mapping from list ids to their facts")]
    wanted = {"title", "source", "licence", "reviewed"}
    return (
        [Problem(file, 0, f"{one} is listed, but there is no such list") for one in sorted(set(listed) - ids)]
        + [Problem(file, 0, f"{one} is missing in the manifest") for one in sorted(ids - set(listed))]
        + [
            Problem(file, 0, f"{one}: expected {', '.join(sorted(wanted))}, found {facts!r}")
            for one, facts in listed.items()
            if not isinstance(facts, Mapping) or set(facts) != wanted
        ]
    )
