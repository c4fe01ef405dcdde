"""Remarks on the words of the lists, each with the file and line of its word."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.checker import Checker
from app.core.lexicon import Lexicon
from app.core.model import Conversation, Reply
from app.core.quality import Flaw, Remark, duplicates, ordinary, term_remarks
from app.core.text import Folder
from app.loading.labelled import load_labelled
from app.loading.lexicons import lexicon_id, load_lexicons
from app.loading.problems import refuse
from app.loading.ruleset import shipped_dirs

_DEVELOPMENT = Path("tests", "corpus", "development")


@dataclass(frozen=True, slots=True, order=True)
class Told:
    file: Path
    line: int
    flaw: Flaw
    term: str
    """Empty: the list as a whole."""
    why: str

    def __str__(self) -> str:
        term = f" “{self.term}”" if self.term else ""
        return f"{self.file}:{self.line}: {self.flaw.value}{term}：{self.why}"


@dataclass(frozen=True, slots=True)
class Quality:
    """What is to be looked at, read and ready: `size` tells how much there is to do."""

    checker: Checker
    folder: Path
    lexicons: Sequence[Lexicon]
    corpus: Sequence[tuple[Reply, Conversation]]

    @property
    def size(self) -> int:
        return len(self.corpus) + sum(len(lexicon.terms) for lexicon in self.lexicons)

    def remarks(self, advance: Callable[[int], None]) -> Sequence[Told]:
        """In the order of files and lines. Tells `advance` what part of `size` is done."""
        found = [*duplicates(self.lexicons), *ordinary(self.checker, _counted(self.corpus, advance))]
        found += term_remarks(self.checker, self.lexicons, advance)
        places = _places(self.folder, self.checker.folder)
        return sorted(_told(remark, places) for remark in found)


def read_quality(checker: Checker, lexicons_dir: Path | None, corpus: Sequence[Path]) -> Quality:
    """`corpus`: files of labelled lines; those to be held are passed by. Raises ConfigError."""
    folder = lexicons_dir or shipped_dirs()[1]
    lexicons, problems = load_lexicons(folder, checker.folder)
    refuse(problems)
    replies = load_labelled(corpus) if corpus else ()
    to_pass = [(one.reply, one.conversation) for one in replies if not one.hold]
    return Quality(checker, folder, lexicons, to_pass)


def development_corpus() -> Sequence[Path]:
    """Of the checkout; an installed package has none."""
    return sorted((shipped_dirs()[0].parent / _DEVELOPMENT).glob("*.jsonl"))


def _counted(
    replies: Iterable[tuple[Reply, Conversation]], advance: Callable[[int], None]
) -> Iterator[tuple[Reply, Conversation]]:
    for one in replies:
        yield one
        advance(1)


Places = Mapping[tuple[str, str], tuple[Path, int, str]]
"""By list and folded term ("" for the list): its file, its line, and how it is written there."""


def _places(folder: Path, fold: Folder) -> Places:
    places: dict[tuple[str, str], tuple[Path, int, str]] = {}
    for file in folder.rglob("*.tsv"):
        name = lexicon_id(folder, file)
        places[name, ""] = file, 1, ""
        for number, line in enumerate(file.read_text("utf-8").splitlines()[1:], 2):
            written = line.partition("\t")[0]
            places[name, fold.fold(written).text] = file, number, written
    return places


def _told(remark: Remark, places: Places) -> Told:
    file, line, written = places[remark.lexicon, remark.term]
    return Told(file, line, remark.flaw, written, remark.why)
