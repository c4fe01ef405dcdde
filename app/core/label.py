"""The label of generated content: on what a bot says, not on what a person wrote."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.model import Reply, Text


class Place(StrEnum):
    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Label:
    text: str
    place: Place = Place.END


def labelled(reply: Reply, label: Label | None) -> Reply:
    """With the label on its first or last text, once. A reply without text has nowhere to carry it."""
    if label is None or label.text in reply.text:
        return reply
    places = [number for number, part in enumerate(reply.parts) if isinstance(part, Text)]
    if not places:
        return reply
    at = places[-1] if label.place is Place.END else places[0]
    parts = list(reply.parts)
    part = parts[at]
    if isinstance(part, Text):
        text = f"{part.text}\n{label.text}" if label.place is Place.END else f"{label.text}\n{part.text}"
        parts[at] = replace(part, text=text)
    return Reply(tuple(parts))


def unlabelled(text: str, label: Label | None) -> str:
    """A person's own words begin without it."""
    if label is None:
        return text
    return text.removesuffix(f"\n{label.text}").removeprefix(f"{label.text}\n")
