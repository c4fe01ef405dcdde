"""The folders tell the architecture, and stay small."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "app").rglob("*.py"))
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "base.py", "manager.py"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_named_by_what_it_is(module: Path) -> None:
    assert module.name not in FORBIDDEN_NAMES
    assert len(module.read_text().splitlines()) <= 400, "split by noun"


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.name == "__init__.py"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_package_file_holds_a_docstring_alone(module: Path) -> None:
    lines = [line for line in module.read_text().splitlines() if line.strip()]
    assert lines[0].startswith('"""')
    assert [line for line in lines[1:] if not line.startswith(('"""', "__version__"))] == []
