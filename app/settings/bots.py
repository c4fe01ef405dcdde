"""The vendors' bots: how each is asked."""

from typing import Annotated, Literal

from pydantic import Field

from app.settings.values import Closed, EncodingAesKey, HeaderName, HeaderValue, Secret


class BotBase(Closed):
    version: str = Field("", max_length=40, pattern=r"^[!-.0-~]*$")
    """What of the vendor's runs there: recorded with each exchange; a new one is confirmed by a person."""
    give_up_after_s: float = Field(30.0, gt=0, le=80)
    """After this the bot has failed; below the claim's lease of 90 s."""
    max_answer_bytes: int = Field(1_048_576, ge=256, le=10_485_760)
    """A larger answer is no reply. A streamed one takes some 300 bytes for each word of it."""


class WebhookBot(BotBase):
    """A vendor's webhook that speaks the platform's own format."""

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://")
    token: Secret
    """The vendor's own webhook token: never the platform's."""
    app_id: str = ""
    """What the vendor knows as the account's app id; empty: the channel's."""
    aes_key: EncodingAesKey | None = None
    """The vendor's own EncodingAESKey; with it the pushes to the vendor are encrypted."""
    push_format: Literal["same", "xml", "json"] = "same"
    emulate_resends: int = Field(1, ge=1, le=4)
    """How many times one push is shown to a vendor that answers only a resend (5 s apart)."""


class ChatBot(BotBase):
    """An OpenAI-compatible chat endpoint."""

    kind: Literal["chat"]
    url: str = Field(pattern=r"^https?://")
    """The full address, e.g. http://127.0.0.1:8000/v1/chat/completions."""
    model: str
    api_key: HeaderValue | None = None
    system_prompt: str = ""
    history_turns: int = Field(6, ge=0, le=50)
    stream: bool = False
    temperature: float | None = Field(None, ge=0, le=2)
    max_tokens: int | None = Field(None, ge=1)


class JsonStream(Closed):
    """An answer that comes in pieces: server-sent events or lines of JSON objects."""

    format: Literal["events", "lines"]
    kind_path: str = ""
    """Where a piece says what it is: "event" in Dify. Empty: the event's name, or nothing for lines."""
    text_kinds: tuple[str, ...] = ()
    """Only pieces of these kinds carry text; empty: all do."""
    end_kinds: tuple[str, ...] = Field(min_length=1)
    """A piece of such a kind, or one that is just this word ("[DONE]"), ends the answer; without one it was
    cut off."""
    error_kinds: tuple[str, ...] = ("error",)


class JsonPoll(Closed):
    """An API that answers with a ticket, to be asked until it is done (Coze)."""

    url: str = Field(pattern=r"^https?://")
    """May hold "{path}" for values of the first answer, e.g. "...retrieve?chat_id={data.id}"."""
    state_path: str
    done: tuple[str, ...]
    failed: tuple[str, ...] = ()
    every_s: float = Field(0.5, gt=0)
    result_url: str = ""
    """Where the reply is fetched once it is done; empty: it stands in the last answer."""


class JsonBot(BotBase):
    """Any HTTP API that takes and gives JSON: Dify, Coze, FastGPT, Rasa, or one's own."""

    kind: Literal["json"]
    url: str = Field(pattern=r"^https?://")
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    request: dict[str, object]
    """The request body; "{text}", "{user}", "{channel}", "{message_id}" in its strings are filled in."""
    reply_path: str
    """Where the reply's text stands in the answer: "answer", "data.outputs.text", "[*].text"."""
    error_path: str = ""
    """If something stands here, in any piece of the answer, the bot has failed although it said HTTP 200."""
    success: dict[str, str] = Field(default_factory=dict)
    """Values that must stand at these paths, else the bot has failed: {event = "message", ok = "true"}."""
    keep: dict[str, str] = Field(default_factory=dict)
    """With "[*]": only entries of the list with these values: {type = "answer"}."""
    stream: JsonStream | None = None
    poll: JsonPoll | None = None


AnyBot = Annotated[WebhookBot | ChatBot | JsonBot, Field(discriminator="kind")]
