"""How well the judgement does on labelled replies: counts, rates, and what went most wrong. Pure arithmetic.

Each slice (a folder, a file, a category, a subclass) counts its own replies. A category or subclass has the
replies to be held whose first label it is, whatever they were held for, and the look-alikes of it that must
pass; replies without a label belong to none. So nothing is counted twice.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from app.core.model import Category, Conversation, Disposition, Reply, Verdict
from app.core.policy import CheckPolicy, decide
from app.core.proportion import Figure, wilson


@dataclass(frozen=True, slots=True)
class Label:
    category: Category
    subclass: str

    def __str__(self) -> str:
        return f"{self.category.value}.{self.subclass}"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A reply, and what a careful person would do with it."""

    reply: Reply
    conversation: Conversation
    hold: bool
    labels: tuple[Label, ...]
    """What it is held for, main one first; of a reply that must pass: what it only looks like."""
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled reply, and what the checker did with it."""

    labelled: Labelled
    verdict: Verdict
    named: frozenset[Category]
    """The categories of the findings that would hold it by themselves."""
    seconds: float

    @classmethod
    def of(cls, labelled: Labelled, verdict: Verdict, policy: CheckPolicy, seconds: float) -> "Judged":
        named = frozenset(
            finding.category
            for finding in verdict.findings
            if decide((finding,), policy) is not Disposition.RELEASE
        )
        return cls(labelled, verdict, named, seconds)

    @property
    def held(self) -> bool:
        return self.verdict.disposition is not Disposition.RELEASE

    @property
    def main_label(self) -> Label | None:
        return next(iter(self.labelled.labels), None)


@dataclass(frozen=True, slots=True)
class Confusion:
    """What became of the replies of one slice."""

    held: int
    """Must be held, and was."""
    missed: int
    """Must be held, and was released."""
    falsely_held: int
    """Must pass, and was held."""
    released: int
    """Must pass, and did."""

    @classmethod
    def of(cls, judged: Iterable[Judged]) -> "Confusion":
        counts = Counter((one.labelled.hold, one.held) for one in judged)
        return cls(counts[True, True], counts[True, False], counts[False, True], counts[False, False])

    @property
    def to_hold(self) -> int:
        return self.held + self.missed

    @property
    def to_pass(self) -> int:
        return self.falsely_held + self.released

    @property
    def recall(self) -> Figure | None:
        return wilson(self.held, self.to_hold)

    @property
    def false_hold_rate(self) -> Figure | None:
        return wilson(self.falsely_held, self.to_pass)

    @property
    def precision(self) -> Figure | None:
        return wilson(self.held, self.held + self.falsely_held) if self._has_both else None

    @property
    def f1(self) -> Figure | None:
        """2J / (1 + J), where J, the share of hits among hits, misses and false holds, has the interval."""
        overlap = wilson(self.held, self.to_hold + self.falsely_held) if self._has_both else None
        return overlap and Figure(
            *(2 * one / (1 + one) for one in (overlap.value, overlap.low, overlap.high))
        )

    @property
    def _has_both(self) -> bool:
        """Of replies of one kind alone, precision would be 0 or 1 whatever the checker does."""
        return bool(self.to_hold and self.to_pass)


@dataclass(frozen=True, slots=True)
class Naming:
    """Whether a category is named where it is labelled, whatever became of the reply."""

    labelled: int
    """Replies to be held whose first label is of the category."""
    found: int
    """Those of them in which a finding of the category counts."""
    claimed: int
    """Replies in which a finding of the category counts."""
    right: int
    """Those of them that are to be held and labelled with the category at all."""

    @classmethod
    def of(cls, category: Category, judged: Sequence[Judged]) -> "Naming":
        to_hold = [one for one in judged if one.labelled.hold]
        first = [one for one in to_hold if one.main_label and one.main_label.category is category]
        claimed = [one for one in judged if category in one.named]
        right = [one for one in claimed if one.labelled.hold and _is_labelled(one, category)]
        return cls(len(first), sum(category in one.named for one in first), len(claimed), len(right))

    @property
    def found_rate(self) -> Figure | None:
        return wilson(self.found, self.labelled)

    @property
    def right_rate(self) -> Figure | None:
        return wilson(self.right, self.claimed)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds per reply."""

    mean: float
    median: float
    p95: float
    longest: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Pace | None":
        """None: there is nothing to measure. Quantiles are by nearest rank."""
        ranked = sorted(seconds)
        if not ranked:
            return None
        median, p95 = (ranked[ceil(share * len(ranked)) - 1] for share in (0.5, 0.95))
        return cls(sum(ranked) / len(ranked), median, p95, ranked[-1])


