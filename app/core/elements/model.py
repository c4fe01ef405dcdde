"""The elements of a request as frozen values; a quote always stands in the message as written."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Field(StrEnum):
    WHO = "who"
    WHOM = "whom"
    WHEN = "when"
    WHERE = "where"
    WHAT = "what"
    WHY = "why"
    HOW = "how"
    WANT = "want"
    CONTACT = "contact"


class Kind(StrEnum):
    INQUIRY = "inquiry"
    HELP = "help"
    COMPLAINT = "complaint"
    REPORT = "report"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    OTHER = "other"


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"
    EXTREME = "extreme"


FIELD_LABELS: Mapping[Field, str] = {
    Field.WHO: "诉求人",
    Field.WHOM: "被反映对象",
    Field.WHEN: "事发时间",
    Field.WHERE: "事发地点",
    Field.WHAT: "诉求内容",
    Field.WHY: "起因",
    Field.HOW: "情形与后果",
    Field.WANT: "诉求目的",
    Field.CONTACT: "联系方式",
}

KIND_LABELS: Mapping[Kind, str] = {
    Kind.INQUIRY: "咨询",
    Kind.HELP: "求助",
    Kind.COMPLAINT: "投诉",
    Kind.REPORT: "举报",
    Kind.SUGGESTION: "建议",
    Kind.PRAISE: "表扬",
    Kind.OTHER: "其他",
}

URGENCY_LABELS: Mapping[Urgency, str] = {
    Urgency.NORMAL: "一般",
    Urgency.URGENT: "紧急",
    Urgency.EXTREME: "特急",
}


@dataclass(frozen=True, slots=True)
class Element:
    """One thing the citizen said; `text` is the message from code point `start` to `end`."""

    field: Field
    text: str
    start: int
    end: int
    value: str = ""
    """Normalised: a date, a time to the minute (+08:00), a range a/b; digits of a number; empty: unknown."""
    confidence: float = 0.5
    """From 0 to 1; under `model.SURE` the citizen is still asked."""


SURE = 0.5


@dataclass(frozen=True, slots=True)
class Elements:
    found: tuple[Element, ...]
    """In the order of the fields, then of the text."""
    missing: tuple[Field, ...]
    questions: tuple[str, ...]
    """To ask the citizen now: at most two, in Chinese."""
    kind: Kind
    urgency: Urgency
    confidential: bool
    """A report of wrongdoing, or the citizen asks for it: nobody who is reported may learn of it."""
    topic: str
    """A short Chinese name of the field; empty: none is clear."""
    department: str
    """Whom it may be for: a suggestion to the person who passes it on."""

    def of(self, field: Field) -> tuple[Element, ...]:
        return tuple(element for element in self.found if element.field is field)
