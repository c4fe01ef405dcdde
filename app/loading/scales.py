"""lexicons/scales/*.txt: what sets one kind of wording apart from proper replies, as numbers."""

from collections.abc import Sequence
from pathlib import Path

from app.core.scale import Scale, Scales
from app.loading.problems import Problem

FOLDER = "scales"
_BIAS = "bias"


def load_scales(lexicons: Path) -> tuple[Scales, Sequence[Problem]]:
    """One scale for each file, named after it. Problems instead of exceptions."""
    scales, problems = [], list[Problem]()
    for file in sorted((lexicons / FOLDER).glob("*.txt")):
        scale, found = _load(file)
        problems += found
        if not found:
            scales.append(scale)
    return Scales.of(scales), problems


def _load(file: Path) -> tuple[Scale, list[Problem]]:
    """The first line is `bias <hundredths>`, each other one `letters <hundredths>`."""
    problems: list[Problem] = []
    weights: dict[str, int] = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        letters, _, weight = line.rpartition(" ")
        if not letters or not weight.removeprefix("-").isdecimal():
            problems.append(Problem(file, number, f"expected `letters hundredths`, found {line!r}"))
        elif (number == 1) != (letters == _BIAS):
            problems.append(
                Problem(file, number, f"expected `{_BIAS}` in the first line only, found {line!r}")
            )
        else:
            weights[letters] = int(weight)
    scale = Scale(file.stem, weights.pop(_BIAS, 0), weights)
    try:
        Scales.of([scale])
    except ValueError as error:
        problems.append(Problem(file, 0, str(error)))
    return scale, problems


def as_text(scale: Scale) -> str:
    """As the file is written: the most telling first."""
    lines = sorted(scale.weights.items(), key=lambda one: (-one[1], one[0]))
    return "\n".join([f"{_BIAS} {scale.bias}", *(f"{letters} {weight}" for letters, weight in lines)]) + "\n"
