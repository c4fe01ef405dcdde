"""Counts the ordinary replies of the development corpus anew: `python -m scripts.commonness`."""

import json
from pathlib import Path

from app.core.commonness import count
from app.loading.characters import make_folder
from app.loading.commonness import FILE, as_text
from app.loading.ruleset import shipped_dirs

DEVELOPMENT = Path(__file__).parents[1] / "tests" / "corpus" / "development"


def main() -> None:
    folder = make_folder()
    lines = [
        line for file in sorted(DEVELOPMENT.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]
    entries = [json.loads(line) for line in lines]
    counted = count(folder.fold(one["text"]).text for one in entries if not one["hold"])
    (shipped_dirs()[1] / FILE).write_text(as_text(counted), "utf-8")
    print(f"{counted.replies} replies, {len(counted.holding)} letters and pairs")


if __name__ == "__main__":
    main()
