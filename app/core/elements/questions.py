"""What is still missing, and how to ask for it without making intake a wall."""

from collections.abc import Mapping, Sequence

from app.core.elements.model import SURE, Element, Field, Kind, Urgency

_NEEDED: Mapping[Kind, tuple[Field, ...]] = {
    Kind.COMPLAINT: (Field.WHERE, Field.WHEN, Field.WHOM, Field.WANT, Field.CONTACT),
    Kind.REPORT: (Field.WHERE, Field.WHEN, Field.WHOM, Field.CONTACT),
    Kind.HELP: (Field.WHERE, Field.WHEN, Field.WANT, Field.CONTACT),
    Kind.SUGGESTION: (Field.WHERE,),
    Kind.INQUIRY: (),
    Kind.PRAISE: (),
    Kind.OTHER: (),
}
"""In the order they are asked for."""

QUESTIONS: Mapping[Field, str] = {
    Field.WHERE: "请问具体地点在哪里（路名门牌、小区楼栋或路口）？",
    Field.WHEN: "请问是什么时候发生的，或者从什么时候开始、通常在哪个时段？",
    Field.WHOM: "请问涉及哪家单位、店铺、车辆或人员？",
    Field.WANT: "请问您希望如何解决？",
    Field.CONTACT: "方便的话请留下联系方式，仅用于回访核实（请通过私信发送，勿在公开评论区留下）。",
}
_MOST = 2


def missing_of(kind: Kind, found: Sequence[Element]) -> tuple[Field, ...]:
    """Needed for this kind and not said, or too vaguely."""
    known = {element.field for element in found if element.confidence >= SURE}
    return tuple(field for field in _NEEDED[kind] if field not in known)


def questions_for(missing: Sequence[Field], urgency: Urgency) -> tuple[str, ...]:
    """At most two at a time. In an emergency only the place matters."""
    asked = [field for field in missing if urgency is not Urgency.EXTREME or field is Field.WHERE]
    return tuple(QUESTIONS[field] for field in asked[:_MOST])
