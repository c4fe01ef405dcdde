"""The instructions of the second opinion: a text that editors read and change."""

from pathlib import Path

from app.core.errors import ConfigError
from app.loading.ruleset import shipped_dirs

SHIPPED = "second-opinion.md"
MAX_PROMPT_BYTES = 65_536


def load_prompt(file: Path | None) -> str:
    """None: what came with this version. Raises ConfigError."""
    if file is None:
        file = shipped_dirs()[0] / SHIPPED
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_PROMPT_BYTES + 1)
        prompt = content.decode("utf-8-sig").strip()
    except OSError as error:
        raise _refused(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _refused(f"{file} is not UTF-8, at byte {error.start}; save it as UTF-8") from None
    if len(content) > MAX_PROMPT_BYTES:
        raise _refused(f"{file} is larger than {MAX_PROMPT_BYTES} bytes; is it the right file?")
    if not prompt:
        raise _refused(f"{file} is empty; without instructions there is no judgement")
    return prompt


def _refused(what: str) -> ConfigError:
    return ConfigError(f"second_opinion.prompt_file: {what}")