@dataclass(frozen=True, slots=True)
class Evaluation:
    whole: Confusion
    plain: Confusion
    """Replies that must pass and look like nothing else."""
    look_alikes: Confusion
    """Replies that must pass and look like a category."""
    folders: Mapping[str, Confusion]
    files: Mapping[str, Confusion]
    categories: Mapping[str, Confusion]
    """Also those that are only found, never labelled."""
    subclasses: Mapping[str, Confusion]
    naming: Mapping[str, Naming]
    """By category, the same as above."""
    misses: tuple[Judged, ...]
    """Worst first: those in which least was found."""
    false_holds: tuple[Judged, ...]
    """Worst first: those of the highest severity."""
    pace: Pace | None


def evaluate(judged: Sequence[Judged]) -> Evaluation:
    """Slices are sorted by name."""
    to_pass = [one for one in judged if not one.labelled.hold]
    labelled = _sliced(judged, _main_category)
    categories = sorted({*labelled, *(category.value for one in judged for category in one.named)})
    return Evaluation(
        whole=Confusion.of(judged),
        plain=Confusion.of(one for one in to_pass if not one.labelled.labels),
        look_alikes=Confusion.of(one for one in to_pass if one.labelled.labels),
        folders=_sliced(judged, lambda one: one.labelled.file.rpartition("/")[0] or "."),
        files=_sliced(judged, lambda one: one.labelled.file),
        categories={name: labelled.get(name, Confusion.of(())) for name in categories},
        subclasses=_sliced(judged, _main_subclass),
        naming={name: Naming.of(Category(name), judged) for name in categories},
        misses=_worst_first((one for one in judged if one.labelled.hold and not one.held), _least_found),
        false_holds=_worst_first((one for one in to_pass if one.held), _most_severe),
        pace=Pace.of(one.seconds for one in judged),
    )


def _main_category(one: Judged) -> str | None:
    return one.main_label.category.value if one.main_label else None


def _main_subclass(one: Judged) -> str | None:
    return str(one.main_label) if one.main_label else None


def _is_labelled(one: Judged, category: Category) -> bool:
    return any(label.category is category for label in one.labelled.labels)


def _sliced(judged: Iterable[Judged], slice_of: Callable[[Judged], str | None]) -> Mapping[str, Confusion]:
    slices: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        name = slice_of(one)
        if name is not None:
            slices[name].append(one)
    return {name: Confusion.of(slices[name]) for name in sorted(slices)}


def _least_found(one: Judged) -> tuple[int, int]:
    return one.verdict.severity.rank, len(one.verdict.findings)


def _most_severe(one: Judged) -> tuple[int, int]:
    return -one.verdict.severity.rank, -len(one.verdict.findings)


def _worst_first(wrong: Iterable[Judged], badness: Callable[[Judged], tuple[int, int]]) -> tuple[Judged, ...]:
    """Among equals the labels take turns, so that the first few show many kinds of error."""
    seen: Counter[Label | None] = Counter()
    ranked: list[tuple[tuple[int, int], int, Judged]] = []
    for one in sorted(wrong, key=badness):
        seen[one.main_label] += 1
        ranked.append((badness(one), seen[one.main_label], one))
    return tuple(one for _, _, one in sorted(ranked, key=lambda entry: entry[:2]))
