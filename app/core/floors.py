"""Figures below which an evaluation must not fall."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.core.evaluation import Evaluation
from app.core.proportion import Figure


@dataclass(frozen=True, slots=True)
class Floors:
    """Shares from 0 to 1. What is not named is not asked for."""

    recall: Mapping[str, float] = field(default_factory=dict)
    """At least this share is held. By category or `category.subclass`, of the first label."""
    category_found: Mapping[str, float] = field(default_factory=dict)
    """In at least this share of the replies labelled with a category first, a finding of it counts."""
    category_right: Mapping[str, float] = field(default_factory=dict)
    """At least this share of the replies in which a category is found is labelled with it."""
    false_holds: float | None = None
    """At most this share of the plain replies is held."""
    look_alikes: float | None = None
    """At most this share of the look-alikes is held."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A figure that is worse than its floor."""

    name: str
    """As in the file of floors: recall.mockery, false_holds."""
    floor: float
    figure: Figure | None
    """None: no reply was there to measure it on, which is no better."""


def shortfalls(evaluation: Evaluation, floors: Floors) -> tuple[Shortfall, ...]:
    """Every figure that is worse than its floor, in the order of the file's keys."""
    return tuple(_too_low(evaluation, floors)) + tuple(_too_high(evaluation, floors))


def _too_low(evaluation: Evaluation, floors: Floors) -> Iterator[Shortfall]:
    slices = {**evaluation.categories, **evaluation.subclasses}
    recalls = {name: one.recall for name, one in slices.items()}
    found = {name: one.found_rate for name, one in evaluation.naming.items()}
    right = {name: one.right_rate for name, one in evaluation.naming.items()}
    for kind, asked, figures in (
        ("recall", floors.recall, recalls),
        ("category_found", floors.category_found, found),
        ("category_right", floors.category_right, right),
    ):
        for name, floor in asked.items():
            figure = figures.get(name)
            if figure is None or figure.value < floor:
                yield Shortfall(f"{kind}.{name}", floor, figure)


def _too_high(evaluation: Evaluation, floors: Floors) -> Iterator[Shortfall]:
    for name, ceiling, figure in (
        ("false_holds", floors.false_holds, evaluation.plain.false_hold_rate),
        ("look_alikes", floors.look_alikes, evaluation.look_alikes.false_hold_rate),
    ):
        if ceiling is not None and (figure is None or figure.value > ceiling):
            yield Shortfall(name, ceiling, figure)
