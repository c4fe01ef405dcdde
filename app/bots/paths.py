"""Where a value stands in JSON: `data.outputs.text`, `[0].text`, `[*].text`."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import ConfigError

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\*)\]")


@dataclass(frozen=True, slots=True)
class JsonPath:
    steps: tuple[str | int, ...]
    """Keys, indices, and "*" for every entry of a list."""

    @classmethod
    def of(cls, text: str) -> "JsonPath":
        """Raises ConfigError."""
        steps: list[str | int] = []
        position = 0
        while position < len(text):
            match = _STEP.match(text, position)
            if match is None:
                raise ConfigError(f"{text!r} is no path; write it as data.outputs.text, [0].text or [*].text")
            key, index = match.groups()
            steps.append(key if key is not None else "*" if index == "*" else int(index))
            position = match.end()
        return cls(tuple(steps))

    def find(self, document: object, keep: Mapping[str, str] | None = None) -> Sequence[object]:
        """Every value there, in order; none where the way ends. `keep` filters the entries of a "*"."""
        found = [document]
        for step in self.steps:
            found = [value for one in found for value in _step(one, step, keep or {})]
        return found

    def leads(self, document: object, keep: Mapping[str, str] | None = None) -> bool:
        """Whether something stands there, or an empty list for the first "*" says that nothing does.

        A list of other things (pictures alone, nothing to keep) is neither: it is no silence.
        """
        if "*" not in self.steps:
            return bool(self.find(document))
        lists = JsonPath(self.steps[: self.steps.index("*")])
        return any(one == [] for one in lists.find(document)) or bool(self.find(document, keep))


def spelled(value: object) -> str:
    """A value as JSON spells it, without quotes; empty for lists and objects."""
    match value:
        case str():
            return value
        case None | bool() | int() | float():
            return json.dumps(value)
        case _:
            return ""


def _step(value: object, step: str | int, keep: Mapping[str, str]) -> Sequence[object]:
    if isinstance(step, int):
        return [value[step]] if isinstance(value, list) and step < len(value) else []
    if step == "*" and isinstance(value, list):
        return [one for one in value if _kept(one, keep)]
    return [value[step]] if isinstance(value, dict) and step in value else []


def _kept(entry: object, keep: Mapping[str, str]) -> bool:
    return all(
        isinstance(entry, dict) and key in entry and spelled(entry[key]) == wanted
        for key, wanted in keep.items()
    )
