"""docs/deployment.md names what is there, and everything that must be let through a firewall."""

import re
from urllib.parse import urlsplit

from app.settings.channels import WeChatChannel, WeiboChannel
from tests.deploy.programs import DEPLOY, ROOT
from tests.deploy.test_compose import FILES

PAGE = (ROOT / "docs" / "deployment.md").read_text("utf-8")


def test_every_file_it_names_is_there() -> None:
    named = set(re.findall(r"deploy/[\w./-]*\w", PAGE))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_manifest_is_named() -> None:
    assert {file.name for file in (DEPLOY / "kubernetes").iterdir() if file.name not in PAGE} == set()


def test_every_secret_and_every_variable_of_the_compose_files_is_explained() -> None:
    secrets = {name for whole in FILES.values() for name in whole["secrets"]}
    text = "".join(
        (ROOT / name).read_text("utf-8") for name in ("docker-compose.yml", "docker-compose.single.yml")
    )
    variables = set(re.findall(r"\$\{(\w+)", text))
    assert {name for name in secrets | variables if f"`{name}`" not in PAGE} == set()


def test_every_platform_is_let_out() -> None:
    bases = [
        field.default
        for settings in (WeChatChannel, WeiboChannel)
        for name, field in settings.model_fields.items()
        if name.endswith("api_base")
    ]
    assert len(bases) == 3
    assert {
        host for base in bases if (host := urlsplit(base).hostname) and f"`{host}:443`" not in PAGE
    } == set()
