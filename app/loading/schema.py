"""The shape of a rule file, closed: what an editor may write, and what it becomes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, RootModel, model_validator

from app.core import conditions
from app.core.conditions import Condition
from app.core.evidence import ScopeKind
from app.core.model import Category, Severity
from app.core.rules import Example, Rule
from app.core.taxonomy import SUBCLASSES

_NESTED_REPEAT = re.compile(r"\([^()]*[*+][^()]*\)[*+{]")


def _sound_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if _NESTED_REPEAT.search(text):
        raise ValueError("a repeat inside a repeat can take for ever; write it without")
    return text


_SUBCLASSES: list[JsonValue] = [*sorted({name for names in SUBCLASSES.values() for name in names})]

PatternText = Annotated[str, Field(min_length=1), AfterValidator(_sound_pattern)]


Frames = Mapping[str, Condition]
"""Conditions that several rules share, by name."""


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NearPart(Closed):
    of: "Part"
    to: "Part"
    within: int = Field(ge=0, le=200)

    def build(self, frames: Frames) -> Condition:
        return conditions.Near(self.of.build(frames), self.to.build(frames), self.within)


class SequencePart(Closed):
    items: list["Part"] = Field(min_length=2)
    within: int = Field(ge=0, le=200)

    def build(self, frames: Frames) -> Condition:
        return conditions.InOrder(tuple(item.build(frames) for item in self.items), self.within)


class CountPart(Closed):
    of: "Part"
    at_least: int = Field(ge=1)
    at_most: int | None = None

    def build(self, frames: Frames) -> Condition:
        return conditions.Count(self.of.build(frames), self.at_least, self.at_most)


class BesidePart(Closed):
    of: "Part"
    within: int = Field(ge=0, le=200)


class LengthPart(Closed):
    at_least: int = Field(0, ge=0)
    at_most: int | None = Field(None, ge=0)

    def build(self, frames: Frames) -> Condition:
        return conditions.Length(self.at_least, self.at_most)


class LeansPart(Closed):
    scale: str = Field(description="lexicons/scales/ 里的文件名")
    at_least: float = Field(ge=-5, le=20)

    def build(self, frames: Frames) -> Condition:
        return conditions.Leans(self.scale, self.at_least)


class EchoPart(Closed):
    at_least: int = Field(ge=4)

    def build(self, frames: Frames) -> Condition:
        return conditions.Echo(self.at_least)


class Part(Closed):
    """A condition: exactly one of these keys."""

    lexicon: str | list[str] | None = Field(None, description="词表编号，任一词出现")
    pattern: PatternText | None = Field(None, description="正则表达式，匹配折叠后的文字")
    all: list["Part"] | None = Field(None, min_length=1, description="全部成立")
    any: list["Part"] | None = Field(None, min_length=1, description="任一成立")
    not_: "Part | None" = Field(None, alias="not", description="不成立")
    near: NearPart | None = Field(None, description="两者相距不超过 within 个字，不分先后")
    sequence: SequencePart | None = Field(None, description="依次出现，相邻两项之间不超过 within 个字")
    count: CountPart | None = Field(None, description="出现次数")
    before: BesidePart | None = Field(None, description="在已找到的证据之前 within 个字以内")
    after: BesidePart | None = Field(None, description="在已找到的证据之后 within 个字以内")
    quoted: Literal[True] | None = Field(None, description="最先找到的证据在引号或书名号内")
    length: LengthPart | None = Field(None, description="范围内的字数，不算空格标点")
    position: Literal["first", "last", "only"] | None = Field(None, description="范围在回复中的位置")
    leans: LeansPart | None = Field(None, description="用语在某把尺上的读数")
    message: "Part | None" = Field(None, description="对市民的留言成立")
    reply: "Part | None" = Field(None, description="对整条回复成立")
    echo: EchoPart | None = Field(None, description="与市民留言有相同的一段话")
    frame: str | None = Field(None, description="rules/frames.yaml 里起了名字的条件")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if len(self.model_fields_set) != 1:
            keys = ", ".join(sorted(self.model_fields_set)) or "none"
            raise ValueError(f"expected exactly one condition, found {keys}")
        return self

    def build(self, frames: Frames) -> Condition:
        """The condition this stands for."""
        match self:
            case Part(lexicon=str() as one):
                return conditions.InLexicon((one,))
            case Part(lexicon=list() as several):
                return conditions.InLexicon(tuple(several))
            case Part(pattern=str() as text):
                return conditions.Pattern(re.compile(text))
            case Part(all=list() as parts):
                return conditions.All(tuple(part.build(frames) for part in parts))
            case Part(any=list() as parts):
                return conditions.Any(tuple(part.build(frames) for part in parts))
            case Part(not_=Part() as part):
                return conditions.Not(part.build(frames))
            case Part(near=NearPart() as near):
                return near.build(frames)
            case Part(sequence=SequencePart() as sequence):
                return sequence.build(frames)
            case Part(count=CountPart() as count):
                return count.build(frames)
            case Part(before=BesidePart() as beside):
                return conditions.Beside(beside.of.build(frames), beside.within, "before")
            case Part(after=BesidePart() as beside):
                return conditions.Beside(beside.of.build(frames), beside.within, "after")
            case Part(length=LengthPart() as length):
                return length.build(frames)
            case Part(position=str() as where):
                return conditions.Position(where)
            case Part(leans=LeansPart() as leans):
                return leans.build(frames)
            case Part(message=Part() as part):
                return conditions.OfMessage(part.build(frames))
            case Part(reply=Part() as part):
                return conditions.OfReply(part.build(frames))
            case Part(echo=EchoPart() as echo):
                return echo.build(frames)
            case Part(frame=str() as name):
                return frames[name]
        return conditions.Quoted()

    def inner(self) -> Iterator["Part"]:
        """Itself, and every condition inside it."""
        stack: list[object] = [self]
        while stack:
            one = stack.pop()
            if isinstance(one, Part):
                yield one
            if isinstance(one, BaseModel):
                stack.extend(getattr(one, name) for name in one.model_fields_set)
            elif isinstance(one, list):
                stack.extend(one)

    def lexicons(self) -> set[str]:
        """Every list this condition, or one inside it, names."""
        found: set[str] = set()
        for one in self.inner():
            if one.lexicon is not None:
                found.update([one.lexicon] if isinstance(one.lexicon, str) else one.lexicon)
        return found

    def frames(self) -> set[str]:
        """Every frame this condition, or one inside it, names."""
        return {one.frame for one in self.inner() if one.frame is not None}


class FrameFile(Closed):
    """One condition with a name, in rules/frames.yaml."""

    title: str = Field(min_length=1, description="一句话说明它认的是什么")
    when: Part


class FramesFile(RootModel[dict[str, FrameFile]]):
    """rules/frames.yaml."""


class ExampleText(Closed):
    reply: str = Field(min_length=1)
    message: str = ""


class Examples(Closed):
    hit: list[str | ExampleText] = Field(min_length=3, description="必须拦下的回复，至少三句")
    pass_: list[str | ExampleText] = Field(
        alias="pass", min_length=3, description="看着像但必须放行的，至少三句"
    )


class RuleFile(Closed):
    """One rule."""

    id: str = Field(pattern=r"^[a-z_]+\.[a-z0-9-]+$", description="<类别>.<抓什么>，与文件名一致")
    title: str = Field(min_length=1)
    category: Category
    subclass: str = Field(json_schema_extra={"enum": _SUBCLASSES}, description="类别里的哪一类")
    severity: Severity
    scope: ScopeKind = ScopeKind.SENTENCE
    when: Part
    unless: Part | None = None
    why: str = Field(min_length=4, description="一句话，审核员看得懂的理由")
    source: str = Field(min_length=2, description="依据")
    certain: bool = Field(False, description="证据本身就够，不看整句像不像公文")
    examples: Examples

    @model_validator(mode="after")
    def _known_subclass(self) -> Self:
        known = SUBCLASSES.get(self.category, {})
        if self.subclass not in known:
            raise ValueError(f"subclass: expected one of {', '.join(known)}, found {self.subclass}")
        return self

    def build(self, frames: Frames) -> Rule:
        """`frames`: those the rules share, by name. Raises KeyError for one that is not there."""
        return Rule(
            id=self.id,
            title=self.title,
            category=self.category,
            subclass=self.subclass,
            severity=self.severity,
            scope=self.scope,
            when=self.when.build(frames),
            unless=self.unless.build(frames) if self.unless else None,
            why=self.why,
            source=self.source,
            hits=tuple(_example(one) for one in self.examples.hit),
            passes=tuple(_example(one) for one in self.examples.pass_),
            certain=self.certain,
        )

    def lexicons(self) -> set[str]:
        return self.when.lexicons() | (self.unless.lexicons() if self.unless else set())

    def frames(self) -> set[str]:
        return self.when.frames() | (self.unless.frames() if self.unless else set())


def _example(one: str | ExampleText) -> Example:
    return Example(one) if isinstance(one, str) else Example(one.reply, one.message)


for _model in (NearPart, SequencePart, CountPart, BesidePart, Part, FrameFile, FramesFile):
    _model.model_rebuild()


SCHEMAS: Mapping[str, Callable[[], dict[str, object]]] = {
    "schema.json": lambda: RuleFile.model_json_schema(by_alias=True),
    "frames.schema.json": lambda: FramesFile.model_json_schema(by_alias=True),
}
"""What editors complete from: by file below rules/, of rules and of frames.yaml."""


if __name__ == "__main__":
    for _name, _schema in SCHEMAS.items():
        Path("rules", _name).write_text(json.dumps(_schema(), ensure_ascii=False, indent=2) + "\n", "utf-8")
