"""rules/phrases.yaml: the standing phrases of the desk."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from app.core.phrases import GAP, Kind, Phrase
from app.loading.problems import Problem, refuse
from app.loading.yaml import read_yaml, validation_problems

PHRASES = "phrases.yaml"


class _Phrase(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=20)
    when: str = Field(min_length=1, max_length=100)
    text: str = Field(min_length=1, max_length=600)
    gaps: dict[str, Kind] = {}

    @model_validator(mode="after")
    def _gaps_are_those_of_the_text(self) -> "_Phrase":
        written = GAP.findall(self.text)
        if sorted(written) != sorted(self.gaps):
            raise ValueError(f"gaps: the text has {written}, each once, and `gaps` has {list(self.gaps)}")
        return self


class _File(RootModel[dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")], _Phrase]]):
    pass


def load_phrases(rules_dir: Path) -> Mapping[str, Phrase]:
    """By id, in the order of the file; empty where there is none. Raises ConfigError with every problem."""
    file = rules_dir / PHRASES
    if not file.exists():
        return {}
    document, problems = read_yaml(file)
    refuse(problems)
    try:
        read = _File.model_validate(document).root
    except ValidationError as error:
        found: list[Problem] = validation_problems(file, document, error)
        refuse(found)
        raise
    return {
        name: Phrase(
            name, one.title, one.when, one.text, {gap: one.gaps[gap] for gap in GAP.findall(one.text)}
        )
        for name, one in read.items()
    }
