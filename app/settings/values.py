"""What single values of the configuration look like."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
"""Names a channel, bot, policy or token in URLs, metrics and records."""


def _webhook_token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9]{3,32}", token.get_secret_value()):
        raise ValueError("a token is 3 to 32 letters and digits; copy it from the platform's console")
    return token


def _encoding_aes_key(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9]{43}", key.get_secret_value()):
        raise ValueError("an EncodingAESKey is 43 letters and digits; copy it from the platform's console")
    return key


def _header_value(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[ -~]+", value.get_secret_value()):
        raise ValueError("a header's value is one line of ASCII characters; is there a line end in the file?")
    return value


WebhookToken = Annotated[SecretStr, AfterValidator(_webhook_token)]
EncodingAesKey = Annotated[SecretStr, AfterValidator(_encoding_aes_key)]
Secret = Annotated[SecretStr, Field(min_length=1)]
"""An empty one (a variable that was never filled in) would let everybody in."""

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]


class Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
