"""Learns the scales of wording anew from the development corpus: `make scales`.

The corpus labels replies, not sentences. A held reply has at least one sentence that makes it so; which one
is guessed, learnt from, and guessed again. A third of the corpus is set aside and never read here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from scipy.sparse import vstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from app.core.evidence import ScopeKind
from app.core.scale import UNIT, Scale
from app.loading.ruleset import load_checker, shipped_dirs
from app.loading.scales import FOLDER, as_text

ROOT = Path(__file__).parents[1]
DEVELOPMENT = ROOT / "tests" / "corpus" / "development"

EVASIONS = frozenset({"tone.shirking", "tone.perfunctory", "tone.slogans", "tone.closing_door"})
"""Formal in wording, empty in substance: nothing like the private talk of the rest of its category."""

SCALES: Mapping[str, Callable[[str], bool]] = {
    "claim": lambda label: label.startswith("authority."),
    "evasion": lambda label: label in EVASIONS,
    "private": lambda label: (
        label not in EVASIONS
        and label.partition(".")[0] in {"tone", "mockery", "vulgar", "off_role", "diversion"}
    ),
}
"""Each scale, and the labels it stands for."""

STRINGS = (1, 2)
"""Letters and pairs of letters: longer strings added nothing measurable and cost memory."""
ROUNDS = 5
SURE = 1.0
LEAST_WEIGHT = 4
"""Hundredths; what weighs less decides nothing."""


def main() -> None:
    entries = [json.loads(line) for file in sorted(DEVELOPMENT.glob("*.jsonl")) for line in _lines(file)]
    entries += list(_examples())
    checker = load_checker(None, None, None)

    def sentences(text: str) -> list[str]:
        return [scope.text for scope in checker.evidence(text).scopes(ScopeKind.SENTENCE)]

    proper = [one for entry in entries if not entry["hold"] for one in sentences(entry["text"])]
    for name, stands_for in SCALES.items():
        held = [
            sentences(entry["text"])
            for entry in entries
            if entry["hold"] and any(map(stands_for, entry["labels"]))
        ]
        scale = learn(name, [one for one in held if one], proper)
        (shipped_dirs()[1] / FOLDER / f"{name}.txt").write_text(as_text(scale), "utf-8")
        print(
            f"{name}: {len(held)} held replies, {len(proper)} proper sentences, {len(scale.weights)} strings"
        )


def learn(name: str, held: Sequence[Sequence[str]], proper: Sequence[str]) -> Scale:
    """`held`: the sentences of each reply of the kind; `proper`: sentences that are not."""
    suspects = [one for reply in held for one in reply]
    ends = np.cumsum([len(reply) for reply in held])
    # How a sentence ends says who wrote the corpus, not what was said.
    strings = CountVectorizer(
        analyzer="char",
        ngram_range=STRINGS,
        min_df=2,
        binary=True,
        preprocessor=lambda text: text.rstrip("。;\n"),
    )
    strings.fit([*proper, *suspects])
    right, wrong = strings.transform(proper), strings.transform(suspects)
    guilty = np.ones(len(suspects), dtype=bool)
    for _ in range(ROUNDS):
        features = vstack([right, wrong[guilty]])
        kinds = np.r_[np.zeros(right.shape[0]), np.ones(guilty.sum())]
        model = LogisticRegression(C=0.2, class_weight="balanced", max_iter=500).fit(features, kinds)
        readings = model.decision_function(wrong)
        guilty = readings > SURE
        for start, end in zip([0, *ends[:-1]], ends, strict=True):
            guilty[start + int(np.argmax(readings[start:end]))] = True
    weights = np.rint(model.coef_[0] * UNIT).astype(int)
    kept = {
        string: int(weights[column])
        for string, column in strings.vocabulary_.items()
        if abs(weights[column]) >= LEAST_WEIGHT and not any(map(str.isspace, string))
    }
    return Scale(name, round(float(model.intercept_[0]) * UNIT), kept)


def _lines(file: Path) -> Iterable[str]:
    return (line for line in file.read_text("utf-8").splitlines() if line.strip())


def _examples() -> Iterable[dict[str, object]]:
    """The rules' own examples: near misses beside hits, in their hundreds."""
    for file in sorted(shipped_dirs()[0].glob("*/*.yaml")):
        rule = YAML(typ="safe").load(file.read_text("utf-8"))
        for key, hold in (("hit", rule["severity"] in {"medium", "high"}), ("pass", False)):
            for example in rule["examples"][key]:
                alone = isinstance(example, str)
                if key == "pass" or (alone and hold):
                    yield {
                        "text": example if alone else example["reply"],
                        "hold": hold,
                        "labels": [f"{rule['category']}.{rule['subclass']}"] if hold else [],
                    }


if __name__ == "__main__":
    main()
