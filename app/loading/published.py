"""What is published for every guard, packed: rules, lexicons, policies; each channel's own words and facts.

A zip file: `rules/…`, `lexicons/…`, `facts/<channel>.<ending>` and `publication.json`, which holds the
policies and how each channel treats its citizens. The same files make the same bytes. A replica unpacks it
and loads it as it loads its own files.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from app.core.errors import ConfigError
from app.loading.ruleset import shipped_dirs
from app.settings.channels import ChannelConduct
from app.settings.machinery import Rules
from app.settings.policies import Policy
from app.settings.values import Closed, Identifier
from app.settings.whole import Settings, unasked_opinions, unknown_policies

CONTENTS = "publication.json"
MOST_BYTES = 64 * 1024 * 1024
"""Unpacked; what came with this version takes 3 MB."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class _Contents(Closed):
    format: Literal[1] = 1
    policies: dict[Identifier, Policy]
    conduct: dict[Identifier, ChannelConduct] = Field(default_factory=dict)
    """By channel. One that is not in it keeps what its machine says: older releases published none."""
    facts: dict[Identifier, str]
    """By channel: the file's place in the document."""


def pack(settings: Settings) -> bytes:
    """Raises ConfigError for files that cannot be read."""
    rules, lexicons = _folders(settings.rules)
    facts = {name: channel.facts for name, channel in settings.channels.items() if channel.facts}
    places = {name: f"facts/{name}{file.suffix.lower()}" for name, file in facts.items()}
    conduct = {name: _conduct(channel) for name, channel in settings.channels.items()}
    contents = _Contents(policies=settings.policies, conduct=conduct, facts=places)
    files = {
        CONTENTS: contents.model_dump_json(indent=1).encode(),
        **dict(_files("rules", rules)),
        **dict(_files("lexicons", lexicons)),
        **{places[name]: _content(file) for name, file in facts.items()},
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as document:
        for place in sorted(files):
            document.writestr(zipfile.ZipInfo(place, _LONG_AGO), files[place], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def unpack(document: bytes, folder: Path, settings: Settings) -> Settings:
    """This machine's settings with what was published in the place of its own. `folder` is empty.

    Raises ConfigError where the document cannot be read, or does not fit this machine's channels.
    """
    try:
        with zipfile.ZipFile(BytesIO(document)) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_BYTES:
                raise ConfigError(f"the publication is larger than {MOST_BYTES} bytes unpacked")
            packed.extractall(folder)  # nothing leaves the folder: zipfile takes ".." and roots out
        contents = _Contents.model_validate(json.loads((folder / CONTENTS).read_bytes()))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ConfigError(f"the publication cannot be read: {_told(error)}") from error
    _require_fitting(contents, settings)
    facts = {name: folder / place for name, place in contents.facts.items()}
    channels = {
        name: channel.model_copy(
            update={**_conducted(name, channel, contents).model_dump(), "facts": facts.get(name)}
        )
        for name, channel in settings.channels.items()
    }
    rules = Rules(
        rules_dir=folder / "rules", lexicons_dir=folder / "lexicons", cache_dir=settings.rules.cache_dir
    )
    return settings.model_copy(update={"rules": rules, "policies": contents.policies, "channels": channels})


def overruled(own: Settings, published: Settings) -> Sequence[str]:
    """What this machine's file says and a publication has otherwise: a change there does nothing."""
    channels = [
        f"channels.{name}.{key}"
        for name, channel in own.channels.items()
        for key in ChannelConduct.model_fields
        if key in channel.model_fields_set and getattr(channel, key) != getattr(published.channels[name], key)
    ]
    written = own.policies if "policies" in own.model_fields_set else {}
    policies = [
        f"policies.{name}" for name, policy in written.items() if policy != published.policies.get(name)
    ]
    return [*channels, *policies]


def _conduct(channel: ChannelConduct) -> ChannelConduct:
    """What a channel has of it."""
    return ChannelConduct.model_validate(channel.model_dump(include=set(ChannelConduct.model_fields)))


def _conducted(name: str, channel: ChannelConduct, contents: _Contents) -> ChannelConduct:
    return contents.conduct.get(name) or _conduct(channel)


def _require_fitting(contents: _Contents, settings: Settings) -> None:
    """Raises ConfigError."""
    wanted = {name: _conducted(name, channel, contents).policy for name, channel in settings.channels.items()}
    problems = unknown_policies(wanted, contents.policies)
    problems += unasked_opinions(contents.policies, settings.second_opinion)
    problems += [
        f"channels.{name}.facts: the publication has no list; publish with a configuration that has one"
        for name, channel in settings.channels.items()
        if channel.facts and name not in contents.facts
    ]
    if problems:
        raise ConfigError("\n".join(problems))


def _folders(rules: Rules) -> tuple[Path, Path]:
    shipped_rules, shipped_lexicons = shipped_dirs()
    return rules.rules_dir or shipped_rules, rules.lexicons_dir or shipped_lexicons


def _files(name: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") for part in place.parts):
            yield f"{name}/{place.as_posix()}", _content(file)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error


def _told(error: Exception) -> str:
    """What a publisher's newer release may have written is named; values are not."""
    if isinstance(error, ValidationError):
        first: Mapping[str, object] = dict(error.errors()[0])
        where = ".".join(map(str, error.errors()[0]["loc"]))
        return f"{where}: {first['msg']}; was it published by a newer Shenyan?"
    return f"{type(error).__name__}: {error}"
