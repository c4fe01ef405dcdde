"""What is wrong with a file, said so that its editor finds the place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import ConfigError


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    file: Path
    line: int
    """From 1; 0: the file as a whole."""
    what: str
    """What is wrong, what was expected, what was found."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


def refuse(problems: Sequence[Problem]) -> None:
    """Raises ConfigError with every problem, a line each; returns where there is none."""
    if problems:
        raise refusal(problems)


def refusal(problems: Sequence[Problem]) -> ConfigError:
    return ConfigError("\n".join(str(problem) for problem in sorted(problems)))
