"""Jinja2 for the console: everything is escaped, an unknown name is an error."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core.elements import model as labels
from app.core.identity import Permission
from app.core.masking import dotted_numbers, dotted_personal, named, personal_numbers
from app.core.records import Stop
from app.core.submission import way_of
from app.ports import Clock
from app.web.console import words
from app.web.console.access import Visitor
from app.web.console.highlight import pieces
from app.web.console.language import LANGUAGE, translate

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Watched:
    """What every page tells of ways past the guard, as last seen."""

    alerts: Mapping[str, int]
    """Open ones by channel."""
    due: Collection[str]
    """Channels whose checklist is due."""


class Pages:
    def __init__(
        self,
        clock: Clock,
        stopped: Callable[[], Mapping[str, Stop]],
        shadows: Sequence[str],
        watched: Callable[[], Watched],
    ) -> None:
        """`shadows`: the channels that hold nothing, or not all they find."""
        self._clock = clock
        self._jinja = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters["masked"] = dotted_numbers
        self._jinja.filters["dotted"] = dotted_personal
        self._jinja.filters["cover"] = lambda text: named(text, personal_numbers(text))
        self._jinja.filters["moment"] = words.moment
        self._jinja.filters["since"] = self._since
        self._jinja.filters["until"] = self._until
        self._jinja.globals |= {
            "words": words,
            "way_of": way_of,
            "labels": labels,
            "pieces": pieces,
            "stopped": stopped,
            "shadows": shadows,
            "watched": watched,
            "may": _may,
            "_": translate,
            "language": LANGUAGE.get,
        }

    def show(
        self, template: str, visitor: Visitor | None, status: int = 200, /, **values: object
    ) -> HTMLResponse:
        text = self._jinja.get_template(template).render(
            {"here": "", **values}, visitor=visitor, now=self._clock()
        )
        return HTMLResponse(text, status, {"Cache-Control": "no-store"})

    def _since(self, at: datetime) -> str:
        return words.span_of_time(self._clock() - at)

    def _until(self, at: datetime) -> str:
        return words.span_of_time(at - self._clock())


def _may(visitor: Visitor | None, permission: str) -> bool:
    return visitor is not None and visitor.may(Permission(permission))
