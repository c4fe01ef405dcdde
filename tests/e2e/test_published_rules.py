"""Rules and policies published once, judged by on every guard at the same moment, or on none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.assembly.publishing import document_of, publish, until_followed
from app.core.errors import ConfigError
from app.core.model import Conversation, Disposition, Reply, Severity
from app.core.publications import Publication
from app.core.records import ExchangeState
from app.core.terms import OUTDATED
from app.loading import published
from app.main import Guard, running_guard
from app.service.relay import Answer
from app.settings.channels import HOLDING_TEXT
from app.settings.whole import Settings
from app.storage.rulesets import SqlPublications
from tests.e2e.surroundings import settings_for
from tests.loading.test_ruleset import LEXICON, written
from tests.values import message

NOWHERE = "http://127.0.0.1:9"
BOTS = {"hall": {"kind": "chat", "url": NOWHERE, "model": "m"}}
WORD = "大傻瓜"
"""Not in the lexicon yet."""
LISTED = ExchangeState.UNANSWERED
"""The bot was asked, and is away."""
NEW_LEXICON = f"{LEXICON}{WORD}\t4\tword\t新\n"


@dataclass(slots=True)
class Province:
    """Two guards on the same records."""

    settings: Settings
    folder: Path
    guards: tuple[Guard, Guard]
    running: AsyncExitStack

    @property
    def publications(self) -> SqlPublications:
        return SqlPublications(self.guards[0].store.database)

    def changed(self, **tables: Any) -> Settings:
        """The configuration of whoever publishes."""
        policies = tables.get("policies", {"default": {}})
        own = self.tables()
        channels = {name: {**one, **tables.get("conduct", {})} for name, one in own["channels"].items()}
        made = Settings.model_validate({**own, "channels": channels, "policies": policies})
        rules, lexicons = written(self.folder / "new", lexicon=tables.get("lexicon", LEXICON))
        return made.model_copy(
            update={"rules": made.rules.model_copy(update={"rules_dir": rules, "lexicons_dir": lexicons})}
        )

    def tables(self) -> dict[str, Any]:
        return self.settings.model_dump()

    async def publish(self, wanted: Settings) -> Publication:
        version, document = await asyncio.to_thread(document_of, wanted)
        proposal = await self.publications.propose(version, document, "cli:root", "试")
        return await publish(self.publications, proposal, "cli:root", 30.0, lambda said, count: None)

    async def told(self, key: str, text: str) -> list[Answer]:
        """What each guard answers a citizen whose bot is away."""
        return [
            await one.relays["hall"].respond(
                message(f"MsgId:{key}{number}", user=f"{key}{number}", text=text)
            )
            for number, one in enumerate(self.guards)
        ]

    async def heard(self, key: str) -> list[str]:
        return [one.reply.text if one.reply else "" for one in await self.told(f"{key}h", "几点开门？")]

    async def asked_for_a_person(self, key: str) -> list[ExchangeState]:
        await self.told(f"{key}p", "转人工")
        store = self.guards[0].store
        return [
            (await store.find_exchange("hall", f"MsgId:{key}p{number}")).state
            for number in range(len(self.guards))
        ]

    def judged(self, text: str) -> list[Disposition]:
        talk = Conversation(channel="hall")
        return [one.following.check("hall", Reply.of(text), talk).disposition for one in self.guards]


@pytest.fixture
async def province(tmp_path: Path, postgresql_url: str) -> AsyncIterator[Province]:
    rules, lexicons = written(tmp_path / "old")
    tables = {
        "storage": {"url": postgresql_url},
        "rules": {"rules_dir": rules, "lexicons_dir": lexicons},
    }
    settings = settings_for(tmp_path, "plaintext", NOWHERE, BOTS, tables, holding_text=HOLDING_TEXT)
    async with AsyncExitStack() as running:
        one = await running.enter_async_context(running_guard(settings))
        two = await running.enter_async_context(running_guard(settings))
        yield Province(settings, tmp_path, (one, two), running)


async def ready(guard: Guard) -> httpx.Response:
    transport = httpx.ASGITransport(guard.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://guard") as http:
        return await http.get("/readyz")


async def test_a_new_word_is_held_on_every_guard_once_it_is_published(province: Province) -> None:
    assert province.judged(f"你这{WORD}") == [Disposition.RELEASE] * 2
    effective = await province.publish(province.changed(lexicon=NEW_LEXICON))
    assert await until_followed(province.publications, effective) == []
    assert province.judged(f"你这{WORD}") == [Disposition.BLOCK] * 2
    versions = {guard.following.terms.version for guard in province.guards}
    assert versions == {effective.version}


async def test_a_policy_changes_on_every_guard_with_all_that_follows_from_it(province: Province) -> None:
    policy = {"hold_at": "high", "block_at": "never", "second_person_at": "high", "shadow": ["mockery.gag"]}
    effective = await province.publish(province.changed(policies={"default": policy}))
    await until_followed(province.publications, effective)
    assert province.judged("你这哑巴") == [Disposition.RELEASE] * 2  # measured only
    for guard in province.guards:
        assert guard.following.terms.channels["hall"].second_person_at is Severity.HIGH
        assert b'guard_shadow_mode{channel="hall"} 1.0' in (await guard.figures())[0]


async def test_what_a_channel_says_and_whom_it_answers_by_people_change_on_every_guard(
    province: Province,
) -> None:
    conduct = {"holding_text": "您好，来信收到了。", "takeover": False, "posts": "check"}
    assert await province.heard("A") == [HOLDING_TEXT] * 2
    before = await province.asked_for_a_person("A")
    with capture_logs() as told:
        effective = await province.publish(province.changed(conduct=conduct))
        assert await until_followed(province.publications, effective) == []
    assert await province.heard("B") == ["您好，来信收到了。"] * 2
    assert (before, await province.asked_for_a_person("B")) == ([ExchangeState.HELD] * 2, [LISTED] * 2)
    named = [one["settings"] for one in told if one["event"] == "rules.own-settings-overruled"]
    assert named == [["channels.hall.holding_text"]] * 2


async def test_words_of_a_channel_that_its_rules_hold_are_not_published(province: Province) -> None:
    with pytest.raises(ConfigError, match="holding_text: the channel's own rules hold it"):
        await province.publish(province.changed(conduct={"holding_text": "你这哑巴"}))
    assert (await province.publications.standing()).coming is None


async def test_what_one_guard_cannot_load_takes_effect_on_none(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = province.guards[1].following
    load = broken.load

    def fails(number: int, document: bytes | None) -> Any:
        raise ConfigError("no space left on this machine")

    monkeypatch.setattr(broken, "load", fails)
    with pytest.raises(ConfigError, match="no space left"):
        await province.publish(province.changed(lexicon=NEW_LEXICON))
    assert (await province.publications.standing()).coming is None
    assert province.judged(f"你这{WORD}") == [Disposition.RELEASE] * 2
    monkeypatch.setattr(broken, "load", load)
    effective = await province.publish(province.changed(lexicon=NEW_LEXICON))
    assert await until_followed(province.publications, effective) == []


async def test_a_publication_that_the_guards_own_words_fail_is_refused_before_anybody_hears(
    province: Province,
) -> None:
    lexicon = f"{LEXICON}核实\t4\tword\t我们自己的话\n"
    with pytest.raises(ConfigError, match="holding_text: the channel's own rules hold it"):
        await province.publish(province.changed(lexicon=lexicon))
    assert (await province.publications.standing()).coming is None


async def test_a_guard_that_joins_judges_by_what_was_published(province: Province) -> None:
    await until_followed(province.publications, await province.publish(province.changed(lexicon=NEW_LEXICON)))
    late = await province.running.enter_async_context(running_guard(province.settings))
    assert late.following.check("hall", Reply.of(WORD), Conversation()).disposition is Disposition.BLOCK
    assert (await ready(late)).status_code == 200


async def test_a_guard_that_joins_and_cannot_load_it_holds_everything_and_is_not_ready(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until_followed(province.publications, await province.publish(province.changed(lexicon=NEW_LEXICON)))
    monkeypatch.setattr(published._Contents, "model_validate", refuse)
    late = await province.running.enter_async_context(running_guard(province.settings))
    verdict = late.following.check("hall", Reply.of("您好，已收到。"), Conversation())
    assert [one.rule for one in verdict.findings] == [OUTDATED]
    assert verdict.disposition is Disposition.HOLD
    answer = await ready(late)
    assert answer.status_code == 503
    assert "cannot be loaded" in answer.json()["missing"]["rules"]
    assert b"guard_ruleset_current 0.0" in (await late.figures())[0]


def refuse(content: object) -> object:
    raise ValueError("written by a newer one")


async def test_a_guard_whose_clock_is_off_is_not_ready(province: Province) -> None:
    guard = province.guards[0]
    clock = guard.following.clock
    guard.following.clock = lambda: clock() + timedelta(minutes=10)
    await guard.following.look()
    answer = await ready(guard)
    assert answer.status_code == 503
    assert "+600.0 s" in answer.json()["missing"]["clock"]
    assert (await ready(province.guards[1])).status_code == 200
