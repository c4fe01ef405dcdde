"""Files of labelled replies, one JSON object a line: `{"text", "context", "hold", "labels"}`."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, StrictBool, ValidationError, model_validator
from pydantic_core import ErrorDetails

from app.core.evaluation import Label, Labelled
from app.core.model import Category
from app.core.taxonomy import SUBCLASSES
from app.loading.inquiries import InquiryLine, place_of
from app.loading.problems import Problem, refuse

LOOKS_LIKE = "like:"
SUFFIX = ".jsonl"
QUOTED = 60
"""So many characters of a wrong value are quoted."""


def load_labelled(paths: Iterable[Path]) -> tuple[Labelled, ...]:
    """Every line of every file, in order; of a folder, every *.jsonl in it and below, by name.

    A file named twice is read once. Raises ConfigError with every problem of every file.
    """
    files, problems = _files(paths)
    lines: list[Labelled] = []
    for file in files:
        read, found = _read(file)
        lines += read
        problems += found
    if not lines and not problems:
        problems = [Problem(file, 0, "expected labelled replies, found none") for file in files]
    refuse(problems)
    return tuple(lines)


def _files(paths: Iterable[Path]) -> tuple[Sequence[Path], list[Problem]]:
    files: dict[Path, Path] = {}
    problems = []
    for path in paths:
        inside = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not inside:
            problems.append(Problem(path, 0, f"expected files *{SUFFIX}, found none"))
        for file in inside:
            files.setdefault(file.resolve(), file)
    return tuple(files.values()), problems


def _read(file: Path) -> tuple[list[Labelled], list[Problem]]:
    try:
        content = file.read_bytes()
    except OSError as error:
        return [], [Problem(file, 0, f"cannot be read: {error.strerror}")]
    lines: list[Labelled] = []
    problems: list[Problem] = []
    for number, line in enumerate(content.removeprefix(BOM_UTF8).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            read = _LabelledLine.model_validate_json(line)
        except ValidationError as error:
            problems += [Problem(file, number, _told(one)) for one in error.errors(include_url=False)]
        else:
            lines.append(read.of(file.as_posix(), number))
    return lines, problems


def _label(text: str) -> str:
    category, _, subclass = text.removeprefix(LOOKS_LIKE).partition(".")
    if category not in SUBCLASSES:
        raise ValueError(f"expected `category.subclass`, the category of {', '.join(sorted(SUBCLASSES))}")
    if subclass not in SUBCLASSES[Category(category)]:
        raise ValueError(f"expected a subclass of {category}: {', '.join(SUBCLASSES[Category(category)])}")
    return text


class _LabelledLine(InquiryLine):
    hold: StrictBool
    labels: list[Annotated[str, AfterValidator(_label)]]

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        for label in self.labels:
            if self.hold == label.startswith(LOOKS_LIKE):
                expected = "no like: before" if self.hold else "like: before"
                raise ValueError(
                    f"labels: expected {expected} the label, as hold is {self.hold}, found {label!r}"
                )
        return self

    def of(self, file: str, line: int) -> Labelled:
        asked = self.inquiry
        labels = (label.removeprefix(LOOKS_LIKE).partition(".") for label in self.labels)
        return Labelled(
            reply=asked.reply,
            conversation=asked.conversation,
            hold=self.hold,
            labels=tuple(Label(Category(category), subclass) for category, _, subclass in labels),
            file=file,
            line=line,
        )


def _told(wrong: ErrorDetails) -> str:
    """What was expected and found. Of texts the kind alone: nobody's words belong in an error."""
    place, found = place_of(wrong), wrong["input"]
    expected = wrong["msg"].removeprefix("Value error, ")
    if not place:  # the line as a whole
        return expected
    if wrong["type"] == "missing":
        return f"{place}: {expected}"
    quotable = place.startswith(("hold", "labels")) and isinstance(found, str | int | float)
    what = repr(found)[:QUOTED] if quotable else type(found).__name__
    return f"{place}: {expected}, found {what}"
