"""The whole configuration, frozen and closed: an unknown key is an error, a bound says why it is there.

Files and environment are read by `app.loading.config`; nothing else in the program reads either.
"""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from app.core.taxonomy import SUBCLASSES

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

HOLDING_TEXT = "您的留言已收到，工作人员核实后会尽快回复您。"


class Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Server(Closed):
    host: str = "127.0.0.1"
    port: int = Field(8900, ge=0, le=65535)
    """0: any free port, printed at the start."""
    max_body_bytes: int = Field(65_536, ge=1_024, le=10_485_760)
    """A webhook push is at most a few KiB on both platforms."""
    read_body_within_s: float = Field(3.0, gt=0, lt=5)
    """A push that trickles in longer than this is refused: the platform's own limit is 5 s."""
    drain_within_s: float = Field(20.0, gt=0)
    """After SIGTERM, exchanges under way are finished for at most this long."""


class Storage(Closed):
    url: str = "sqlite:///var/shenyan.db"
    """An SQLAlchemy URL."""
    busy_timeout_s: float = Field(2.0, gt=0, lt=4)
    """How long a locked database is waited for; below the platform's 5 s."""


class Policy(Closed):
    """How a channel decides on findings. domain: S1..S4 are info, low, medium, high."""

    hold_at: Literal["info", "low", "medium", "high"] = "medium"
    """Findings of this severity and above wait for a person."""
    block_at: Literal["low", "medium", "high", "never"] = "high"
    """From here on a draft cannot be approved as it stands, only edited, replaced or rejected."""
    unreadable: Literal["hold", "allow"] = "hold"
    """What to do with images, voice, video and mini programs, which no rule can look into."""
    off_register: Literal["strict", "lenient", "off"] = "strict"
    """What of a reply without one bad word that is not how an office writes: hold it, note it, let it be."""
    shadow: tuple[str, ...] = ()
    """Rule ids that are measured but do not hold. Shown in red, counted in a metric."""
    shadow_all: bool = False
    """Measure every rule of the channel, hold nothing. For trial weeks only."""
    decisions: dict[str, Literal["release", "hold", "block"]] = {}
    """Instead of by severity: by rule id, `category.subclass` or category; the most particular decides."""
    second_opinion: bool = False
    """Ask [second_opinion] about replies that the rules release with a score."""

    @field_validator("decisions")
    @classmethod
    def _about_words(cls, decisions: dict[str, str]) -> dict[str, str]:
        categories = {str(category) for category in SUBCLASSES}
        for name in decisions:
            if name.partition(".")[0] not in categories:
                raise ValueError(f"{name}: begin with one of {', '.join(sorted(categories))}")
        return decisions


class Judge(Closed):
    """Whom to ask for a second opinion: an OpenAI-compatible chat endpoint. Texts of citizens go there."""

    url: str = Field(pattern=r"^https?://")
    """The full address, e.g. http://10.0.0.8:8000/v1/chat/completions. It must be in the intranet."""
    model: str = Field(min_length=1)
    api_key: HeaderValue | None = None
    timeout_s: float = Field(1.5, gt=0, le=5)
    """After the longest wait for a bot this still ends before the claim's lease of 90 s."""
    on_error: Literal["hold", "release"] = "hold"
    """What becomes of the reply when no opinion came in time, or none that can be read."""
    score_at_least: int = Field(5, ge=1, le=100)
    """Asked only about a reply with so many points: 5 for info, 25 for low, 60 for medium, 100 for high."""
    prompt_file: Path | None = None
    """The judge's instructions; None: second-opinion.md beside the rules that came with this version."""


class BotBase(Closed):
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


class ChannelBase(Closed):
    bot: Identifier
    policy: Identifier = "default"
    title: str = ""
    """The account's name as people know it."""
    holding_text: str = HOLDING_TEXT
    """What the citizen hears while a reply waits; checked like any reply when it is loaded."""
    facts: Path | None = None
    """The list, TOML or CSV, of the numbers, links, addresses, documents and hours that replies may give.

    In the file: relative to its folder. None, or an empty list: nothing is taken for made up.
    """
    when_held: Literal["holding_text", "nothing"] = "holding_text"
    when_late: Literal["holding_text", "nothing"] = "holding_text"
    """The bot is late, down or wrong."""
    answer_within_s: float = Field(4.5, gt=0, lt=5)
    """The platform hangs up at 5 s."""
    signature_max_age_s: float = Field(600, gt=0)
    """Older (or newer) pushes are refused."""


class WeChatChannel(ChannelBase):
    platform: Literal["wechat"]
    app_id: str = Field(min_length=1)
    token: WebhookToken
    """3 to 32 letters and digits, as entered on the platform."""
    mode: Literal["plaintext", "compatible", "safe"] = "safe"
    """As set on the platform. A push in another mode is refused."""
    aes_key: EncodingAesKey | None = None
    previous_aes_key: EncodingAesKey | None = None
    """Still accepted while a new key spreads."""
    app_secret: Secret | None = None
    """For the access token; without it nothing can be delivered after the passive answer."""
    api_base: str = Field("https://api.weixin.qq.com", pattern=r"^https?://")

    @model_validator(mode="after")
    def _key_where_needed(self) -> Self:
        if self.mode != "plaintext" and self.aes_key is None:
            raise ValueError(f"mode {self.mode!r} needs aes_key (43 characters, from the platform's console)")
        return self


