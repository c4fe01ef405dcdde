"""Editors complete rule files from rules/schema.json, and read about every key in docs/rules.md."""

import json
from pathlib import Path

import pytest

from app.loading.schema import Part, RuleFile, json_schema

ROOT = Path(__file__).parents[2]


def test_the_schema_in_the_tree_is_the_models() -> None:
    written = json.loads((ROOT / "rules" / "schema.json").read_text(encoding="utf-8"))
    assert written == json_schema(), "run: python -m app.loading.schema > rules/schema.json"


@pytest.mark.parametrize(
    "key",
    sorted(
        {field.alias or name for name, field in Part.model_fields.items()}
        | {field.alias or name for name, field in RuleFile.model_fields.items()}
    ),
)
def test_every_key_is_explained(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
