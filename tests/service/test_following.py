"""A replica follows what is published, and releases nothing where it is not sure to be up to date."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.assembly.conduct import conduct_of
from app.coordination.local import LocalCoordinator
from app.core.errors import ConfigError, StoreError
from app.core.model import Conversation, Disposition, Reply, Severity
from app.core.policy import CheckPolicy
from app.core.publications import BLIND_AFTER, BLIND_AFTER_PROPOSAL, LEAD, Publication, Replica, Standing
from app.core.terms import OUTDATED, ChannelTerms, Terms
from app.loading.ruleset import load_checker
from app.service.following import TRY_AGAIN_S, Current, Following
from app.settings.channels import ChannelConduct
from app.storage.migrate import prepare
from app.storage.rulesets import SqlPublications
from app.storage.sql import SqlStore
from tests.contract.test_publications import time_passes
from tests.loading.test_ruleset import written
from tests.service.stage import Heard

POLITE, RUDE = Reply.of("您好，已收到。"), Reply.of("你这哑巴")
TALK = Conversation(channel="hall")
CONDUCT = conduct_of(ChannelConduct())
BAD = b"cannot be loaded"


@pytest.fixture(scope="module")
def terms(tmp_path_factory: pytest.TempPathFactory) -> Terms:
    folder = tmp_path_factory.mktemp("rules")
    checker = load_checker(*written(folder), folder)
    policy = CheckPolicy()
    return Terms(0, checker, {"hall": ChannelTerms(policy, {}, None, False, CONDUCT)}, policy, {})


@dataclass(slots=True)
class Away(SqlPublications):
    """The records, which a test may take away."""

    is_away: bool = False

    async def standing(self) -> Standing:
        if self.is_away:
            raise StoreError("away")
        return await SqlPublications.standing(self)


@dataclass(slots=True)
class Here:
    publications: Away
    terms: Terms
    heard: Heard = field(default_factory=Heard)
    seconds: float = 100.0
    loads: list[int] = field(default_factory=list)
    switched: list[int] = field(default_factory=list)

    def load(self, number: int, document: bytes | None) -> Terms:
        self.loads.append(number)
        if document == BAD:
            raise ConfigError("rules/a.yaml:5: severity\nmore")
        return replace(self.terms, number=number)

    def replica(self, name: str = "r1") -> Following:
        return Following(
            self.publications,
            self.load,
            Replica(name, "host", 1, "0.1", 0, ""),
            LocalCoordinator(),
            self.heard,
            lambda: datetime.now(UTC),
            lambda terms: self.switched.append(terms.number),
            monotonic=lambda: self.seconds,
        )

    async def propose(self, document: bytes = b"rules") -> Publication:
        return await self.publications.propose("abc", document, "cli:root", "试")

    async def publish(self, document: bytes = b"rules") -> int:
        effective = await self.publications.take_effect(await self.propose(document), "cli:root")
        await time_passes(self.publications, LEAD)
        return effective.number


@pytest.fixture
async def here(tmp_path: Path, terms: Terms) -> AsyncIterator[Here]:
    url = f"sqlite:///{tmp_path}/records.db"
    prepare(url, 2.0)
    store = await SqlStore.open(url, 2.0)
    yield Here(Away(store.database), terms)
    await store.aclose()


async def loaded(following: Following) -> None:
    """Until what was begun to be loaded is."""
    await following.look()
    task = following._loading
    if task is not None:
        await task
    await following.look()


def judged(following: Following, reply: Reply = POLITE) -> Disposition:
    return following.check("hall", reply, TALK).disposition


async def test_without_a_publication_its_own_files_count(here: Here) -> None:
    following = here.replica()
    await following.open()
    assert following.terms.number == 0
    assert following.trouble == ""
    assert judged(following) is Disposition.RELEASE
    assert judged(following, RUDE) is Disposition.BLOCK


async def test_what_is_in_effect_at_the_start_counts_and_is_loaded_alone(here: Here) -> None:
    number = await here.publish()
    following = here.replica()
    await following.open()
    assert (following.terms.number, here.loads) == (number, [number])
    assert judged(following) is Disposition.RELEASE


async def test_a_proposal_is_loaded_ahead_and_changes_nothing_yet(here: Here) -> None:
    following = here.replica()
    await following.open()
    proposal = await here.propose()
    await loaded(following)
    assert (following.terms.number, here.loads) == (0, [0, proposal.number])
    (told,) = await here.publications.replicas()
    assert (told.number, told.ready_for) == (0, proposal.number)
    assert judged(following) is Disposition.RELEASE


async def test_what_was_loaded_ahead_counts_from_its_moment_on(here: Here) -> None:
    following = here.replica()
    await following.open()
    proposal = await here.propose()
    await loaded(following)
    await here.publications.take_effect(proposal, "cli:root")
    await following.look()
    assert following.terms.number == 0
    await time_passes(here.publications, LEAD)
    await following.look()
    assert (following.terms.number, here.switched) == (proposal.number, [0, proposal.number])
    assert here.loads == [0, proposal.number]
    assert judged(following) is Disposition.RELEASE


async def test_who_missed_a_proposal_holds_everything_until_it_has_loaded_it(here: Here) -> None:
    following = here.replica()
    await following.open()
    number = await here.publish()
    await following.look()  # begins to load
    verdict = following.check("hall", POLITE, TALK)
    assert verdict.disposition is Disposition.HOLD
    assert [one.rule for one in verdict.findings] == [OUTDATED]
    assert "is being loaded" in following.trouble
    await loaded(following)
    assert following.terms.number == number
    assert judged(following) is Disposition.RELEASE


async def test_a_replica_that_cannot_load_what_counts_holds_everything_and_says_why(here: Here) -> None:
    following = here.replica()
    await following.open()
    number = await here.publish(BAD)
    await loaded(following)
    assert following.trouble == f"publication {number} cannot be loaded: rules/a.yaml:5: severity"
    assert judged(following) is Disposition.HOLD
    assert judged(following, RUDE) is Disposition.BLOCK
    (told,) = await here.publications.replicas()
    assert (told.number, told.failed) == (0, number)
    assert "rules/a.yaml:5" in told.trouble


async def test_a_start_on_rules_that_cannot_be_loaded_holds_everything(here: Here) -> None:
    number = await here.publish(BAD)
    following = here.replica()
    await following.open()
    assert (following.terms.number, here.loads) == (0, [number, 0])
    assert judged(following) is Disposition.HOLD


async def test_own_files_that_cannot_be_loaded_end_the_start(here: Here) -> None:
    def load(number: int, document: bytes | None) -> Terms:
        raise ConfigError("no such folder")

    following = here.replica()
    following.load = load
    with pytest.raises(ConfigError, match="no such folder"):
        await following.open()


async def test_what_could_not_be_loaded_is_tried_again_later(here: Here) -> None:
    following = here.replica()
    await following.open()
    await here.publish(BAD)
    await loaded(following)
    await loaded(following)
    assert len(here.loads) == 2
    here.seconds += TRY_AGAIN_S
    await loaded(following)
    assert len(here.loads) == 3


async def test_records_away_while_a_document_is_fetched_say_nothing_of_the_document(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> bytes:
        raise StoreError("away")

    following = here.replica()
    await following.open()
    number = await here.publish()
    with monkeypatch.context() as context:
        context.setattr(SqlPublications, "document", away)
        await loaded(following)
    (told,) = await here.publications.replicas()
    assert told.failed == 0
    assert judged(following) is Disposition.HOLD
    await loaded(following)
    assert following.terms.number == number


async def test_a_loader_that_breaks_is_a_failure_like_any(here: Here) -> None:
    following = here.replica()
    await following.open()

    def load(number: int, document: bytes | None) -> Terms:
        raise RecursionError

    following.load = load
    await here.publish()
    await loaded(following)
    assert "RecursionError" in following.trouble
    assert judged(following) is Disposition.HOLD


async def test_a_replica_that_does_not_see_the_records_holds_before_it_could_be_outdated(here: Here) -> None:
    following = here.replica()
    await following.open()
    here.publications.is_away = True
    here.seconds += BLIND_AFTER.total_seconds()
    with pytest.raises(StoreError):
        await following.look()
    assert judged(following) is Disposition.RELEASE
    here.seconds += 0.1
    assert judged(following) is Disposition.HOLD
    here.publications.is_away = False
    await following.look()
    assert judged(following) is Disposition.RELEASE


async def test_one_that_stands_ready_to_switch_is_blind_sooner(here: Here) -> None:
    following = here.replica()
    await following.open()
    await here.propose()
    await loaded(following)
    here.seconds += BLIND_AFTER_PROPOSAL.total_seconds() + 0.1
    assert judged(following) is Disposition.HOLD
    await following.look()
    assert judged(following) is Disposition.RELEASE


async def test_a_rollback_is_a_publication_like_any(here: Here) -> None:
    following = here.replica()
    await following.open()
    for _ in range(2):
        await here.publish()
        await loaded(following)
    assert here.switched == [0, 1, 2]
    assert judged(following) is Disposition.RELEASE


async def test_a_replica_says_that_it_is_there_and_when_it_leaves(here: Here) -> None:
    following = here.replica()
    await following.open()
    (told,) = await here.publications.replicas()
    assert (told.id, told.version) == ("r1", following.terms.version)
    await following.close()
    assert await here.publications.replicas() == []


async def test_the_worker_follows_by_itself(here: Here) -> None:
    following = here.replica()
    await following.open()
    work = asyncio.create_task(following.run())
    number = await here.publish()
    while following.terms.number != number:  # noqa: ASYNC110 - the timeout of every test is the limit
        await asyncio.sleep(0.02)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_the_look_before_an_effect_comes_no_later_than_the_effect(here: Here) -> None:
    following = here.replica()
    await following.open()
    effective = await here.publications.take_effect(await here.propose(), "cli:root")
    await time_passes(here.publications, LEAD - timedelta(seconds=0.2))
    await following.look()
    assert effective.effective_at is not None
    assert following._until_next_look() <= 0.2


async def test_a_mapping_of_the_current_terms_changes_with_them(terms: Terms) -> None:
    now = {Severity.HIGH: timedelta(minutes=30)}
    current = Current(lambda: now)
    assert dict(current) == now
    now = {Severity.LOW: timedelta(minutes=5)}
    assert (dict(current), len(current), current.get(Severity.HIGH)) == (now, 1, None)
