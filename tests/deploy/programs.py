"""The programs that judge the deployment's files: Debian's, installed by `make programs`."""

import os
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def program(name: str, package: str) -> str:
    """Its path. Without it the test is skipped; where CI runs, that is a failure."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        why = f"no {name}: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


def yaml_of(file: Path) -> list[dict[str, object]]:
    """All documents of a file."""
    return [document for document in YAML(typ="safe").load_all(file.read_text("utf-8")) if document]
