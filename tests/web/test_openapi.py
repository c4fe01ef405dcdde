"""/v1 keeps the word of its OpenAPI document, whatever it is asked."""

from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from app.service.manuscripts import Handed
from tests.e2e.surroundings import listener, serving
from tests.service.stage import MOCKING, stage
from tests.values import message
from tests.web.test_api import api_app

EXAMPLES = 20
"""Requests for each operation."""


@pytest.mark.timeout(180)
async def test_every_answer_fits_the_document(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        here.bot.reply = MOCKING
        here.bot.may_answer.set()
        await here.relay.respond(message())
        await here.manuscripts.submit(Handed("li", "hall", MOCKING.text, "", "", "", b"{}"))
        async with serving(api_app(here), listener()) as url:
            asked = await anyio.to_thread.run_sync(ask_everything, url)
    assert asked >= 20


def ask_everything(url: str) -> int:
    """How many operations were asked; raises where an answer does not fit."""
    document = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        def keeps_its_word(case: Any) -> None:
            case.call_and_validate(
                headers={"Authorization": "Bearer li"},
                checks=[not_a_server_error, status_code_conformance, response_schema_conformance],
            )

        keeps_its_word()
    return len(operations)
