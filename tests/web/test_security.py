"""Who may use /v1."""

import hashlib

import pytest

from app.core.errors import Forbidden, Unauthenticated
from app.settings.whole import ApiToken
from app.web.security import Tokens

TOKEN = "sy_abc"
KNOWN = Tokens(
    {
        "duty": ApiToken(
            sha256=hashlib.sha256(TOKEN.encode()).hexdigest(), scopes=("holds:read",), channels=("hall",)
        )
    }
)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="nothing"),
        pytest.param(f"Basic {TOKEN}", id="another scheme"),
        pytest.param("Bearer ", id="no token"),
        pytest.param("Bearer sy_abd", id="a wrong token"),
        pytest.param(f"Bearer {hashlib.sha256(TOKEN.encode()).hexdigest()}", id="the hash itself"),
    ],
)
def test_strangers_are_refused(header: str) -> None:
    with pytest.raises(Unauthenticated):
        KNOWN.caller(header)


def test_a_token_has_its_scopes_and_channels_and_no_others() -> None:
    caller = KNOWN.caller(f"Bearer {TOKEN}")
    caller.require("holds:read")
    caller.require_channel("hall")
    with pytest.raises(Forbidden):
        caller.require("holds:decide")
    with pytest.raises(Forbidden):
        caller.visible("other")
    assert caller.visible() == ("hall",)