class WeiboChannel(ChannelBase):
    platform: Literal["weibo"]
    app_secret: Secret
    """Plays the part of WeChat's token in signatures."""
    access_token: Secret | None = None
    uid: str = ""
    """The account's own id; pushes for another account are refused when it is set."""
    api_base: str = Field("https://m.api.weibo.com", pattern=r"^https?://")
    comment_api_base: str = Field("https://api.weibo.com", pattern=r"^https?://")
    real_ip: str = "127.0.0.1"
    """`rip` of the comment API: the address the platform shall know us by."""


AnyChannel = Annotated[WeChatChannel | WeiboChannel, Field(discriminator="platform")]

Scope = Literal["holds:read", "holds:decide", "deliveries:read", "deliveries:decide", "check"]


class ApiToken(Closed):
    """A program or person that may use /v1. Only the token's hash is kept."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """`shenyan token new` prints a token and this."""
    scopes: tuple[Scope, ...]
    channels: tuple[Identifier, ...] | None = None
    """None: every channel."""


class Conversations(Closed):
    """What the bot and the checker see of the talk so far."""

    turns: int = Field(6, ge=0, le=50)
    within_s: float = Field(1800, ge=0)
    """Older turns belong to another conversation."""


class Review(Closed):
    claim_minutes: float = Field(10, gt=0, le=120)
    """How long a claimed hold is kept for its moderator."""

    @property
    def claim_lease(self) -> timedelta:
        return timedelta(minutes=self.claim_minutes)


class Console(Closed):
    """The moderators' pages below /console/."""

    idle_minutes: float = Field(30, gt=0, le=720)
    """A session that was not used for so long is over."""
    longest_hours: float = Field(12, gt=0, le=24)
    """A session is over after this, used or not."""


class Courier(Closed):
    poll_every_s: float = Field(1.0, gt=0)
    lease_s: float = Field(60, ge=20)
    """Longer than one send with its time-outs: past it the delivery's fate is unknown."""
    max_attempts: int = Field(6, ge=1)
    margin_s: float = Field(5, ge=0)
    """Nothing is sent in the last moments of a window."""


class Sweeper(Closed):
    every_s: float = Field(5.0, gt=0)
    abandoned_after_s: float = Field(60, ge=0)
    """How long after its lease ran out a message waits for the platform's resend before it is listed."""


class Monitoring(Closed):
    metrics_from: tuple[IPv4Network | IPv6Network, ...] = ()
    """Who may read /metrics; empty: whoever reaches the port."""
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Rules(Closed):
    rules_dir: Path | None = None
    """None: the rules that came with this version."""
    lexicons_dir: Path | None = None
    cache_dir: Path | None = None
    """Where the segmenter keeps its compiled dictionary; None: the system's temporary folder."""


class Settings(Closed):
    server: Server = Server()
    storage: Storage = Storage()
    rules: Rules = Rules()
    conversations: Conversations = Conversations()
    review: Review = Review()
    console: Console = Console()
    courier: Courier = Courier()
    sweeper: Sweeper = Sweeper()
    monitoring: Monitoring = Monitoring()
    second_opinion: Judge | None = None
    policies: dict[Identifier, Policy] = Field(default_factory=lambda: {"default": Policy()})
    bots: dict[Identifier, AnyBot]
    channels: dict[Identifier, AnyChannel]
    api_tokens: dict[Identifier, ApiToken] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        wanted = {name: (channel.bot, channel.policy) for name, channel in self.channels.items()}
        problems = broken_names(wanted, self.bots, self.policies)
        problems += self._shared_credentials()
        if self.second_opinion is None:
            problems += [
                f"policies.{name}.second_opinion: there is no [second_opinion]; add it, or write false"
                for name, policy in self.policies.items()
                if policy.second_opinion
            ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _shared_credentials(self) -> list[str]:
        """Two channels with one account's credentials would each answer half of its messages."""
        seen: dict[tuple[str, str], str] = {}
        problems = []
        for name, channel in self.channels.items():
            account = (
                channel.app_id if channel.platform == "wechat" else channel.app_secret.get_secret_value()
            )
            first = seen.setdefault((channel.platform, account), name)
            if first != name:
                problems.append(
                    f"channels.{name}: the same account as channels.{first}; give each account one channel"
                )
        return problems


def broken_names(
    wanted: Mapping[str, tuple[str, str]], bots: Collection[str], policies: Collection[str]
) -> list[str]:
    """Where a channel names a bot or a policy that is not there. `wanted`: both names by channel."""
    return [
        f"channels.{name}.bot: there is no [bots.{bot}]; known: {', '.join(bots) or 'none'}"
        for name, (bot, _) in wanted.items()
        if bot not in bots
    ] + [
        f"channels.{name}.policy: there is no [policies.{policy}]; known: {', '.join(policies) or 'none'}"
        for name, (_, policy) in wanted.items()
        if policy not in policies
    ]
