"""The work order a request becomes: a title and a neutral body, without what names the citizen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.elements.dates import CHINA
from app.core.elements.model import (
    FIELD_LABELS,
    KIND_LABELS,
    URGENCY_LABELS,
    Element,
    Elements,
    Field,
    Kind,
    Urgency,
)
from app.core.elements.story import is_trouble
from app.core.masking import COVER, mask_numbers

VERSION = 1

_PROBLEM_CHARACTERS = 24
_PLACE_CHARACTERS = 30
_PARTY_CHARACTERS = 20
_BEFORE = "，,。；;：:、！!？? \n\t的在是了就从对向旁边"
_BEHIND = "，,。；;：:、！!？? \n\t的在到向对把从因给是"
_CLAUSE = re.compile(r"[^，,。；;！!？?\n\s]+")
_SAID_ELSEWHERE = (Field.WHERE, Field.WHOM, Field.WHEN, Field.WHO)
_ACCUSING = re.compile(
    r"(?:我们?|本人)?(?:现在?)?(?:要|想)?(?:实名|匿名)?(?:投诉|举报|反映|咨询|请问|想问|表扬|"
    r"感谢)(?:一下|下)?"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One element as the handling unit sees it."""

    field: Field
    text: str
    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """Everything in it is masked; whoever may see the original asks for it by its hash."""

    title: str
    body: str
    kind: Kind
    lines: tuple[Line, ...]
    missing: tuple[Field, ...]
    urgency: Urgency
    confidential: bool
    topic: str
    department: str
    received_at: str
    """ISO, +08:00."""
    original_sha256: str

    def as_text(self) -> str:
        rows = [
            self.title,
            f"来件时间：{self.received_at}",
            f"类型：{KIND_LABELS[self.kind]}",
            f"紧急程度：{URGENCY_LABELS[self.urgency]}",
            f"内容分类：{self.topic or '待定'}",
            f"建议承办单位：{self.department or '待定'}（仅供参考，由派单人员确定）",
            self.body,
        ]
        if self.missing:
            rows.append(f"待补充：{'、'.join(FIELD_LABELS[field] for field in self.missing)}")
        rows.append(f"原文校验（SHA-256）：{self.original_sha256}")
        return "\n".join(rows)

    def as_json(self) -> dict[str, object]:
        """For another system; keys only ever come on top within one version."""
        return {
            "version": VERSION,
            "title": self.title,
            "body": self.body,
            "kind": self.kind.value,
            "urgency": self.urgency.value,
            "confidential": self.confidential,
            "topic": self.topic,
            "suggested_department": self.department,
            "received_at": self.received_at,
            "elements": [
                {"field": one.field.value, "text": one.text, "value": one.value, "confidence": one.confidence}
                for one in self.lines
            ],
            "missing": [field.value for field in self.missing],
            "original_sha256": self.original_sha256,
        }


def work_order(text: str, elements: Elements, received_at: datetime, original_sha256: str) -> WorkOrder:
    """`text` is the message the elements were found in; the hash is the caller's, of the message stored."""
    mask = _Mask.of(elements)
    return WorkOrder(
        mask(_title(text, elements)),
        mask(_body(elements)),
        elements.kind,
        tuple(_line(one, mask) for one in elements.found),
        elements.missing,
        elements.urgency,
        elements.confidential,
        elements.topic,
        elements.department,
        received_at.astimezone(CHINA).isoformat(timespec="minutes"),
        original_sha256,
    )


@dataclass(frozen=True, slots=True)
class _Mask:
    """Covers numbers everywhere, and the names and addresses this citizen gave wherever they stand again."""

    replacements: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, elements: Elements) -> "_Mask":
        covered = [(one.text, COVER) for one in elements.of(Field.CONTACT)]
        covered += [(one.value, f"{one.value[0]}*") for one in elements.of(Field.WHO) if len(one.value) > 1]
        return cls(tuple(sorted(set(covered), key=lambda one: -len(one[0]))))

    def __call__(self, text: str) -> str:
        for written, instead in self.replacements:
            text = text.replace(written, instead)
        return mask_numbers(text)


def _line(element: Element, mask: _Mask) -> Line:
    if element.field is Field.CONTACT:
        return Line(element.field, COVER, "", element.confidence)
    return Line(element.field, mask(element.text), mask(element.value), element.confidence)


def _title(text: str, elements: Elements) -> str:
    """【类型】 + place + party + problem, then the wish; nothing twice."""
    problem = _problem(text, elements)
    told = problem
    for field, most in ((Field.WHOM, _PARTY_CHARACTERS), (Field.WHERE, _PLACE_CHARACTERS)):
        named = _first(elements, field)[:most]
        told = told if named in told else f"{named}{told}"
    want = _first(elements, Field.WANT)
    told = told or elements.topic or "待补充"
    return f"【{KIND_LABELS[elements.kind]}】{told}{f'，{want}' if want and want not in told else ''}"


def _first(elements: Elements, field: Field) -> str:
    """The surest; of two, the first said."""
    found = elements.of(field)
    return max(found, key=lambda one: one.confidence).text if found else ""


def _problem(text: str, elements: Elements) -> str:
    """The first clause in which something goes wrong, without the time, place and party at its edges."""
    told = elements.of(Field.WHAT)
    if not told:
        return ""
    named = [one for one in elements.found if one.field in _SAID_ELSEWHERE]
    clauses = [
        _bare(text, told[0].start + one.start(), told[0].start + one.end(), named)
        for one in _CLAUSE.finditer(told[0].text)
    ]
    telling = [clause for clause in clauses if len(clause) > 1]
    return next((one for one in telling if is_trouble(one)), telling[0] if telling else "")[
        :_PROBLEM_CHARACTERS
    ]


def _bare(text: str, start: int, end: int, named: Sequence[Element]) -> str:
    """What is left in the middle stays, lest the clause fall apart."""
    while start < end:
        before = start, end
        opening = _ACCUSING.match(text, start, end)
        start = opening.end() if opening else start
        start = next((one.end for one in named if one.start == start and one.end <= end), start)
        end = next((one.start for one in named if one.end == end and one.start >= start), end)
        start += start < end and text[start] in _BEFORE
        end -= start < end and text[end - 1] in _BEHIND
        if (start, end) == before:
            break
    return text[start:end]


def _body(elements: Elements) -> str:
    rows = [f"市民反映：{'；'.join(one.text for one in elements.of(Field.WHAT)) or '（未说明经过）'}。"]
    for field in (Field.WHEN, Field.WHERE, Field.WHOM, Field.WHY, Field.HOW):
        found = elements.of(field)
        if found:
            rows.append(f"{FIELD_LABELS[field]}：{'、'.join(_shown(one) for one in found)}。")
    rows.append(f"诉求：{'；'.join(one.text for one in elements.of(Field.WANT)) or '（未说明）'}。")
    rows.append("联系方式：见加密字段。" if elements.of(Field.CONTACT) else "联系方式：未留。")
    rows.append(f"是否保密：{'是' if elements.confidential else '否'}。")
    return "\n".join(rows)


def _shown(element: Element) -> str:
    """A time in the citizen's words with its date."""
    dated = element.field is Field.WHEN and element.value
    return f"{element.text}（{element.value}）" if dated else element.text
