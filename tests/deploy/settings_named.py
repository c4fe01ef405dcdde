"""What the deployment's files call settings, held against the settings that there are."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from app.loading.config import load_settings
from app.loading.overrides import NESTING, PREFIX, almost_settings
from app.loading.setting_types import types_at
from app.settings.whole import Settings


def steps(name: str) -> tuple[str, ...]:
    """The way to a setting, from a variable's or a secret file's name."""
    return tuple(name.removeprefix(PREFIX).lower().split(NESTING))


def is_known(name: str) -> bool:
    return bool(types_at(steps(name)))


def require_settings(names: Iterable[str]) -> None:
    unknown = {name for name in names if not is_known(name)}
    assert unknown == set()


def load(config: Path, environ: Mapping[str, str], secrets: Mapping[str, str], folder: Path) -> Settings:
    """What a container with these variables and secret files would run with. Raises ConfigError."""
    mounted = folder / "secrets"
    mounted.mkdir()
    for name, text in secrets.items():
        if NESTING in name:
            (mounted / name).write_text(text, "utf-8")
    variables = dict(environ)
    assert not list(almost_settings(variables))
    return load_settings(config, variables | {f"{PREFIX}SECRETS_DIR": str(mounted)})


def grace_needed() -> float:
    """Seconds from SIGTERM to the end: connections are drained, then conversations."""
    drain: float = Settings.model_validate(
        {
            "bots": {"b": {"kind": "chat", "url": "http://bot.example/", "model": "m"}},
            "channels": {
                "c": {"platform": "wechat", "bot": "b", "app_id": "wx0", "token": "abc", "mode": "plaintext"}
            },
        }
    ).server.drain_within_s
    return 2 * drain


SECRETS = {
    "storage__password": "p" * 32,
    "coordination__password": "p" * 32,
    "coordination__secret_key": base64.b64encode(bytes(32)).decode(),
    "channels__hall__token": "TokenOfTheHall",
    "channels__hall__aes_key": "a" * 43,
    "channels__hall__app_secret": "secret",
    "bots__vendor__token": "TokenOfTheVendor",
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """The sample configuration, without the channel that compose has no secrets for."""
    folder = tmp_path / "etc"
    (folder / "facts").mkdir(parents=True)
    root = Path(__file__).parents[2] / "samples"
    for file in (root / "facts").iterdir():
        (folder / "facts" / file.name).write_bytes(file.read_bytes())
    text = (root / "shenyan.toml").read_text("utf-8")
    kept, wanted = [], True
    for line in text.splitlines():
        if line.startswith("["):
            wanted = line not in ("[channels.weibo]", "[bots.vendor-weibo]")
        kept += [line] if wanted else []
    (folder / "shenyan.toml").write_text("\n".join(kept) + "\n", "utf-8")
    return folder / "shenyan.toml"
