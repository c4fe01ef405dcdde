"""Editors complete rule files from rules/schema.json, and read about every key in docs/rules.md."""

import json
from pathlib import Path

import pytest

from app.loading.schema import SCHEMAS, Part, RuleFile

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_in_the_tree_is_the_models(name: str) -> None:
    written = json.loads((ROOT / "rules" / name).read_text(encoding="utf-8"))
    assert written == SCHEMAS[name](), "run: python -m app.loading.schema"


@pytest.mark.parametrize(
    "key",
    sorted(
        {field.alias or name for name, field in Part.model_fields.items()}
        | {field.alias or name for name, field in RuleFile.model_fields.items()}
    ),
)
def test_every_key_is_explained(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
