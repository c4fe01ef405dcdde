"""Configuration: one TOML file, secret files over it, environment variables over both.

Every problem is told at once, by file and line (or by the variable's name) and with what to do.
"""

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from app import settings as settings_module
from app.core.errors import ConfigError
from app.loading.toml_lines import TomlLines
from app.settings import Settings

PREFIX = "SHENYAN_"
SECRETS_DIR = "SHENYAN_SECRETS_DIR"
NOT_SETTINGS = frozenset({SECRETS_DIR, "SHENYAN_CONFIG"})
MASK = "******"

Path_ = tuple[str, ...]


class Sources:
    """The layers of one configuration, merged, and who said what."""

    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        """Raises ConfigError where a layer cannot be read at all."""
        self.path = path
        text = _read(path) if path is not None else ""
        self.positions = TomlLines(text)
        self.values: dict[str, Any] = _parse(path, text)
        self.names: dict[Path_, str] = {}
        """Where a value did not come from the file: what it is called."""
        for name, steps, value in (*_secret_files(environ), *_variables(environ)):
            _put(self.values, steps, value)
            self.names[steps] = name
        self.values = _resolved(self.values, environ)

    def place(self, path: Sequence[str | int]) -> str:
        """`file:line` of a value, or the variable it came from."""
        steps = tuple(str(step) for step in path)
        for length in range(len(steps), 0, -1):
            if steps[:length] in self.names:
                return self.names[steps[:length]]
        line = self.positions.line_of(path)
        return f"{self.path or 'configuration'}{f':{line}' if line else ''}"


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Raises ConfigError with every problem, a line each."""
    sources = Sources(path, environ)
    try:
        return Settings.model_validate(sources.values)
    except ValidationError as error:
        raise ConfigError("\n".join(_described(sources, error))) from None


def show_settings(settings: Settings) -> str:
    """What is in force, as TOML, secrets masked."""
    return "\n".join(_toml(settings, ())).strip() + "\n"


# --- reading ------------------------------------------------------------------------------------


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; start from samples/shenyan.toml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from error


def _parse(path: Path | None, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None


def _secret_files(environ: Mapping[str, str]) -> Iterator[tuple[str, Path_, Any]]:
    """Files named like `channels__hall__token`, in the folder that SHENYAN_SECRETS_DIR names."""
    folder = environ.get(SECRETS_DIR)
    if not folder:
        return
    if not Path(folder).is_dir():
        raise ConfigError(f"{SECRETS_DIR}: there is no folder {folder}")
    for file in sorted(Path(folder).iterdir()):
        if file.is_file() and not file.name.startswith("."):
            yield str(file), tuple(file.name.lower().split("__")), file.read_text("utf-8").strip()


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, Path_, Any]]:
    for name, value in sorted(environ.items()):
        if name.upper().startswith(PREFIX) and name.upper() not in NOT_SETTINGS:
            yield name, tuple(name[len(PREFIX) :].lower().split("__")), _typed(name, value)


def _typed(name: str, value: str) -> Any:
    """Lists and tables are written as JSON; all else is text that the settings turn into what they want."""
    if value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ConfigError(f'{name}: starts like JSON but is none; write lists as ["a", "b"]') from None


def _put(values: dict[str, Any], steps: Path_, value: Any) -> None:
    here = values
    for step in steps[:-1]:
        following = here.get(step)
        if not isinstance(following, dict):
            following = here[step] = {}
        here = following
    here[steps[-1]] = value


def _resolved(value: Any, environ: Mapping[str, str]) -> Any:
    """`file:/path` and `env:NAME` replaced by what they name."""
    match value:
        case dict():
            return {key: _resolved(one, environ) for key, one in value.items()}
        case list():
            return [_resolved(one, environ) for one in value]
        case str() if value.startswith("file:/"):
            return _read(Path(value.removeprefix("file:"))).strip()
        case str() if value.startswith("env:"):
            name = value.removeprefix("env:")
            if name not in environ:
                raise ConfigError(f"{value}: the environment has no variable {name}; set it")
            return environ[name]
        case _:
            return value


# --- telling ------------------------------------------------------------------------------------


def _described(sources: Sources, error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_input=False, include_url=False):
        path = _real_path(sources.values, one["loc"])
        if not path:  # said by the settings as a whole: each line starts with its own path
            for line in str(one["msg"]).removeprefix("Value error, ").splitlines():
                named = line.partition(":")[0].split(".")
                yield f"{sources.place(named)}: {line}"
            continue
        yield f"{sources.place(path)}: {'.'.join(path)}: {_what(one['type'], one['msg'], path)}"


def _real_path(values: Any, location: Sequence[str | int]) -> Path_:
    """pydantic names the chosen kind of a channel or bot inside the path; the file does not."""
    path: list[str] = []
    here = values
    for position, step in enumerate(location):
        known = isinstance(here, dict) and step in here
        if not known and isinstance(here, dict) and position < len(location) - 1:
            continue
        path.append(str(step))
        here = here[step] if known else None
    return tuple(path)


def _what(kind: str, message: str, path: Path_) -> str:
    variable = PREFIX + "__".join(path).upper()
    if kind == "missing":
        return f"is missing; add it, or set {variable}"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _known_keys(), 1)
        return f"there is no such key{f'; did you mean {near[0]!r}?' if near else '; remove it'}"
    if kind.startswith("union_tag"):
        return f"{message}; say which kind it is"
    return message.removeprefix("Value error, ")


def _known_keys() -> list[str]:
    models = [one for one in vars(settings_module).values() if isinstance(one, type)]
    return sorted({name for model in models if issubclass(model, BaseModel) for name in model.model_fields})


def _toml(value: BaseModel | Mapping[str, Any], path: Path_) -> Iterator[str]:
    entries = dict(value) if isinstance(value, BaseModel) else value
    tables = {key: one for key, one in entries.items() if isinstance(one, BaseModel | Mapping)}
    plain = {key: one for key, one in entries.items() if key not in tables and one is not None}
    if path and (plain or not tables):
        yield f"\n[{'.'.join(path)}]"
    for key, one in plain.items():
        yield f"{key} = {_toml_value(one)}"
    for key, one in tables.items():
        yield from _toml(one, (*path, key))


def _toml_value(value: object) -> str:
    match value:
        case SecretStr():
            return json.dumps(MASK)
        case bool() | int() | float():
            return json.dumps(value)
        case list() | tuple():
            return f"[{', '.join(_toml_value(one) for one in value)}]"
        case _:
            return json.dumps(str(value), ensure_ascii=False)
