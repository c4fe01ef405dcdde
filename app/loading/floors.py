"""A YAML file of floors -> core.floors."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from app.core.floors import Floors
from app.core.model import Category
from app.core.taxonomy import SUBCLASSES
from app.loading.problems import Problem, refusal, refuse
from app.loading.yaml import line_of, read_yaml

Share = Annotated[float, Field(ge=0, le=1)]


_SLICES = frozenset(SUBCLASSES) | {
    f"{category}.{subclass}" for category, subclasses in SUBCLASSES.items() for subclass in subclasses
}


def _of_a_category(name: str) -> str:
    if name not in _SLICES:
        raise ValueError(f"expected a category, {', '.join(SUBCLASSES)}, or category.subclass")
    return name


Slice = Annotated[str, AfterValidator(_of_a_category)]


class _FloorsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    recall: dict[Slice, Share] = Field(default_factory=dict)
    category_found: dict[Category, Share] = Field(default_factory=dict)
    category_right: dict[Category, Share] = Field(default_factory=dict)
    false_holds: Share | None = None
    look_alikes: Share | None = None


def load_floors(file: Path) -> Floors:
    """Raises ConfigError with every problem, by file and line."""
    if not file.is_file():
        raise refusal([Problem(file, 0, "expected a file of floors, found none")])
    document, problems = read_yaml(file)
    refuse(problems)
    try:
        read = _FloorsFile.model_validate(document)
    except ValidationError as error:
        raise refusal([_problem(file, document, one) for one in error.errors()]) from None
    return Floors(**read.model_dump())


def _problem(file: Path, document: object, wrong: ErrorDetails) -> Problem:
    place = ".".join(str(step) for step in wrong["loc"])
    return Problem(
        file, line_of(document, wrong["loc"]), f"{place}: {wrong['msg']}, found {wrong['input']!r}"
    )
