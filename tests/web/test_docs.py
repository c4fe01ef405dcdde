"""docs/api.md is true: its snippet verifies, its examples are what the guard answers, its codes exist."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core import errors
from app.core.checker import Checker
from app.core.manuscripts import Fate
from app.core.model import Conversation, Reply
from app.core.policy import CheckPolicy
from app.loading.ruleset import load_checker
from app.notifying.signed import post
from app.settings.whole import ApiToken
from app.web.api import examples
from app.web.api.chat import ChatCompletion, ChatRequest
from app.web.api.judgement import CheckBatch, CheckRequest, VerdictBatch
from app.web.api.replies import ReplyRequest, ReplyStatus
from app.web.errors import status_of
from app.web.views import VerdictView
from tests.service.stage import stage
from tests.values import NOON
from tests.web.test_api import api_app

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECRET = "很秘密的密钥"

IsOurs = Callable[..., bool]


def blocks(language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(PAGE) if kind == language]


def verifier() -> IsOurs:
    """The page's own function."""
    (snippet,) = blocks("python")
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - it is the project's own page
    is_ours: IsOurs = names["is_ours"]
    return is_ours


async def sent(body: str) -> httpx.Request:
    """What the guard posts of `body`."""
    seen: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as http:
        await post(http, "http://cms/shenyan", SECRET, body, "hold-1", lambda: NOON)
    return seen[0]


@pytest.mark.parametrize(
    ("changed", "ours"),
    [
        pytest.param({}, True, id="as it was sent"),
        pytest.param({"body": b'{"status": "approved"}'}, False, id="another body"),
        pytest.param({"secret": "another"}, False, id="another secret"),
        pytest.param({"timestamp": str(int(NOON.timestamp()) + 1)}, False, id="another time"),
        pytest.param({"timestamp": "٣"}, False, id="no time"),
        pytest.param({"signature": "sha256=é"}, False, id="no signature"),
        pytest.param({"now": NOON.timestamp() + 301}, False, id="played again later"),
    ],
)
async def test_the_snippet_tells_our_posts_from_others(changed: dict[str, Any], ours: bool) -> None:
    request = await sent('{"status": "rejected", "reason": "语气不当"}')
    facts = {
        "secret": SECRET,
        "timestamp": request.headers["x-shenyan-timestamp"],
        "signature": request.headers["x-shenyan-signature"],
        "body": request.content,
        "now": NOON.timestamp(),
        **changed,
    }
    assert verifier()(**facts) is ours


def test_the_configuration_of_the_page_is_one() -> None:
    (table,) = blocks("toml")
    token = tomllib.loads(table)["api_tokens"]["press"]
    ApiToken.model_validate({**token, "sha256": "0" * 64})


@pytest.mark.parametrize("fate", Fate)
def test_every_status_is_explained(fate: Fate) -> None:
    assert f"| `{fate.value}` |" in PAGE


@pytest.mark.parametrize("row", re.findall(r"^\| (\d{3}) \| (.*?) \|", PAGE, re.MULTILINE), ids=str)
def test_every_code_of_the_table_is_an_error_of_this_status(row: tuple[str, str]) -> None:
    status, codes = row
    for code in re.findall(r"`([a-z-]+)`", codes):
        cls = getattr(errors, "".join(part.capitalize() for part in code.split("-")))
        assert status_of(cls()) == int(status)


# --- the examples of the OpenAPI document -----------------------------------------------------


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, None, None)


def told(checker: Checker, request: examples.Example) -> dict[str, Any]:
    asked = CheckRequest.model_validate(request)
    verdict = checker.check(Reply.of(asked.text), Conversation(message=asked.message), CheckPolicy())
    return VerdictView.of(verdict).model_dump(mode="json")


def test_the_checker_answers_the_examples_as_the_document_says(checker: Checker) -> None:
    items = examples.CHECK_BATCH["items"]
    for request, verdict in zip(items, examples.VERDICT_BATCH["items"], strict=True):
        found = told(checker, request)
        assert found["disposition"] == verdict["disposition"]
        assert [(one["rule"], one["span"], one["quote"]) for one in found["findings"]] == [
            (one["rule"], one["span"], one["quote"]) for one in verdict["findings"]
        ]


@pytest.mark.parametrize(
    ("model", "example"),
    [
        pytest.param(CheckRequest, examples.CHECK_REQUEST, id="check"),
        pytest.param(VerdictView, examples.HOLD, id="verdict"),
        pytest.param(CheckBatch, examples.CHECK_BATCH, id="batch"),
        pytest.param(VerdictBatch, examples.VERDICT_BATCH, id="verdicts"),
        pytest.param(ReplyRequest, examples.REPLY_REQUEST, id="reply"),
        pytest.param(ReplyStatus, examples.REPLY_HELD, id="held reply"),
        pytest.param(ReplyStatus, examples.REPLY_RELEASED, id="released reply"),
        pytest.param(ChatRequest, examples.CHAT_REQUEST, id="chat"),
        pytest.param(ChatCompletion, examples.CHAT_ANSWER, id="chat answer"),
    ],
)
def test_the_examples_have_the_shape_of_what_they_show(model: Any, example: examples.Example) -> None:
    shown = json.loads(model.model_validate(example).model_dump_json(exclude_unset=True))
    assert shown == json.loads(json.dumps(example))


async def test_each_route_for_integrators_shows_a_request_and_an_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        document = api_app(here).openapi()
    for path in ("/v1/check", "/v1/check/batch", "/v1/replies", "/v1/chat/completions"):
        operation = document["paths"][path]["post"]
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert document["components"]["schemas"][reference.rsplit("/", 1)[1]]["example"]
        success = operation["responses"]["201" if path == "/v1/replies" else "200"]
        assert success["content"]["application/json"]["example"]
