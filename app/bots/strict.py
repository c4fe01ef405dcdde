"""JSON as bots send it, read as strictly as the platforms'."""

from app.core.errors import BotMalformed
from app.core.strict_json import parse


def read_json(body: bytes | str) -> object:
    """Raises BotMalformed."""
    try:
        return parse(body)
    except ValueError as error:
        raise BotMalformed("the bot's answer is not JSON", code="no-json") from error
