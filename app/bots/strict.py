"""JSON as bots send it, read strictly: a key given twice has two meanings, and one of them is hidden."""

import json

from app.core.errors import BotMalformed


def read_json(body: bytes | str) -> object:
    """Raises BotMalformed."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")  # json would guess the encoding
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BotMalformed("the bot's answer is not JSON", code="no-json") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
