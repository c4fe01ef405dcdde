"""lexicons/register.txt: what sets private talk apart from official replies, as numbers."""

from collections.abc import Sequence
from pathlib import Path

from app.core.register import Register
from app.loading.problems import Problem

FILE = "register.txt"
_BIAS = "bias"


def load_register(folder: Path) -> tuple[Register, Sequence[Problem]]:
    """The first line is `bias <hundredths>`, each other one `letters <hundredths>`. May be missing."""
    file = folder / FILE
    if not file.exists():
        return Register(), ()
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
    return Register(weights.pop(_BIAS, -1000), weights), problems


def as_text(register: Register) -> str:
    """As the file is written: the most private first."""
    lines = sorted(register.weights.items(), key=lambda one: (-one[1], one[0]))
    return (
        "\n".join([f"{_BIAS} {register.bias}", *(f"{letters} {weight}" for letters, weight in lines)]) + "\n"
    )
