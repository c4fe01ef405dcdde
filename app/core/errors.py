"""Every error Shenyan raises on purpose, on one page.

An adapter turns foreign errors into these and keeps the cause; nothing here carries a reply's
text, a token or a signature.
"""

from datetime import timedelta


class GuardError(Exception):
    """The root of all errors below."""


class ConfigError(GuardError):
    """The configuration, a rule or a lexicon cannot be used; the message says where and what to do."""


# --- the platform's side of the webhook -------------------------------------------------------


class DecodeError(GuardError):
    """A webhook body is not what the platform sends."""


class BadSignature(DecodeError):
    """The signature is missing, wrong or stale, or the body does not match it."""


class BodyChanged(DecodeError):
    """A known message id came again with another body."""


# --- the vendor's bot -------------------------------------------------------------------------


class BotError(GuardError):
    """The bot gave no usable reply. `code` is a short metric label, never text of the bot's."""

    code = "error"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class BotTimeout(BotError):
    """The bot did not answer within its own limit."""

    code = "timeout"


class BotMalformed(BotError):
    """The bot answered something that is no reply: wrong shape, HTML, a stack trace, too large."""

    code = "malformed"


# --- word to others' systems ------------------------------------------------------------------


class PostError(GuardError):
    """A webhook of somebody else's did not take what we posted. The message is a code, never their words."""


# --- the second opinion -----------------------------------------------------------------------


class OpinionError(GuardError):
    """No second opinion is to be had. `code` is a short label for logs, never text of the judge's."""

    def __init__(self, message: str = "", *, code: str = "error") -> None:
        super().__init__(message)
        self.code = code


# --- the platform's send API ------------------------------------------------------------------


class PlatformError(GuardError):
    """The platform refused a send for good. `code` is the platform's own error code as text."""

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class RateLimited(PlatformError):
    """Not delivered; may be tried again after `retry_after` (None: by the usual back-off)."""

    def __init__(self, message: str = "", *, code: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class PlatformBusy(RateLimited):
    """Not delivered: the platform was busy or could not be reached before a byte was sent."""


class WindowClosed(PlatformError):
    """The time in which this follower may be written to is over, or the follower has left."""


class QuotaExhausted(PlatformError):
    """All messages allowed since the follower's last message have been sent."""


class TokenExpired(PlatformError):
    """The access token was refused, also after one refresh."""


class ContentChanged(PlatformError):
    """Nothing was sent: what lies on the platform is no longer what was judged."""


class FateUnknown(PlatformError):
    """The request left, no answer came: nobody knows whether the follower has it. Never resent."""


# --- the records ------------------------------------------------------------------------------


class StoreError(GuardError):
    """The records could not be read or written (locked, full, away)."""


class NotFound(StoreError):
    """No record has this id."""


class HoldNotFound(NotFound):
    """No hold has this id."""


class Conflict(StoreError):
    """Somebody or something else was first. `by` and `state` say who did what, where known."""

    def __init__(self, message: str = "", *, by: str = "", state: str = "") -> None:
        super().__init__(message)
        self.by = by
        self.state = state


class IllegalTransition(GuardError):
    """The state machine has no such step."""

    def __init__(self, state: object, decision: object) -> None:
        super().__init__(f"{decision} is not possible in state {state}")
        self.state = state
        self.decision = decision


# --- a person's decision ----------------------------------------------------------------------


class Invalid(GuardError):
    """What was asked lacks something, or cannot be sent at all; the message says what."""


class KeyReused(Invalid):
    """An Idempotency-Key came before with another body."""


class NotYet(GuardError):
    """The request may be made again, unchanged, after `retry_after_s` seconds."""

    def __init__(self, message: str = "", *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StillChecking(NotYet):
    """The same request is being answered right now."""


class TooManyRequests(NotYet):
    """The token's requests of this minute are used up."""


class NeedsConfirmation(GuardError):
    """The edited text has findings: it goes out only with an explicit confirmation and a reason."""

    def __init__(self, verdict: object) -> None:
        super().__init__("the edited text has findings; confirm with a reason, or edit again")
        self.verdict = verdict


class Undeliverable(GuardError):
    """The platform's window is closed (or was never open long enough): approving sends nothing."""


# --- who may ask ------------------------------------------------------------------------------


class Unauthenticated(GuardError):
    """No token, or one that is not known."""


class Forbidden(GuardError):
    """The token is known but lacks the scope or the channel."""
