"""lexicons/commonness.txt: what ordinary replies are made of, counted once and shipped."""

import re
from collections.abc import Sequence
from pathlib import Path

from app.core.commonness import Commonness
from app.loading.problems import Problem

FILE = "commonness.txt"
_SPACE = re.compile(r"\s")


def load_commonness(folder: Path) -> tuple[Commonness, Sequence[Problem]]:
    """The first line says how many replies were counted, each other one `letters count`. May be missing."""
    file = folder / FILE
    if not file.exists():
        return Commonness(1, {}), ()
    problems: list[Problem] = []
    holding: dict[str, int] = {}
    replies, *lines = file.read_text("utf-8").splitlines() or ["1"]
    for number, line in enumerate(lines, 2):
        gram, _, count = line.rpartition(" ")
        if not gram or not count.isdigit():
            problems.append(Problem(file, number, f"expected `letters count`, found {line!r}"))
            continue
        holding[gram] = int(count)
    if not replies.isdigit():
        problems.append(Problem(file, 1, f"expected the number of replies counted, found {replies!r}"))
        return Commonness(1, {}), problems
    return Commonness(int(replies), holding), problems


def as_text(commonness: Commonness) -> str:
    """As the file is written: the most common first."""
    kept = sorted(
        (-count, gram) for gram, count in commonness.holding.items() if count > 1 and not _SPACE.search(gram)
    )
    return "\n".join([str(commonness.replies), *(f"{gram} {-count}" for count, gram in kept)]) + "\n"
